"""The function in SECURITY.md, run as it stands there, removes the secrets from Sentry's traces."""

import json
import re
from typing import Any

import pytest
import sentry_sdk

from tests.crash_reports.flows import FLOWS, Person
from tests.crash_reports.reports import Memory
from tests.helpers.process import ROOT

EXAMPLE = re.search(r"^```python\n(.*?)^```", (ROOT / "SECURITY.md").read_text(), re.S | re.M)


def traced(person: Person, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[Any]:
    """Return the traces of a login and of a phone number, taken with the options of the page and with ``options``."""
    transport, init = Memory(), sentry_sdk.init
    forced = {"transport": transport, "traces_sample_rate": 1.0, **options}
    monkeypatch.setattr(sentry_sdk, "init", lambda **of_page: init(**{**of_page, **forced}))
    exec(EXAMPLE[1] if EXAMPLE else "", {})  # noqa: S102
    try:
        for flow in ("warm login", "phone"):
            with sentry_sdk.start_transaction(op="http.server", name=flow):
                FLOWS[flow](person)
    finally:
        sentry_sdk.get_client().close()
        sentry_sdk.get_global_scope().set_client(None)
    return [envelope.get_transaction_event() for envelope in transport.sent]


def test_without_it_a_trace_holds_secrets(make_person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    person = make_person("phone")

    traces = traced(person, monkeypatch, before_send_transaction=None)

    assert person.found_in(json.dumps(traces, default=repr)) == {"secret", "code", "access_token"}


def test_with_it_a_trace_holds_none(make_person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    person = make_person("phone")

    traces = traced(person, monkeypatch)

    assert person.found_in(json.dumps(traces, default=repr)) == set()
    urls = {span["data"]["url"] for trace in traces for span in trace["spans"] if span["op"] == "http.client"}
    assert {url.rpartition("/")[2] for url in urls} >= {"jscode2session", "getuserphonenumber"}
