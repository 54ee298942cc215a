import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
import time_machine
from django.contrib.auth import get_user_model
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.state import token_backend
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from wxlogin import tokens
from wxlogin.exceptions import TokenInvalid
from wxlogin.tokens import AccessClaims, RefreshClaims

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
OTHER_KEY = "another-made-up-key-that-is-long-enough"
SESSION = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def at_noon():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def sign_with(monkeypatch):
    return lambda key: monkeypatch.setattr(tokens.api_settings, "SIGNING_KEY", key)


def issue(generation=0, since=NOON, until=NOON + timedelta(days=30)):
    user = get_user_model()(pk=7, username="alice", email="alice@example.com")
    return tokens.issue(
        user, appid="wx-shop", session_id=SESSION, generation=generation, since=since, until=until
    )


def claims(raw):
    return jwt.decode(raw, options={"verify_signature": False})


def signed(payload, key=None):
    body = json.dumps(payload).encode()
    return jwt.api_jws.encode(body, key or tokens.api_settings.SIGNING_KEY, "HS256")


def epoch(moment):
    return int(moment.timestamp())


def test_access_says_who_in_which_session_of_which_app_and_nothing_else(at_noon):
    payload = claims(issue().access)

    assert payload.pop("jti")
    assert payload == {
        "token_type": "access",
        "user_id": "7",
        "wx_session": SESSION,
        "appid": "wx-shop",
        "iat": epoch(NOON),
        "exp": epoch(NOON + timedelta(minutes=5)),
    }


def test_refresh_says_which_generation_of_which_session_and_nothing_else(at_noon):
    payload = claims(issue(generation=3).refresh)

    assert payload == {
        "token_type": "wxlogin_refresh",
        "wx_session": SESSION,
        "generation": 3,
        "jti": f"{SESSION}.3",
        "iat": epoch(NOON),
        "exp": epoch(NOON + timedelta(days=7)),
    }


def test_what_was_issued_reads_back(at_noon):
    pair = issue(generation=3)

    assert tokens.read_access(pair.access) == AccessClaims(SESSION, "7")
    assert tokens.read_refresh(pair.refresh) == RefreshClaims(SESSION, 3, expired=False)


def test_a_repr_of_the_pair_shows_no_token(at_noon):
    pair = issue()

    assert pair.access not in repr(pair)
    assert pair.refresh not in repr(pair)


def test_code_that_knows_only_simple_jwt_accepts_access(at_noon):
    assert AccessToken(issue().access)["user_id"] == "7"


@pytest.mark.parametrize("stock", [RefreshToken, AccessToken])
def test_simple_jwt_does_not_take_our_refresh(at_noon, stock):
    with pytest.raises(TokenError, match="wrong type"):
        stock(issue().refresh)


def test_our_two_tokens_are_not_taken_for_each_other(at_noon):
    pair = issue()

    with pytest.raises(TokenInvalid):
        tokens.read_access(pair.refresh)
    with pytest.raises(TokenInvalid):
        tokens.read_refresh(pair.access)


def test_our_two_tokens_are_not_taken_for_each_other__without_a_type_claim(at_noon, monkeypatch):
    monkeypatch.setattr(tokens.api_settings, "TOKEN_TYPE_CLAIM", None)

    with pytest.raises(TokenInvalid):
        tokens.read_refresh(signed(claims(issue().access) | {"token_type": None}))


def test_a_stock_access_token_is_not_ours_and_not_wrong(at_noon):
    stock = AccessToken.for_user(get_user_model()(pk=7))

    assert tokens.read_access(str(stock)) is None


def test_a_stock_refresh_token_is_refused(at_noon):
    stock = str(RefreshToken())

    with pytest.raises(TokenInvalid):
        tokens.read_access(stock)
    with pytest.raises(TokenInvalid):
        tokens.read_refresh(stock)


def forgeries():
    """Name, and how to make one of a genuine token."""

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
        tokens.read_access(forge(pair.access))
    with pytest.raises(TokenInvalid):
        tokens.read_refresh(forge(pair.refresh))


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
@pytest.mark.parametrize("read", [tokens.read_access, tokens.read_refresh])
def test_garbage_is_refused(read, raw):
    with pytest.raises(TokenInvalid):
        read(raw)


@pytest.mark.parametrize("tail", ["é", "\0", "\n.", "\ud800"])
def test_a_genuine_token_with_a_tail_is_refused(at_noon, tail):
    pair = issue()

    with pytest.raises(TokenInvalid):
        tokens.read_access(pair.access + tail)
    with pytest.raises(TokenInvalid):
        tokens.read_refresh(pair.refresh + tail)


def test_a_refusal_does_not_drag_the_token_along(at_noon):
    with pytest.raises(TokenInvalid) as refusal:
        tokens.read_refresh("made-up-token")

    assert "made-up-token" not in str(refusal.value)
    assert refusal.value.__suppress_context__


