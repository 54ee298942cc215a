"""A database is put back to an older dump: who was out stays out, and who was erased is erased again.

The dump is made, life goes on, the dump is restored, and the command is run as docs/operating.md says.
"""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection

from tests.conftest import Api
from tests.helpers.process import ROOT, python
from tests.settings import APPID
from wxlogin.clock import utc_now
from wxlogin.models import LoginSession, WeChatUser
from wxlogin.services import blocking, erasure, events, sessions

from .dumps import Dump, url

# Runs in the demo project: the user whom a view that knows only Simple JWT sees in a token.
WHO_IS = (
    "import sys, django; django.setup();"
    "from rest_framework_simplejwt.authentication import JWTAuthentication as Plain;"
    "plain = Plain(); print(plain.get_user(plain.get_validated_token(sys.argv[1])).pk)"
)
PAGE = ROOT / "docs/operating.md"
SECRET_KEY = "a-made-up-key-that-is-long-enough-for-hs256"  # noqa: S105


@dataclass(frozen=True)
class Story:
    """The events before the restore. ``taken``: user ids that were given out after the dump, and their tokens."""

    dump: Dump
    dump_time: str
    log_file: Path
    out: list[Api]
    erased: list[str]
    blocked: list[str]
    stolen: str
    taken: dict[int, str]

    def still_in(self) -> int:
        return sum(api.get("me/").status_code == 200 for api in self.out)

    def not_erased(self) -> int:
        return sum(WeChatUser.objects.filter(openid=openid).exists() for openid in self.erased)

    def run(self, *options: str) -> str:
        out = io.StringIO()
        call_command("wxlogin_after_restore", "--dump-time", self.dump_time, *options, stdout=out)
        return out.getvalue()


@pytest.fixture
def story(api: Api, dump: Callable[[], Dump], log_file: Path, staff: Any) -> Story:
    out = [api.log_in(f"o-{number}") for number in range(35)]
    blocked = [api.log_in(f"o-blocked-{number}") for number in range(5)]
    disabled, sharing, thief = (api.log_in(f"o-{name}") for name in ("disabled", "sharing", "thief"))
    person("o-sharing").change(nickname="Ann")
    dump_time = utc_now().isoformat()
    kept = dump()

    for each in out[:10]:
        assert each.post("logout/").status_code == 204
    sessions.end_sessions(session_of(range(10, 20)), staff=staff, reason="lost phone")
    for each in out[20:30]:
        assert each.delete("me/").status_code == 204
    for number in range(30, 35):
        erasure.erase_for_staff(person(f"o-{number}").user, staff=staff, reason="by letter")
    for number in range(5):
        blocking.block(person(f"o-blocked-{number}"), reason="spam", staff=staff)
    user = person("o-disabled").user
    user.is_active = False
    user.save()
    events.withdraw(person("o-sharing"), {"6"})
    stolen = thief.tokens["refresh"]
    thief = Api(api.wechat, thief.refresh().json(), api.client)
    thief.refresh()
    assert thief.refresh(stolen).json()["reason"] == "reused_refresh"
    upgrade()
    late = [api.log_in(f"o-late-{number}") for number in range(3)]
    blocking.block(person("o-late-2"), reason="spam", staff=staff)
    return Story(
        dump=kept,
        dump_time=dump_time,
        log_file=log_file,
        out=[*out, *blocked, disabled, thief],
        erased=[f"o-{number}" for number in range(20, 35)],
        blocked=[f"o-blocked-{number}" for number in range(5)],
        stolen=stolen,
        taken={each.tokens["user"]["id"]: each.tokens["access"] for each in late},
    )


def person(openid: str) -> WeChatUser:
    return WeChatUser.objects.select_related("user").get(openid=openid)


def upgrade() -> None:
    """Add a table with a foreign key to people, as a later version may. The dump doesn't have it."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE wxlogin_newer (person_id bigint REFERENCES wxlogin_wechatuser (id))")


def pattern_of(line: str) -> str:
    """Return the line without its hashes, times and figures."""
    return re.sub(r"[0-9]+", "N", re.sub(r"person=\w+", "person=", line))


def session_of(numbers: range) -> list[LoginSession]:
    people = [person(f"o-{number}") for number in numbers]
    return list(LoginSession.objects.of_people(people).with_person())


@pytest.fixture
def staff(transactional_db: None) -> Any:
    return get_user_model().objects.create_superuser("root")


def test_without_the_command_the_dump_lets_everybody_in_again(story: Story) -> None:
    assert (story.still_in(), story.not_erased()) == (0, 0)

    story.dump.restore()

    assert (story.still_in(), story.not_erased()) == (42, 15)
    assert "wxlogin_newer" not in connection.introspection.table_names()


def test_after_the_command_nobody_is_in_who_was_out(story: Story, api: Api) -> None:
    story.dump.restore()

    printed = story.run("--log", str(story.log_file), "--redo")

    assert "login sessions ended: 43\n" in printed
    shown = re.findall(r"```text\n( +login sessions ended.*?)```", PAGE.read_text(), re.S)
    documented = {pattern_of(line.strip()) for block in shown for line in block.splitlines()} - {""}
    assert documented <= {pattern_of(line) for line in printed.splitlines()}
    assert len(documented) >= 8
    assert (story.still_in(), story.not_erased()) == (0, 0)
    assert api.refresh(story.stolen).json()["code"] == "session_ended"
    for openid in [*story.blocked, "o-late-2", "o-disabled"]:
        assert api.send_code(openid=openid).json()["code"] == "account_disabled", openid
    assert person("o-sharing").nickname == ""
    assert api.log_in("o-20").tokens["created"]
    assert api.log_in("o-0").get("me/").status_code == 200


def test_a_second_run_changes_nothing(story: Story, api: Api) -> None:
    story.dump.restore()
    options = ("--log", str(story.log_file), "--redo")
    story.run(*options)
    alice = api.log_in("o-20")
    # As if the dump were older: within five minutes of it, a session counts as one of the dump's.
    LoginSession.objects.open().update(created_at=utc_now() + timedelta(minutes=6))

    printed = story.run(*options)

    assert "login sessions ended: 0\n" in printed
    assert " redone" not in printed
    assert "stay open: 1" in printed
    assert alice.get("me/").status_code == 200


def test_a_user_id_given_out_twice_is_safe_once_the_signing_key_is_new(story: Story, api: Api) -> None:
    story.dump.restore()
    story.run()

    ids = [api.log_in(f"o-new-{number}").tokens["user"]["id"] for number in range(3)]

    assert ids == list(story.taken)
    environment = {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DJANGO_SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": url(),
        "WECHAT_APPID": APPID,
        "WECHAT_SECRET": "made-up",
    }
    old = python("-c", WHO_IS, story.taken[ids[0]], **environment)
    new = python("-c", WHO_IS, story.taken[ids[0]], **environment, DJANGO_SIGNING_KEY="another-" * 8)
    assert old.stdout == f"{ids[0]}\n", old.stderr
    assert "InvalidToken" in new.stderr
