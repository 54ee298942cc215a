import re

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from rest_framework import exceptions

from tests.settings import APPID
from wxlogin.models import WeChatUser
from wxlogin.services.host import users

from .command import line_with, run

pytestmark = pytest.mark.django_db
User = get_user_model()
MADE_UP = {"openid": r"o[0-9a-f]{26}-", "unionid": r"o[0-9a-f]{26}-"}
after_the_commit = []
asked = []


@pytest.fixture
def examined(configure):
    """A function that runs the doctor with a factory of this module, and returns its lines about users."""

    def examine(factory=None):
        if factory:
            configure(USER_FACTORY=f"{__name__}.{factory.__name__}")
        printed, _ = run()
        return [line for line in printed.splitlines() if " Users: " in line]

    return examine


def add_user(name, **fields):
    return User.objects.create(username=name, **fields)


def make_once(openid, **identity):
    asked.append({"openid": openid, **identity})
    transaction.on_commit(lambda: after_the_commit.append(openid))
    return add_user(openid)


def make_the_same(**identity):
    return add_user("customer")


def find_one(**identity):
    return User.objects.get_or_create(username="customer")[0]


def make_inactive(openid, **identity):
    return add_user(openid, is_active=False)


def make_staff(openid, **identity):
    return add_user(openid, is_staff=True)


def make_in_a_missing_group(openid, **identity):
    user = add_user(openid)
    User.groups.through.objects.create(user=user, group_id=4711)
    return user


def refuse(**identity):
    raise PermissionDenied("members only")


def refuse_as_an_api(**identity):
    raise exceptions.PermissionDenied("members only")


def refuse_the_login(**identity):
    raise exceptions.AuthenticationFailed("members only")


def break_down(**identity):
    raise RuntimeError("planted")


@pytest.mark.parametrize("unionid", ["", MADE_UP["unionid"]])
def test_a_factory_that_works_made_two_users_who_are_not_kept(
    examined, configure, unionid, django_capture_on_commit_callbacks
):
    if unionid:
        configure(APPS={APPID: {"SECRET": "made-up", "OPEN_PLATFORM": "shop"}})
    asked.clear()

    with django_capture_on_commit_callbacks(execute=True):
        lines = examined(make_once)

    assert lines == ["ok      Users: USER_FACTORY can make users: two were made, and rolled back."]
    assert not User.objects.exists()
    assert after_the_commit == []
    assert len({each["openid"] for each in asked}) == 2
    for each in asked:
        assert each["appid"] == APPID
        assert re.fullmatch(MADE_UP["openid"], each["openid"])
        assert re.fullmatch(unionid, each["unionid"])


@pytest.mark.parametrize(
    ("factory", "verdict", "told"),
    [
        (make_the_same, "PROBLEM", "A first login fails: USER_FACTORY: IntegrityError"),
        (find_one, "PROBLEM", "USER_FACTORY gave one user to two people."),
        (make_inactive, "PROBLEM", "USER_FACTORY makes inactive users: nobody new can log in."),
        (make_staff, "PROBLEM", "A first login fails: USER_FACTORY returned a staff account."),
        (break_down, "PROBLEM", "A first login fails: RuntimeError."),
        (refuse, "ok", "USER_FACTORY refused two made-up people with PermissionDenied"),
        (refuse_as_an_api, "ok", "USER_FACTORY refused two made-up people with PermissionDenied"),
        (refuse_the_login, "ok", "USER_FACTORY refused two made-up people with AuthenticationFailed"),
    ],
)
def test_a_factory_that_fails_is_reported_and_nobody_is_kept(examined, factory, verdict, told):
    (line,) = examined(factory)

    assert line.startswith(verdict)
    if told.endswith("IntegrityError"):
        told = told.replace("IntegrityError", "")
        assert "username" in line
    assert told in line
    assert "customer" not in line
    assert "planted" not in line
    assert not User.objects.exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="others check at once, or one table only")
def test_a_reference_to_nothing_is_found_although_nothing_is_committed(examined):
    (line,) = examined(make_in_a_missing_group)

    assert line.startswith("PROBLEM")
    assert "auth_user_groups" in line


def openid(number):
    return f"oMade-up_{number:019}"


def test_users_whose_name_is_an_openid_are_counted(examined):
    for number in range(3):
        add_user(openid(number))

    _, line = examined()

    assert "note" in line
    assert "3 users without a WeChatUser have a username that looks like an openid" in line
    assert line_with("Before that, store a WeChatUser for each of them", run()[0])


def test_the_count_has_a_limit(examined, monkeypatch):
    monkeypatch.setattr(users, "MAX_COUNTED", 3)
    User.objects.bulk_create(User(username=openid(number)) for number in range(5))

    _, line = examined()

    assert "At least 3 users without a WeChatUser" in line


@pytest.mark.parametrize(
    "name",
    [
        openid(1).swapcase(),
        openid(1)[:-1],
        openid(1) + "0",
        openid(1)[:-1] + ".",
        "o" * 27 + "é",
        "p" + openid(1)[1:],
        "wx_mfrggzdfmztwq2lknnwg23tp",
    ],
)
def test_other_names_are_no_openids(examined, name):
    add_user(name)

    assert len(examined()) == 1


def test_a_user_with_an_identity_is_known_already(examined):
    now = timezone.now()
    user = add_user(openid(1))
    WeChatUser.objects.create(user=user, appid=APPID, openid=openid(1), created_at=now, last_login_at=now)

    assert len(examined()) == 1


def test_a_username_that_is_no_text_is_no_openid(examined, monkeypatch):
    add_user(openid(1))
    monkeypatch.setattr(User, "USERNAME_FIELD", "id")

    _, *others = examined(make_once)

    assert others == []
