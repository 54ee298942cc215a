import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User

from wxlogin.services.accounts.creating import create_user, derive_username

OPENID = "oABCD-made-up-openid-1234567"


@pytest.fixture
def user(db) -> User:
    return create_user(appid="wx-shop", openid=OPENID, unionid="u-made-up")


def test_nobody_can_log_in_with_a_password(user):
    assert not user.has_usable_password()
    assert not user.check_password("")


def test_the_user_is_saved_active_and_without_rights(user):
    found = get_user_model().objects.get(pk=user.pk)

    assert found.is_active
    assert not found.is_staff
    assert not found.is_superuser
    assert not found.get_all_permissions()


def test_the_username_tells_nothing_about_the_person(user):
    assert not any(
        part in user.username for part in (OPENID, OPENID.lower(), OPENID[:5].lower(), "wx-shop", "u-made")
    )
    assert user.username.startswith("wx_")


def test_the_username_is_always_the_same_for_one_identity(user):
    assert user.username == derive_username("wx-shop", OPENID)


@pytest.mark.parametrize(
    ("appid", "openid"),
    [("wx-shop", OPENID.swapcase()), ("wx-cafe", OPENID), ("wx-sho", f"p{OPENID}"), ("", f"wx-shop{OPENID}")],
)
def test_another_identity_has_another_username(appid, openid):
    assert derive_username(appid, openid) != derive_username("wx-shop", OPENID)


def test_nobody_can_compute_usernames_without_the_secret_key(settings):
    before = derive_username("wx-shop", OPENID)

    settings.SECRET_KEY = "another-made-up-key-that-is-long-enough"

    assert derive_username("wx-shop", OPENID) != before


def test_a_username_that_is_taken_gets_an_addition(user):
    another = create_user(appid="wx-shop", openid=OPENID, unionid="")

    assert another.pk != user.pk
    assert another.username.startswith(f"{user.username}_")


def test_a_name_with_an_addition_is_no_longer_than_its_column(user, monkeypatch):
    column = get_user_model()._meta.get_field("username")
    monkeypatch.setattr(column, "max_length", len(user.username))

    another = create_user(appid="wx-shop", openid=OPENID, unionid="")

    assert len(another.username) == len(user.username)
    assert another.username[:18] == user.username[:18]
    assert another.username != user.username


def test_an_address_with_an_addition_is_no_longer_than_its_column(db, monkeypatch):
    address = f"{derive_username('wx-shop', OPENID)}@wechat.invalid"
    User.objects.create(username="taken", email=address)
    monkeypatch.setattr(User, "USERNAME_FIELD", "email")
    monkeypatch.setattr(User._meta.get_field("email"), "max_length", len(address))

    another = create_user(appid="wx-shop", openid=OPENID, unionid="")

    assert len(another.email) == len(address)
    assert another.email.endswith("@wechat.invalid")
    assert another.email != address


def test_a_username_fits_djangos_validators(user):
    user.full_clean(exclude=["password"])
