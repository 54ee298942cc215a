"""Two groups of processes whose clocks differ."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from ..answers import Answer
from ..clients import Person
from ..crowd import at_once
from ..processes import CannotRun
from ..registry import BOTH, case
from ..stack import Group, Run
from ..verify import verify

SECONDS_APART = (1, 5, 25)
FAR_APART = 40
PEOPLE = 12


def shifted(run: Run, seconds: int) -> dict[str, str]:
    """Return the environment in which the clock is ``seconds`` ahead. Raise ``CannotRun`` without libfaketime."""
    library = next(libraries(), None)
    if library is None or not shutil.which("faketime"):
        raise CannotRun("there is no libfaketime")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{seconds:+d}s",
        # Only the wall clock is wrong: time-outs go on.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_NO_CACHE": "1",
    }


def libraries() -> Iterator[Path]:
    yield from Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")


@case(
    "clocks-apart",
    "Two groups whose clocks are 1, 5 and 25 s apart, then a clock that was once a day ahead and is right again",
    "两组进程的时钟相差 1、5、25 秒；之后一台曾快一天的主机恢复正常",
    databases=BOTH,
)
def clocks_apart(run: Run) -> None:
    with ExitStack() as stack:
        right = stack.enter_context(run.group(1))
        for seconds in SECONDS_APART:
            with run.group(1, **shifted(run, seconds)) as ahead:
                tokens_move(run, ahead, right, f"{seconds}")
                tokens_move(run, right, ahead, f"-{seconds}")
        with run.group(1, **shifted(run, FAR_APART)) as ahead:
            lost_answers_are_repeated(run, ahead, right)
        with run.group(1, WXLOGIN_MAX_SESSIONS="2", **shifted(run, 86_400)) as ahead:
            once_ahead(run, ahead, right)
        verify(run.ledger, run.database)


def tokens_move(run: Run, first: Group, second: Group, name: str) -> None:
    """Log in at one group, and use the fresh tokens at the other one at once, there and back."""
    for number in range(PEOPLE):
        person = run.person(first.port, f"{name}-{number}")
        person.log_in()
        for group in (second, first, second):
            person.port = group.port
            person.look()
            person.renew()
            person.look()


def lost_answers_are_repeated(run: Run, first: Group, second: Group) -> None:
    """Refresh at one group, lose the answer, and send the same token to the other: the grace covers it."""
    for number in range(PEOPLE):
        for here, there in ((first, second), (second, first)):
            person = run.person(here.port, f"repeated-{number}-{here.port}")
            person.log_in()
            parent = person.login.refresh
            person.renew()
            answer = refresh_again(person, there, parent)
            run.ledger.require(answer.ok, f"a retry on another host: {answer.code} {answer.reason}".rstrip())


def refresh_again(person: Person, group: Group, parent: str) -> Answer:
    person.port = group.port
    return person.post("token/refresh/", {"refresh": parent})


def once_ahead(run: Run, ahead: Group, right: Group) -> None:
    """Log in at a host that is a day ahead, then at one that is right: the later login counts."""
    people = [run.person(ahead.port, f"once-{number}") for number in range(4)]
    for person in people:
        person.log_in()
        person.port = right.port
        person.log_in()
        # Data is encrypted with the key of the latest login, whichever clock that host has.
        sent = run.wechat.open_data(person.openid, {"nickName": "made up"})
        body = {"encryptedData": sent["encryptedData"], "iv": sent["iv"]}
        answer = person.send("POST", "open-data/", body, person.login)
        run.ledger.require(answer.ok, f"open data after a new login: {answer.code}")
        person.send("POST", "session-key/check/", {}, person.login)
    at_once([person.look for person in people])
    oldest_session_goes(run, ahead, right)


def oldest_session_goes(run: Run, ahead: Group, right: Group) -> None:
    """Fill ``MAX_SESSIONS`` at the host that is ahead: the login just made isn't the one that ends."""
    for number in range(4):
        person = run.person(right.port, f"oldest-{number}")
        person.log_in()
        person.logins[0].may_be_over = True
        person.port = ahead.port
        person.log_in()
        person.log_in()
        person.look()
        for login in person.logins[:-1]:
            login.may_be_over = True
