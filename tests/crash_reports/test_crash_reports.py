"""Whichever function of wxlogin raises an error that nobody foresaw, no crash report holds a secret."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.crash_reports.breaking import Call, breaking, functions, noting
from tests.crash_reports.flows import FLOWS, Person
from tests.crash_reports.reports import Reports, collected
from wxlogin.secret import PrivateDict, PrivateStr, Secret

MOMENTS = ("last line", "return")


@pytest.fixture
def reports(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reports]:
    # Django's own lines about SQL quote parameters, and are written with DEBUG only.
    for name in ("", "urllib3", "django", "django.request", "wxlogin"):
        caplog.set_level(logging.DEBUG, logger=name)
    with collected() as found:
        monkeypatch.setattr(logging.Logger, "callHandlers", lambda self, record: found.logged.append(record))
        yield found


@pytest.fixture
def reached(make_person: Callable[[str], Person]) -> dict[str, dict[Call, int]]:
    """The calls within each flow that aren't in a flow before it."""
    codes, seen, by_flow = functions(), dict[Call, int](), {}
    for flow, run in FLOWS.items():
        before, person = len(seen), make_person(flow)
        with noting(codes, seen):
            run(person)
        by_flow[flow] = dict(list(seen.items())[before:])
    return by_flow


@dataclass
class Crashes:
    """Break one call after another, and count what the reports about it hold."""

    make_person: Callable[[str], Person]
    reports: Reports
    events: int = 0
    logged: int = 0
    texts: int = 0
    found: set[tuple[str, ...]] = field(default_factory=set)

    def crash(self, flow: str, call: Call, moment: str, last_line: int) -> None:
        codes, person = functions(), self.make_person(flow)
        self.reports.clear()
        with breaking(call, moment, last_line, codes) as raised:
            FLOWS[flow](person)
        assert raised, f"{codes[call[0]]} was reached before"
        self.events += len(self.reports.events)
        self.logged += sum(bool(record.exc_info) for record in self.reports.logged)
        # Django's own reports take as long as all others together.
        for kind, text in self.reports.texts(rendered=moment == "return"):
            self.texts += 1
            self.found |= {(codes[call[0]], moment, kind, secret) for secret in person.found_in(text)}


@pytest.fixture
def crashes(make_person: Callable[[str], Person], reports: Reports) -> Crashes:
    return Crashes(make_person, reports)


@pytest.mark.parametrize("flow", FLOWS)
def test_no_crash_report_holds_a_secret(
    flow: str, reached: dict[str, dict[Call, int]], crashes: Crashes, capsys: pytest.CaptureFixture[str]
) -> None:
    for call, last_line in reached[flow].items():
        for moment in MOMENTS:
            crashes.crash(flow, call, moment, last_line)

    with capsys.disabled():
        print(  # noqa: T201
            f"\n{flow}: {len({code for code, _ in reached[flow]})} functions in {len(reached[flow])} calls, "
            f"{crashes.events} events captured, {crashes.texts} texts read, {len(crashes.found)} secrets found"
        )
    # Errors after the commit are only logged: what is committed stays.
    assert crashes.events + crashes.logged >= 2 * len(reached[flow])
    assert sorted(crashes.found) == []


@pytest.mark.parametrize(
    ("flow", "function", "holder", "shown_by"),
    [
        ("refresh", "wxlogin.services.sessions.refresh", Secret, "__sentry_repr__"),
        ("refresh", "wxlogin.services.sessions.refresh", Secret, "__repr__"),
        ("warm login", "wxlogin.services.login._store", Secret, "__repr__"),
        ("warm login", "wxlogin.services.login._store", PrivateStr, "__repr__"),
        ("phone", "wxlogin.wechat.client.WeChatClient.phone_number", PrivateStr, "__sentry_repr__"),
        ("open data", "wxlogin.services.open_data.store_nickname", PrivateDict, "__sentry_repr__"),
        ("push", "wxlogin.services.events._act_once", PrivateDict, "__repr__"),
    ],
)
def test_it_would_be_found_if_a_holder_showed_its_value(
    flow: str,
    function: str,
    holder: type,
    shown_by: str,
    crashes: Crashes,
    make_person: Callable[[str], Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person, calls = make_person(flow), {}
    with noting(functions(), calls):
        FLOWS[flow](person)
    call = next(call for call in calls if functions()[call[0]] == function)
    plain = {Secret: Secret.reveal, PrivateStr: str.__str__, PrivateDict: dict.copy}[holder]

    monkeypatch.setattr(holder, shown_by, lambda self: repr(plain(self)))
    crashes.crash(flow, call, "last line", calls[call])

    assert crashes.found
