"""The command for the time after a restore. tests/restores/ has the drill with a real dump."""

import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command

from tests.conftest import Api
from tests.settings import APPID
from wxlogin.clock import utc_now
from wxlogin.masking import person_hash
from wxlogin.models import CarriedBlock, LoginSession, SessionKey, StaffAct, WeChatUser
from wxlogin.services import blocking
from wxlogin.services.decisions import Decision, sign
from wxlogin.services.upkeep import restoring

HOUR = timedelta(hours=1)
DECISION = re.compile(rf"\b({'|'.join(Decision)}) person=[^\"\\]*")


def run(*options: str, dump_time: datetime | str | None = None) -> str:
    """Run the command for a dump that was made an hour ago, or at ``dump_time``."""
    out = io.StringIO()
    call_command(
        "wxlogin_after_restore",
        "--dump-time",
        str(dump_time or (utc_now() - HOUR).isoformat()),
        *options,
        stdout=out,
    )
    return out.getvalue()


def make_old(hours: int = 2) -> None:
    """Move everybody who is there into the dump."""
    then = utc_now() - hours * HOUR
    LoginSession.objects.update(created_at=then)
    SessionKey.objects.update(obtained_at=then)
    WeChatUser.objects.update(created_at=then)
    StaffAct.objects.update(created_at=then)


def signed(line: str, secret: str | None = None) -> str:
    """Return the line with a MAC after the text of its decision."""
    return DECISION.sub(lambda found: f"{found[0]} mac={sign(found[0], secret=secret)}", line)


@pytest.fixture
def write_log(tmp_path: Path) -> Any:
    def write(*lines: str, minutes: int = 30, openid: str = "o-alice", secret: str | None = None) -> str:
        """Write lines of the log about one person, that many minutes old, with their MAC. Return the file's name."""
        person = person_hash(APPID, openid, secret=secret)
        file = tmp_path / "log"
        with file.open("a") as log:
            for number, line in enumerate(lines):
                at = datetime.now(UTC) - timedelta(minutes=minutes) + timedelta(seconds=number)
                facts = f"person={person} at={at.isoformat(timespec='microseconds')}"
                log.write(signed(line.replace("PERSON", facts), secret) + "\n")
        return str(file)

    return write