def test_tokens_of_a_fallback_key_read_until_it_is_taken_off_the_list(at_noon, settings, sign_with):
    sign_with(OTHER_KEY)
    pair = issue()
    sign_with(settings.SECRET_KEY)

    settings.SECRET_KEY_FALLBACKS = ["some-third-key-that-is-long-enough-too", OTHER_KEY]
    assert tokens.read_access(pair.access) == AccessClaims(SESSION, "7")
    assert tokens.read_refresh(pair.refresh) == RefreshClaims(SESSION, 0, expired=False)

    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(TokenInvalid):
        tokens.read_access(pair.access)
    with pytest.raises(TokenInvalid):
        tokens.read_refresh(pair.refresh)


def test_a_fallback_key_signs_nothing(at_noon, settings):
    settings.SECRET_KEY_FALLBACKS = [OTHER_KEY]

    pair = issue()

    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(pair.access, OTHER_KEY, algorithms=["HS256"])


def test_an_expired_refresh_of_a_fallback_key_is_still_known_as_expired(at_noon, settings, sign_with):
    sign_with(OTHER_KEY)
    pair = issue()
    sign_with(settings.SECRET_KEY)
    settings.SECRET_KEY_FALLBACKS = [OTHER_KEY]

    at_noon.shift(timedelta(days=8))

    assert tokens.read_refresh(pair.refresh) == RefreshClaims(SESSION, 0, expired=True)


def test_the_same_arguments_give_the_same_refresh_at_any_time(at_noon):
    first = issue(generation=4)
    at_noon.shift(timedelta(seconds=20))
    again = issue(generation=4)

    assert again.refresh == first.refresh
    assert again.access != first.access


def test_each_generation_has_a_refresh_of_its_own(at_noon):
    assert issue(generation=4).refresh != issue(generation=5).refresh


@pytest.mark.parametrize(
    ("until", "access_left", "refresh_left"),
    [
        (timedelta(days=30), 300, 7 * 86400),
        (timedelta(days=1), 300, 86400),
        (timedelta(minutes=1), 60, 60),
        (timedelta(), 0, 0),
        (timedelta(minutes=-1), 0, 0),
    ],
)
def test_nothing_outlives_the_session(at_noon, until, access_left, refresh_left):
    pair = issue(until=NOON + until)

    assert (pair.expires_in, pair.refresh_expires_in) == (access_left, refresh_left)
    assert claims(pair.access)["exp"] <= epoch(NOON + until)
    assert claims(pair.refresh)["exp"] <= epoch(NOON + until)


def test_an_absolute_limit_between_two_seconds_is_rounded_down(at_noon):
    until = NOON + timedelta(seconds=10, milliseconds=900)

    pair = issue(until=until)

    assert claims(pair.access)["exp"] == claims(pair.refresh)["exp"] == epoch(NOON) + 10


def test_access_does_not_outlive_the_idle_limit(at_noon, configure):
    configure(SESSION_IDLE=60)

    pair = issue(since=NOON - timedelta(seconds=20))

    assert (pair.expires_in, pair.refresh_expires_in) == (40, 40)


def test_the_project_can_set_the_life_of_access(at_noon, configure):
    configure(ACCESS_LIFETIME=90)

    assert issue().expires_in == 90


def test_an_expired_access_is_refused(at_noon):
    pair = issue()

    at_noon.shift(timedelta(minutes=5))

    with pytest.raises(TokenInvalid):
        tokens.read_access(pair.access)


@pytest.mark.parametrize(
    ("after", "expired"), [(timedelta(days=7, seconds=-1), False), (timedelta(days=7), True)]
)
def test_an_expired_refresh_still_tells_its_session(at_noon, after, expired):
    pair = issue(generation=2)

    at_noon.shift(after)

    assert tokens.read_refresh(pair.refresh) == RefreshClaims(SESSION, 2, expired=expired)


class Stranger(Token):
    token_type = "somebody_elses"
    lifetime = timedelta(days=1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: issue().access,
        lambda: str(RefreshToken()),
        lambda: str(Stranger()),
        lambda: signed(claims(issue().refresh), OTHER_KEY),
        lambda: issue().refresh[:-4] + "AAAA",
    ],
    ids=["access", "stock refresh", "another type", "another key", "another signature"],
)
def test_an_expired_token_that_is_no_refresh_of_ours_is_refused(at_noon, make):
    raw = make()

    at_noon.shift(timedelta(days=3650))

    with pytest.raises(TokenInvalid):
        tokens.read_refresh(raw)


@pytest.mark.parametrize(
    ("algorithm", "keys"),
    [("HS256", ["today", "yesterday"]), ("HS512", ["today", "yesterday"]), ("RS256", [])],
)
def test_only_shared_keys_are_symmetric(monkeypatch, settings, algorithm, keys):
    monkeypatch.setattr(tokens.api_settings, "ALGORITHM", algorithm)
    monkeypatch.setattr(tokens.api_settings, "SIGNING_KEY", "today")
    settings.SECRET_KEY_FALLBACKS = ["yesterday"]

    assert tokens.symmetric_keys() == keys


def test_where_an_asymmetric_algorithm_signs_the_backend_is_simple_jwts_own_and_stays(monkeypatch):
    monkeypatch.setattr(tokens.api_settings, "ALGORITHM", "RS256")

    first, second = (tokens._SessionRefreshToken().get_token_backend() for _ in range(2))

    assert first is second is token_backend
