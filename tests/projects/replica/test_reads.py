"""Nothing of wxlogin reads from the replica: not the API, not the staff's pages, not a command, not a receiver."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.admin.staff import url
from tests.conftest import Api
from wxlogin.models import LoginFailure, LoginSession, SessionKey, StaffAct, WeChatUser
from wxlogin.services import erasure, profile, sessions

from .router import replicated

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(db: None) -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser("root"))
    return browser


@pytest.fixture
def _behind() -> Iterator[None]:
    """Read from the replica in the test itself."""
    with replicated():
        yield


def test_a_session_that_was_ended_is_refused_at_once(alice: Api) -> None:
    before = alice.get("me/").status_code
    alice.post("logout/")

    assert (before, alice.get("me/").status_code) == (200, 401)


@pytest.mark.parametrize("model", [WeChatUser, LoginSession, SessionKey, LoginFailure])
def test_staff_see_what_is_stored(alice: Api, staff: Client, model: Any) -> None:
    alice.send_code("never-issued")
    name, row = model._meta.model_name, model.objects.get()

    pages = [url(name), url(name, "change", row.pk), f"{url(name)}?q=o-alice"]

    assert [staff.get(page).status_code for page in pages] == [200] * 3


def test_staff_see_the_overview_and_why_somebody_is_refused(alice: Api, staff: Client) -> None:
    overview = reverse("admin:wxlogin_overview_changelist")
    why = reverse("admin:wxlogin_overview_why")

    assert staff.get(overview).status_code == staff.post(overview).status_code == 200
    assert b"Logged in now" in staff.get(why, {"q": "o-alice"}).content


@pytest.mark.parametrize(
    ("act", "done"),
    [
        (
            "end_sessions",
            lambda: LoginSession.objects.get(wechat_user__openid="o-alice").ended_at is not None,
        ),
        ("block", lambda: WeChatUser.objects.get(openid="o-alice").blocked_at is not None),
        ("erase", lambda: not WeChatUser.objects.filter(openid="o-alice").exists()),
        ("export", lambda: True),
    ],
)
def test_staff_act_on_what_is_stored(alice: Api, staff: Client, act: str, done: Any) -> None:
    form = {
        "action": act,
        "_selected_action": [WeChatUser.objects.get().pk],
        "confirmed": 1,
        "reason": "asked",
    }

    answer = staff.post(url("wechatuser"), form)

    assert answer.status_code in (200, 302)
    assert StaffAct.objects.get().action == act
    assert done()


def test_staff_merge_two_accounts_and_split_them_again(alice: Api, bob: Api, staff: Client) -> None:
    one, other = WeChatUser.objects.order_by("pk")
    form = {"action": "merge", "_selected_action": [one.pk, other.pk], "confirmed": 1, "reason": "asked"}
    staff.post(url("wechatuser"), {**form, "keep": one.user_id})
    merged = set(WeChatUser.objects.values_list("user_id", flat=True))

    staff.post(url("wechatuser", "act", other.pk, "split"), {"confirmed": 1, "reason": "asked"})

    assert merged == {one.user_id}
    assert WeChatUser.objects.values("user_id").distinct().count() == 2


@pytest.mark.usefixtures("_behind")
@pytest.mark.parametrize(
    "command",
    [
        ["wxlogin_doctor"],
        ["wxlogin_purge"],
        ["wxlogin_rollup"],
        ["wxlogin_reencrypt"],
        ["wxlogin_after_restore", "--dump-time", (timezone.now() - timedelta(hours=1)).isoformat()],
    ],
    ids=lambda command: command[0],
)
def test_a_command_reads_what_is_stored(
    alice: Api, command: list[str], configure: Any, tmp_path: Any, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path

    call_command(*command, stdout=io.StringIO())


@pytest.mark.usefixtures("_behind")
def test_a_user_who_is_disabled_is_logged_out(alice: Api) -> None:
    user = User.objects.using("writer").get()
    user.is_active = False

    user.save()

    assert LoginSession.objects.get().end_reason == "account_disabled"


@pytest.mark.usefixtures("_behind")
def test_a_user_who_is_deleted_takes_the_person_along(alice: Api) -> None:
    User.objects.using("writer").get().delete()

    assert not WeChatUser.objects.exists()


@pytest.mark.usefixtures("_behind")
def test_a_projects_own_code_reads_what_is_stored(alice: Api) -> None:
    session = LoginSession.objects.get()
    person = session.person
    user = User.objects.using("writer").get()

    person.refresh_from_db()

    assert person.user == user
    assert person.session_key.wechat_user == person
    assert list(user.wechat_users.all()) == list(profile.everything_about(user)) == [person]
    assert list(person.login_sessions.all()) == list(sessions.own_sessions(user)) == [session]
    assert erasure.preview(user).sessions == 1
