"""Tokens that are signed with our key but hold anything: a project's own code has the key too."""

import json
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st

from tests.conftest import Api
from tests.tokens.making import claims, signed
from wxlogin.tokens import symmetric_keys

NESTED = "[" * 5_000 + "]" * 5_000
BIG = 10**400
ODD = [
    *(
        {"exp": value}
        for value in (BIG, -BIG, -1, 0, 1.5, True, None, "soon", [], {}, float("nan"), float("inf"))
    ),
    *({"wx_session": value} for value in ("\0", "\ud800", "", "x" * 10_000, {}, [], None, 7, BIG, True)),
    *({"generation": value} for value in (BIG, -BIG, -1, 2**31, 1.5, True, None, "0", [], {}, float("nan"))),
    *({"user_id": value} for value in ("\0", "\ud800", "x" * 10_000, {}, [], None, BIG, -1, 1.5)),
    *({"nbf": value} for value in (BIG, float("inf"), float("nan"), [], {}, "soon")),
    *({"jti": value} for value in (7, [], {}, None)),
    *({"sub": value} for value in (7, [], {})),
]
# Claims that we don't read: the token is as good as without them.
UNREAD = [{name: value} for name in ("appid", "iat") for value in ([], {}, None, BIG, "\0")]
# Of these the refresh token has none.
ACCESS_ONLY = {"user_id"}
REFRESH_ONLY = {"generation"}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = ["exp", "nbf", "iat", "jti", "sub", "aud", "iss", "token_type", "wx_session", "generation", "user_id"]
CALLS = [("get", "me/"), ("get", "sessions/"), ("post", "logout/"), ("post", "phone/"), ("delete", "me/")]


def changed(raw: str, change: dict[str, Any]) -> str:
    return signed(claims(raw) | change)


def assert_invalid(answer: Any) -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid"), answer.content


@pytest.mark.parametrize("change", ODD, ids=lambda change: json.dumps(change)[:40])
def test_an_odd_claim_is_an_invalid_token(alice: Api, change: dict[str, Any]) -> None:
    if not change.keys() & REFRESH_ONLY:
        access = changed(alice.tokens["access"], change)
        for method, path in CALLS:
            assert_invalid(alice.call(method, path, {} if method == "post" else None, access=access))
    if not change.keys() & ACCESS_ONLY:
        assert_invalid(alice.refresh(changed(alice.tokens["refresh"], change)))


@pytest.mark.parametrize("change", UNREAD, ids=lambda change: json.dumps(change)[:40])
def test_a_claim_that_nobody_reads_does_no_harm(alice: Api, change: dict[str, Any]) -> None:
    assert alice.get("me/", access=changed(alice.tokens["access"], change)).status_code == 200


@pytest.mark.parametrize("payload", ["[]", "7", "null", NESTED, "{", '{"exp": 1' + "0" * 5_000 + "}"])
def test_an_odd_payload_is_an_invalid_token(alice: Api, payload: str) -> None:
    raw = jwt.api_jws.encode(payload.encode(), symmetric_keys()[0].reveal(), "HS256")

    assert_invalid(alice.get("me/", access=raw))
    assert_invalid(alice.refresh(raw))


@pytest.mark.parametrize(
    "header", [NESTED, "[]", "7", '{"alg": []}', '{"alg": {}}', '{"alg": "HS256", "kid": []}', "{"]
)
def test_an_odd_header_is_an_invalid_token(alice: Api, header: str) -> None:
    """Anybody can send this one: the header is read before the signature is checked."""
    head = jwt.utils.base64url_encode(header.encode()).decode()
    for kind in ("access", "refresh"):
        raw = ".".join([head, *alice.tokens[kind].split(".")[1:]])
        assert_invalid(alice.get("me/", access=raw) if kind == "access" else alice.refresh(raw))


@hypothesis_settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(change=st.dictionaries(st.sampled_from(NAMES), JSON_VALUES, min_size=1))
def test_whatever_the_claims_are_it_is_no_internal_error(alice: Api, change: dict[str, Any]) -> None:
    for answer in (
        alice.get("me/", access=changed(alice.tokens["access"], change)),
        alice.refresh(changed(alice.tokens["refresh"], change)),
    ):
        assert answer.status_code in {200, 401}, answer.content
