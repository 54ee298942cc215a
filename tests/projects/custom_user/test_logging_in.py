from uuid import UUID

import jwt
import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.management import call_command
from django.test import Client, RequestFactory
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from tests.conftest import Api
from wxlogin.clock import utc_now
from wxlogin.models import LoginSession, WeChatUser

from .models import Customer, Regular


def user_of(api: Api) -> Customer:
    return Customer.objects.get(pk=api.tokens["user"]["id"])


def test_this_is_the_user_model_that_the_project_runs_with() -> None:
    assert get_user_model() is Customer
    for missing in ("username", "is_active", "date_joined"):
        with pytest.raises(FieldDoesNotExist):
            Customer._meta.get_field(missing)


@pytest.mark.django_db
def test_the_checks_find_nothing_and_no_migration_is_missing() -> None:
    call_command("check", fail_level="WARNING")
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_a_first_login_makes_a_user_and_names_it_by_its_uuid(api: Api) -> None:
    body = api.send_code().json()

    user = Customer.objects.get()
    claims = jwt.decode(body["access"], options={"verify_signature": False})
    assert body["created"] is True
    assert body["user"]["id"] == claims["user_id"] == str(user.pk)
    assert UUID(body["user"]["id"]) == user.pk


def test_the_user_is_one_nobody_logs_in_as_with_a_password(alice: Api) -> None:
    user = Customer.objects.get()

    answer = Client().post("/admin/login/", {"username": user.email, "password": ""})

    assert "sessionid" not in answer.cookies
    assert not user.has_usable_password()
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert not user.get_all_permissions()


def test_without_a_username_the_derived_name_is_an_address_that_reaches_nobody(alice: Api) -> None:
    user = Customer.objects.get()

    user.full_clean(exclude=["password", "city"])
    name, domain = user.email.split("@")
    assert name.startswith("wx_")
    assert domain == "wechat.invalid"
    assert "alice" not in name


def test_a_second_login_is_the_same_user(alice: Api) -> None:
    again = alice.send_code().json()

    assert again["created"] is False
    assert again["user"]["id"] == alice.tokens["user"]["id"]
    assert Customer.objects.count() == 1


@pytest.mark.usefixtures("own_factory")
def test_the_projects_factory_fills_what_the_project_requires(alice: Api) -> None:
    user = Customer.objects.get()

    user.full_clean(exclude=["password"])
    assert user.city == "Chengdu"
    assert user.email.endswith("@shop.example")
    assert alice.log_in().tokens["user"]["id"] == str(user.pk)
    assert Customer.objects.count() == 1


def test_our_own_factory_does_not_fill_what_the_project_requires(alice: Api) -> None:
    with pytest.raises(ValidationError) as problem:
        Customer.objects.get().full_clean(exclude=["password"])

    assert set(problem.value.message_dict) == {"city"}


def test_a_refresh_stays_with_the_user(alice: Api) -> None:
    renewed = alice.refresh().json()

    claims = jwt.decode(renewed["access"], options={"verify_signature": False})
    assert claims["user_id"] == alice.tokens["user"]["id"]
    assert alice.get("me/", access=renewed["access"]).json()["id"] == claims["user_id"]


def test_a_person_sees_and_names_themselves(alice: Api) -> None:
    named = alice.put("me/", {"nickname": "韩梅梅"})

    assert named.json() == alice.get("me/").json()
    assert named.json()["nickname"] == "韩梅梅"
    assert named.json()["id"] == str(Customer.objects.get().pk)


def test_sessions_are_listed_and_ended(alice: Api, bob: Api) -> None:
    tablet = alice.log_in()
    [own, other] = tablet.get("sessions/").json()

    ended = tablet.delete(f"sessions/{other['id']}/")

    assert (own["current"], other["current"]) == (True, False)
    assert ended.status_code == 204
    assert alice.get("me/").json()["reason"] == "logged_out"
    assert bob.delete(f"sessions/{own['id']}/").status_code == 404


@pytest.mark.parametrize(("everywhere", "elsewhere"), [(False, 200), (True, 401)])
def test_a_logout_ends_what_it_says(alice: Api, bob: Api, everywhere: bool, elsewhere: int) -> None:
    tablet = alice.log_in()

    answer = tablet.post("logout/", {"everywhere": everywhere})

    assert answer.status_code == 204
    assert tablet.get("me/").json()["reason"] == "logged_out"
    assert alice.get("me/").status_code == elsewhere
    assert bob.get("me/").status_code == 200


def test_a_disabled_user_is_refused_at_the_next_request_and_login(alice: Api) -> None:
    Customer.objects.update(closed_at=utc_now())

    asked, again = alice.get("me/"), alice.send_code()

    assert (asked.status_code, asked.json()["reason"]) == (401, "account_disabled")
    assert (again.status_code, again.json()["code"]) == (403, "account_disabled")


@pytest.mark.parametrize("kind", [Customer, Regular], ids=["the model", "a proxy of it"])
def test_saving_a_disabled_user_ends_their_sessions_for_good(alice: Api, bob: Api, kind: type) -> None:
    user = kind.objects.get(pk=alice.tokens["user"]["id"])

    for closed_at in (utc_now(), None):
        user.closed_at = closed_at
        user.save()

    assert alice.get("me/").json()["reason"] == "account_disabled"
    assert bob.get("me/").status_code == 200
    assert alice.log_in().get("me/").status_code == 200


def test_a_kept_account_that_the_manager_hides_keeps_nobody_out(alice: Api) -> None:
    """The closed account still has its e-mail address, although the manager hides the account."""
    WeChatUser.objects.all().delete()
    Customer.objects.update(closed_at=utc_now())

    answer = alice.send_code()

    assert answer.json()["created"] is True
    assert Customer._base_manager.count() == 2


def test_deleting_the_user_takes_identities_and_sessions_along(alice: Api, bob: Api) -> None:
    user_of(alice).delete()

    assert WeChatUser.objects.get().openid == "o-bob"
    assert LoginSession.objects.count() == 1
    assert alice.get("me/").json()["code"] == "token_invalid"
    assert alice.refresh().json()["code"] == "token_invalid"
    assert alice.send_code().json()["created"] is True


def test_simple_jwts_own_authentication_takes_our_access_token(alice: Api) -> None:
    asking = RequestFactory().get("/", headers={"Authorization": f"Bearer {alice.tokens['access']}"})

    found = JWTAuthentication().authenticate(Request(asking))

    assert found is not None
    assert found[0] == Customer.objects.get()