@pytest.mark.parametrize(
    ("dump_time", "problem"),
    [
        ("yesterday", "no ISO 8601 time"),
        ("2026-13-01T00:00:00Z", "no ISO 8601 time"),
        ("2026-01-01", "no time zone"),
        ("2026-01-01T00:00:00", "no time zone"),
        ("2999-01-01T00:00:00Z", "in the future"),
    ],
)
def test_a_dump_time_that_is_none_changes_nothing(alice: Api, dump_time: str, problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        run(dump_time=dump_time)

    assert alice.get("me/").status_code == 200


@pytest.mark.parametrize(
    ("options", "problem"),
    [(["--redo"], "needs --log"), (["--log", "/nowhere"], "can't be read: No such file")],
)
def test_a_log_that_is_missing_changes_nothing(alice: Api, options: list[str], problem: str) -> None:
    make_old()

    with pytest.raises(CommandError, match=problem):
        run(*options)

    assert alice.get("me/").status_code == 200


def test_sessions_and_session_keys_of_the_dump_end_in_batches_and_later_ones_stay(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "BATCH", 2)
    old = [api.log_in(f"o-{number}") for number in range(5)]
    make_old()
    new = api.log_in("o-new")

    printed = run()

    assert "login sessions ended: 5\nsession keys dropped: 5\n" in printed
    assert "stay open: 1." in printed
    answers = [each.get("me/") for each in old]
    assert {each.json()["reason"] for each in answers} == {"ended_by_staff"}
    assert new.get("me/").status_code == 200
    assert new.get("session-key/").json()["state"] == "unknown"
    assert SessionKey.objects.with_state("stale").count() == 5
    assert StaffAct.objects.get().details == {"sessions": 5}


def test_a_second_run_ends_nothing(alice: Api) -> None:
    make_old()
    run()

    assert "login sessions ended: 0\nsession keys dropped: 0\n" in run()

    assert StaffAct.objects.count() == 1


def test_a_dry_run_counts_and_changes_nothing(alice: Api, write_log: Any) -> None:
    make_old()

    printed = run("--dry-run", "--redo", "--log", write_log("identity erased PERSON"))

    assert "login sessions would be ended: 1\nsession keys would be dropped: 1\n" in printed
    assert "to redo: 1\n" in printed
    assert ": to redo\n" in printed
    assert alice.get("me/").status_code == 200


def test_without_redo_the_log_is_only_listed(alice: Api, write_log: Any) -> None:
    make_old()

    printed = run("--log", write_log("identity erased PERSON"))

    assert "identity erased person=" in printed
    assert WeChatUser.objects.exists()


@pytest.mark.parametrize(
    "line",
    [
        "identity erased PERSON appid=wx00000000000000aa",
        "Nov 28 03:00:01 web1 gunicorn[7]: INFO wxlogin identity erased PERSON",
        '{"level": "INFO", "message": "identity erased PERSON", "wxlogin": {"event": "identity erased"}}',
        'level=info msg="identity erased PERSON" logger=wxlogin',
    ],
)
def test_any_format_of_the_log_will_do(alice: Api, write_log: Any, line: str) -> None:
    make_old()

    run("--redo", "--log", write_log("noise \N{SNOWMAN}", line))

    assert not WeChatUser.objects.exists()


def test_an_erasure_from_before_the_dump_or_before_a_return_is_not_redone(alice: Api, write_log: Any) -> None:
    """Alice was erased, came back, and the dump holds the new Alice."""
    make_old()
    write_log("identity erased PERSON", minutes=90)
    WeChatUser.objects.update(created_at=utc_now() - timedelta(minutes=10))

    run("--redo", "--log", write_log("identity erased PERSON", minutes=30))

    assert WeChatUser.objects.exists()


def test_the_last_word_about_a_block_counts(api: Api, write_log: Any) -> None:
    for name in ("o-blocked", "o-free", "o-over"):
        api.log_in(name)
    make_old()
    write_log("blocked PERSON", openid="o-blocked")
    write_log("blocked PERSON", "unblocked PERSON", openid="o-free")
    log = write_log("blocked PERSON until=2026-01-01T00:00:00+00:00", openid="o-over")

    run("--redo", "--log", log)

    answers = {name: api.send_code(openid=name).status_code for name in ("o-blocked", "o-free", "o-over")}
    assert answers == {"o-blocked": 403, "o-free": 200, "o-over": 200}


def test_an_unblocking_is_redone(alice: Api, write_log: Any) -> None:
    blocking.block(WeChatUser.objects.get(), reason="spam")
    make_old()

    run("--redo", "--log", write_log("unblocked PERSON"))

    assert alice.send_code().status_code == 200


def test_a_block_goes_along_with_an_erasure(alice: Api, write_log: Any) -> None:
    """Alice was erased, came back as somebody new, and was blocked then."""
    make_old()

    run("--redo", "--log", write_log("identity erased PERSON", "blocked PERSON"))

    assert not WeChatUser.objects.exists()
    assert alice.send_code().json()["code"] == "account_disabled"


@pytest.mark.parametrize("until", [None, utc_now() + 24 * HOUR])
def test_somebody_new_since_the_dump_is_blocked_at_the_next_login(
    api: Api, write_log: Any, until: datetime | None
) -> None:
    line = "blocked PERSON" + (f" until={until.isoformat()}" if until else "")

    printed = run("--redo", "--log", write_log(line))

    assert "nobody in this database: redone (new since the dump)" in printed
    assert api.send_code().json()["code"] == "account_disabled"
    assert WeChatUser.objects.get().blocked_until == until
    assert not CarriedBlock.objects.exists()


def test_an_account_with_another_identity_is_left_to_people(alice: Api, bob: Api, write_log: Any) -> None:
    one, other = WeChatUser.objects.order_by("openid")
    other.change(user_id=one.user_id)
    make_old()

    printed = run("--redo", "--log", write_log("identity erased PERSON"))

    assert "to do by hand (split it off first" in printed
    assert WeChatUser.objects.count() == 2


def test_moves_are_left_to_people_unless_they_are_in_force(alice: Api, bob: Api, write_log: Any) -> None:
    target = WeChatUser.objects.get(openid="o-bob").user_id
    make_old()
    write_log(f"identity moved PERSON kind=merge source=1 target={target}", openid="o-bob")

    printed = run("--redo", "--log", write_log(f"identity moved PERSON kind=merge source=1 target={target}"))

    assert printed.count("to do by hand (merge or split") == 1


def test_a_former_secret_key_still_recognises_people(alice: Api, write_log: Any, settings: Any) -> None:
    make_old()
    settings.SECRET_KEY_FALLBACKS = ["the-former-key"]

    run("--redo", "--log", write_log("identity erased PERSON", secret="the-former-key"))  # noqa: S106

    assert not WeChatUser.objects.exists()


def test_a_picture_that_can_not_be_deleted_is_a_problem_and_the_next_run_may_succeed(
    alice: Api, write_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    WeChatUser.objects.update(avatar="wxlogin/avatars/a.png")
    make_old()
    log = write_log("identity erased PERSON")

    with monkeypatch.context() as broken:
        broken.setattr(FileSystemStorage, "delete", lambda *args: 1 / 0)
        with pytest.raises(CommandError, match="not redone: 1"):
            run("--redo", "--log", log)
        assert WeChatUser.objects.exists()
    run("--redo", "--log", log)

    assert not WeChatUser.objects.exists()
