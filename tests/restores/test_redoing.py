"""The command redoes what it should, and leaves alone people who are gone and what was changed since an earlier run."""

import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError
from django.db import transaction

from tests.conftest import Api
from wxlogin import signals
from wxlogin.clock import utc_now
from wxlogin.models import CarriedBlock, StaffAct, WeChatUser
from wxlogin.services import blocking, erasure, events
from wxlogin.services.upkeep import redoing

from .commands import Rows, person, redo, user_exists

pytestmark = pytest.mark.django_db(transaction=True)


def disable(openid: str) -> None:
    user = person(openid).user
    user.is_active = False
    user.save()


def withdraw(openid: str) -> None:
    with transaction.atomic():
        events.withdraw(person(openid), {"6"})


@pytest.fixture
def old_log(log_file: Path, tmp_path: Path) -> Any:
    """A function that returns the log as it is now. Later lines don't get into it."""

    def copy() -> Path:
        return Path(shutil.copy(log_file, tmp_path / "old"))

    return copy


def before_redoing(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Have ``act`` called once, between the listing of the tasks and the first of them, as another run might."""
    find_tasks = redoing.find_tasks

    def find(*args: Any, **options: Any) -> Any:
        tasks = find_tasks(*args, **options)
        monkeypatch.setattr(redoing, "find_tasks", find_tasks)
        act()
        return tasks

    monkeypatch.setattr(redoing, "find_tasks", find)


def test_whoever_is_gone_meanwhile_is_no_failure(
    api: Api, log_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for act in (disable, withdraw, lambda openid: blocking.block(person(openid), reason="spam")):
        api.log_in("o-alice")
        person("o-alice").change(nickname="Ann")
        rows = Rows("o-alice")
        log_file.write_text("")
        act("o-alice")
        rows.restore()

        before_redoing(monkeypatch, lambda: erasure.erase(person("o-alice").user))
        printed = redo(log_file)

        assert "to redo: 1\n" in printed
        assert not WeChatUser.objects.exists()
        CarriedBlock.objects.all().delete()


def test_a_person_who_was_disabled_and_then_erased_stays_out(
    api: Api, log_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.log_in("o-alice")
    rows = Rows("o-alice")
    disable("o-alice")
    erasure.erase(person("o-alice").user)
    rows.restore()
    CarriedBlock.objects.all().delete()

    # The other run is quicker.
    before_redoing(monkeypatch, lambda: redo(log_file))
    redo(log_file)

    assert not WeChatUser.objects.exists()
    assert api.send_code(openid="o-alice").json()["code"] == "account_disabled"


def test_a_task_that_fails_is_counted_and_the_others_are_done(api: Api, log_file: Path) -> None:
    openids = [f"o-{number}" for number in range(4)]
    for openid in openids:
        api.log_in(openid)
    rows = Rows(*openids)
    hated = person("o-1").user_id
    for openid in openids:
        erasure.erase(person(openid).user)
    rows.restore()

    def fail(user: Any, **kwargs: Any) -> None:
        if user.pk == hated:
            raise RuntimeError("row 17: o-1")

    out = io.StringIO()
    signals.person_erased.connect(fail)
    try:
        with pytest.raises(CommandError, match="not redone: 1"):
            redo(log_file, out=out)
    finally:
        signals.person_erased.disconnect(fail)

    printed = out.getvalue()
    assert [each.openid for each in WeChatUser.objects.all()] == ["o-1"]
    assert "FAILED, RuntimeError\n" in printed
    assert "row 17" not in printed
    assert "Now replace the key" in printed


def test_an_identity_that_was_deleted_alone_leaves_its_user(api: Api, log_file: Path) -> None:
    api.log_in("o-alice")
    rows = Rows("o-alice")
    user = person("o-alice").user_id
    person("o-alice").delete()
    rows.restore()

    printed = redo(log_file)

    assert "user=kept: WeChat user" in printed
    assert not WeChatUser.objects.exists()
    assert user_exists(user)


@pytest.mark.parametrize("by_django", [True, False])
def test_a_user_who_was_deleted_goes_again(api: Api, log_file: Path, by_django: bool) -> None:
    api.log_in("o-alice")
    rows = Rows("o-alice")
    user = person("o-alice").user
    user.delete() if by_django else erasure.erase(user)
    rows.restore()

    redo(log_file)

    assert not get_user_model().objects.exists()


def test_an_erasure_that_kept_the_user_is_an_erasure_again(api: Api, log_file: Path) -> None:
    """A user with a password is kept. The project hears of the erasure."""
    api.log_in("o-alice")
    user = person("o-alice").user
    user.set_password("made up")
    user.save()
    rows = Rows("o-alice")
    erasure.erase(user)
    rows.restore()
    heard: list[Any] = []

    def hear(user: Any, **kwargs: Any) -> None:
        heard.append(user.pk)

    signals.person_erased.connect(hear)
    try:
        redo(log_file)
    finally:
        signals.person_erased.disconnect(hear)

    assert not WeChatUser.objects.exists()
    assert user_exists(user.pk)
    assert heard == [user.pk]


def test_what_began_shortly_before_the_dump_is_redone(api: Api, log_file: Path) -> None:
    """An erasure commits when its picture is deleted. A dump that begins meanwhile holds the person."""
    api.log_in("o-alice")
    rows = Rows("o-alice")
    erasure.erase(person("o-alice").user)
    rows.restore()

    redo(log_file, dump_time=utc_now())

    assert not WeChatUser.objects.exists()


def test_a_second_run_leaves_alone_what_was_changed_since_the_first(
    api: Api, log_file: Path, old_log: Any
) -> None:
    for name in ("o-blocked", "o-disabled", "o-sharing"):
        api.log_in(name)
    person("o-sharing").change(nickname="Ann")
    rows = Rows("o-blocked", "o-disabled", "o-sharing")
    blocking.block(person("o-blocked"), reason="spam")
    disable("o-disabled")
    withdraw("o-sharing")
    rows.restore()
    log = old_log()
    redo(log)
    assert person("o-blocked").is_blocked(utc_now())
    assert not person("o-disabled").user.is_active
    assert person("o-sharing").nickname == ""
    blocking.unblock(person("o-blocked"), reason="sorry")
    get_user_model().objects.update(is_active=True)
    person("o-sharing").change(nickname="Beth")

    printed = redo(log)

    assert "to redo: 2\n" in printed
    assert printed.count("to do by hand (if need be: an earlier run redid all") == 2
    assert not person("o-blocked").is_blocked(utc_now())
    assert person("o-disabled").user.is_active
    assert person("o-sharing").nickname == "Beth"


def test_a_run_after_one_that_failed_redoes_the_rest(
    api: Api, log_file: Path, old_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.log_in("o-alice")
    person("o-alice").change(nickname="Ann")
    rows = Rows("o-alice")
    withdraw("o-alice")
    rows.restore()
    log = old_log()
    with monkeypatch.context() as broken:
        broken.setattr(events, "withdraw", lambda *args: 1 / 0)
        with pytest.raises(CommandError, match="not redone: 1"):
            redo(log)

    redo(log)

    assert person("o-alice").nickname == ""


def test_a_person_with_lines_under_two_secret_keys_is_one(api: Api, log_file: Path, settings: Any) -> None:
    api.log_in("o-alice")
    person("o-alice").change(nickname="Ann")
    rows = Rows("o-alice")
    withdraw("o-alice")
    blocking.block(person("o-alice"), reason="spam")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-that-is-long-enough-for-hs256"
    blocking.unblock(person("o-alice"), reason="sorry")
    rows.restore()

    printed = redo(log_file)

    assert "decisions in the log since the dump: 3, to redo: 1\n" in printed
    assert person("o-alice").nickname == ""
    assert not person("o-alice").is_blocked(utc_now())


def test_an_unblocking_of_somebody_who_is_not_in_the_dump_is_left_to_people(
    api: Api, log_file: Path, old_log: Any
) -> None:
    """Alice was blocked and erased before the dump. Since then she came back, and staff unblocked her."""
    api.log_in("o-alice")
    blocking.block(person("o-alice"), reason="spam")
    erasure.erase(person("o-alice").user)
    kept = CarriedBlock.objects.get()
    log_file.write_text("")
    api.send_code(openid="o-alice")
    blocking.unblock(person("o-alice"), reason="sorry")
    log = old_log()
    forget("o-alice")
    kept.save(force_insert=True)

    printed = redo(log)

    assert "to do by hand (if they are blocked when they come back, unblock them)" in printed


def test_a_block_that_an_earlier_restore_kept_is_lifted(api: Api, log_file: Path, old_log: Any) -> None:
    api.log_in("o-alice")
    alice = person("o-alice")
    blocking.unblock(alice, reason="sorry")
    log = old_log()
    CarriedBlock.objects.keep_by_hash(alice.log_hash, blocked_until=None, reason="spam", at=utc_now())
    forget("o-alice")

    redo(log)

    assert not CarriedBlock.objects.exists()
    assert api.send_code(openid="o-alice").status_code == 200


def forget(openid: str) -> None:
    """Remove somebody who isn't in the dump, and what the staff log has about them."""
    person(openid).delete()
    StaffAct.objects.all()._raw_delete("default")
