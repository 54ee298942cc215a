"""Pushed messages that nobody signed must cost little: they come before any limit."""

from typing import Any

import pytest

from tests.api.pushes import XML, post, query
from tests.conftest import Api
from wxlogin.services import events


@pytest.mark.parametrize(
    ("body", "change", "most"),
    [
        ("<Encrypt>" * 5_000, {}, 0),
        (f"<Encrypt>{'x' * 43}" * 1_000, {}, 0),
        (f"<Encrypt>{'x' * 44}" * 1_000, {}, 1),
        ("".join(f"<Encrypt>{number:044}" for number in range(1_000)), {}, 32),
        (f"<Encrypt>{'x' * 44}", {"nonce": "1" * 65}, 0),
        (f"<Encrypt>{'x' * 44}", {"timestamp": "1" * 65}, 0),
    ],
)
def test_an_unsigned_push_costs_few_hashes(
    alice: Api, monkeypatch: pytest.MonkeyPatch, body: str, change: dict[str, str], most: int
) -> None:
    hashed: list[Any] = []
    real = events.push_signature
    monkeypatch.setattr(events, "push_signature", lambda *parts: hashed.append(parts) or real(*parts))

    answer = post(alice, {**query(encrypt="x"), **change}, body, XML)

    assert (answer.status_code, answer.json()["code"]) == (403, "signature_invalid")
    assert len(hashed) == most
