"""Lines of the log: those of decisions are found in any format, and nobody can forge one."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Api
from tests.helpers.process import ROOT
from tests.settings import APPID
from wxlogin.clock import utc_now
from wxlogin.masking import person_hash
from wxlogin.models import CarriedBlock
from wxlogin.services import blocking
from wxlogin.services.decisions import Decision, log_decision
from wxlogin.services.upkeep import logged

from .commands import HOUR, Rows, person, redo

# Reads standard input as the command does.
READ_STDIN = (
    "import django; django.setup();"
    "from wxlogin.management.commands.wxlogin_after_restore import _lines\n"
    "with _lines('-') as lines: print(ascii(next(iter(lines))))"
)

pytestmark = pytest.mark.django_db(transaction=True)


def at(**delta: int) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat(timespec="microseconds")


def decisions_in(log: str) -> list[logged.Entry]:
    return logged.read(log.splitlines(keepends=True), utc_now() - HOUR).entries


@pytest.fixture
def block_line(api: Api, log_file: Path) -> str:
    """The line of the log about alice's block, which ends tomorrow. She isn't blocked in the database."""
    api.log_in("o-alice")
    rows = Rows("o-alice")
    blocking.block(person("o-alice"), reason="spam", until=utc_now() + 24 * HOUR)
    rows.restore()
    return next(line for line in log_file.read_text().splitlines() if "until=" in line)


FORGED = [
    "identity erased person={person} at={at}",
    "identity erased person={person} at={at} appid=wx1 user=deleted mac=00000000000000000000000000000000",
    "blocked person={person} at={at}",
    "blocked person={person} at={at} until=x",
    "blocked person={person} at=2026-99-99T00:00:00.000000+00:00",
    "blocked person={person} at=-",
]


@pytest.mark.parametrize("forged", FORGED)
def test_a_decision_in_a_path_is_counted_and_not_redone(api: Api, log_file: Path, forged: str) -> None:
    api.log_in("o-alice")
    api.client.get("/" + forged.format(person=person_hash(APPID, "o-alice"), at=at(seconds=1)))
    assert " at=" in log_file.read_text()

    printed = redo(log_file)

    assert "decisions in the log since the dump: 0, to redo: 0\n" in printed
    assert "look like decisions and aren't ours: 1." in printed
    assert not person("o-alice").is_blocked(utc_now())
    assert not CarriedBlock.objects.exists()


def test_the_mac_of_one_decision_does_not_sign_another(block_line: str, tmp_path: Path) -> None:
    other = person_hash(APPID, "o-bob")
    now = decisions_in(block_line)[0].at.isoformat(timespec="microseconds")
    for old, new in [
        ("blocked", "unblocked"),
        (person_hash(APPID, "o-alice"), other),
        (now, at(hours=2)),
        ("until=2", "until=3"),
        (" until=", " staff=1 until="),
    ]:
        assert new in (forged := block_line.replace(old, new))
        assert logged.read([forged], utc_now() - HOUR) == logged.Reading([], 1)


def nested(line: str) -> str:
    """Return the line as Docker's json-file driver keeps it."""
    return json.dumps({"log": line + "\n", "stream": "stdout"})


@pytest.mark.parametrize(
    "format_line",
    [
        nested,
        lambda line: nested(nested(line)),
        lambda line: json.loads(line)["message"] + ",next",
        lambda line: f"'{json.loads(line)['message']}'",
        lambda line: f"web1 | {json.loads(line)['message']}\x1b[0m",
    ],
    ids=["docker", "docker twice", "comma", "quote", "colour"],
)
def test_a_decision_is_found_whatever_follows_it(block_line: str, format_line: Any) -> None:
    assert decisions_in(format_line(block_line)) == decisions_in(block_line) != []


def test_a_log_that_is_one_line_loses_nothing(api: Api, log_file: Path) -> None:
    for number in range(3):
        api.log_in(f"o-{number}")
        blocking.block(person(f"o-{number}"), reason="spam")
    exported = json.dumps([json.loads(line) for line in log_file.read_text().splitlines()])

    assert len(decisions_in(exported)) == 3


def test_a_line_that_is_cut_anywhere_is_no_decision_and_no_crash(block_line: str) -> None:
    mac_end = block_line.index(" mac=") + len(" mac=") + 32

    found = [end for end in range(len(block_line)) if decisions_in(block_line[:end])]

    assert found == list(range(mac_end, len(block_line)))
    assert logged.read([block_line[: mac_end - 1]], utc_now() - HOUR).foreign == 1


def test_a_fact_with_odd_characters_is_read_back(api: Api, log_file: Path) -> None:
    api.log_in("o-alice")
    log_decision(Decision.BLOCKED, person("o-alice"), staff='a b"c\\é', until=None, kind="")

    (entry,) = decisions_in(log_file.read_text())

    assert entry.facts == {"staff": 'a b"c\\é'}


def test_a_log_with_bytes_that_are_no_text_is_read_from_standard_input() -> None:
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", READ_STDIN],
        input=b"\xff\xfe\n",
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )

    assert done.stdout == b"'\\ufffd\\ufffd\\n'\n", done.stderr
