"""Tokens that are refused: of another type, forged, damaged or expired."""

import json
from datetime import timedelta

import jwt
import pytest
from django.contrib.auth import get_user_model
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from tests.helpers.plain_tokens import read_access, read_refresh
from tests.tokens.making import NOON, OTHER_KEY, claims, epoch, issue, signed
from wxlogin import tokens
from wxlogin.exceptions import TokenInvalid


@pytest.mark.parametrize("stock", [RefreshToken, AccessToken])
def test_simple_jwt_does_not_take_our_refresh(at_noon, stock):
    with pytest.raises(TokenError, match="wrong type"):
        stock(issue().refresh)


def test_our_two_tokens_are_not_taken_for_each_other(at_noon):
    pair = issue()

    with pytest.raises(TokenInvalid):
        read_access(pair.refresh)
    with pytest.raises(TokenInvalid):
        read_refresh(pair.access)


def test_our_two_tokens_are_not_taken_for_each_other__without_a_type_claim(at_noon, monkeypatch):
    monkeypatch.setattr(tokens.api_settings, "TOKEN_TYPE_CLAIM", None)

    with pytest.raises(TokenInvalid):
        read_refresh(signed(claims(issue().access) | {"token_type": None}))


def test_a_stock_access_token_is_not_ours_and_not_wrong(at_noon):
    stock = AccessToken.for_user(get_user_model()(pk=7))

    assert read_access(str(stock)) is None


def test_a_stock_refresh_token_is_refused(at_noon):
    stock = str(RefreshToken())

    with pytest.raises(TokenInvalid):
        read_access(stock)
    with pytest.raises(TokenInvalid):
        read_refresh(stock)


def forgeries():
    """The forgeries by name, each a function that makes one from a genuine token."""

    def alter(raw, **changes):
        head, _, signature = raw.split(".")
        body = jwt.utils.base64url_encode(json.dumps(claims(raw) | changes).encode()).decode()
        return f"{head}.{body}.{signature}"

    return {
        "unsigned": lambda raw: jwt.encode(claims(raw), None, algorithm="none"),
        "signature cut off": lambda raw: raw.rpartition(".")[0] + ".",
        "signed by somebody else": lambda raw: signed(claims(raw), OTHER_KEY),
        "another algorithm": lambda raw: jwt.encode(
            claims(raw), tokens.api_settings.SIGNING_KEY * 2, algorithm="HS512"
        ),
        "another session": lambda raw: alter(raw, wx_session="f" * 32),
        "another user": lambda raw: alter(raw, user_id="1"),
        "another generation": lambda raw: alter(raw, generation=9),
        "a longer life": lambda raw: alter(raw, exp=epoch(NOON + timedelta(days=3650))),
        "no end": lambda raw: signed({key: value for key, value in claims(raw).items() if key != "exp"}),
        "not valid yet": lambda raw: signed(claims(raw) | {"nbf": epoch(NOON + timedelta(hours=1))}),
        "a list as payload": lambda raw: signed([1]),
    }


@pytest.mark.parametrize("forge", forgeries().values(), ids=forgeries().keys())
def test_a_forgery_is_refused(at_noon, forge):
    pair = issue()

    with pytest.raises(TokenInvalid):
        read_access(forge(pair.access))
    with pytest.raises(TokenInvalid):
        read_refresh(forge(pair.refresh))


GARBAGE = {
    "nothing": "",
    "no token": "garbage",
    "three letters": "a.b.c",
    "dots": "...",
    "very long": "a." * 2 + "x" * 60_000,
    "one very long word": "x" * 60_000,
    "deep": jwt.utils.base64url_encode(b"[" * 30_000).decode() + ".e30.e30",
    "not ASCII": "微.信.登录",
    "Latin-1": "\xe9.\xe9.\xe9",
    "NUL": "\0",
    "NUL inside": "a.\0.c",
    "half a surrogate pair": "\ud800.b.c",
    "line break": "a.b.c\n",
}


@pytest.mark.parametrize("raw", GARBAGE.values(), ids=GARBAGE.keys())
@pytest.mark.parametrize("read", [read_access, read_refresh])
def test_garbage_is_refused(read, raw):
    with pytest.raises(TokenInvalid):
        read(raw)


@pytest.mark.parametrize("tail", ["é", "\0", "\n.", "\ud800"])
def test_a_genuine_token_with_a_tail_is_refused(at_noon, tail):
    pair = issue()

    with pytest.raises(TokenInvalid):
        read_access(pair.access + tail)
    with pytest.raises(TokenInvalid):
        read_refresh(pair.refresh + tail)


def test_a_refusal_does_not_quote_the_token(at_noon):
    with pytest.raises(TokenInvalid) as refusal:
        read_refresh("made-up-token")

    assert "made-up-token" not in str(refusal.value)
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize(
    "moved", [timedelta(minutes=5), timedelta(seconds=-1)], ids=["expired", "not yet issued"]
)
def test_a_stock_access_token_is_judged_by_this_hosts_clock(at_noon, moved):
    stock = AccessToken.for_user(get_user_model()(pk=7))

    at_noon.shift(moved)

    with pytest.raises(TokenInvalid):
        read_access(str(stock))


@pytest.mark.parametrize("end", ["soon", 1.5, None, [1]])
def test_an_end_that_is_no_whole_number_is_refused(end):
    pair = issue()

    with pytest.raises(TokenInvalid):
        read_access(signed(claims(pair.access) | {"exp": end}))
    with pytest.raises(TokenInvalid):
        read_refresh(signed(claims(pair.refresh) | {"exp": end}))


class ForeignToken(Token):
    token_type = "somebody_elses"
    lifetime = timedelta(days=1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: issue().access,
        lambda: str(RefreshToken()),
        lambda: str(ForeignToken()),
        lambda: signed(claims(issue().refresh), OTHER_KEY),
        lambda: issue().refresh[:-4] + "AAAA",
    ],
    ids=["access", "stock refresh", "another type", "another key", "another signature"],
)
def test_an_expired_token_that_is_no_refresh_of_ours_is_refused(at_noon, make):
    raw = make()

    at_noon.shift(timedelta(days=3650))

    with pytest.raises(TokenInvalid):
        read_refresh(raw)
