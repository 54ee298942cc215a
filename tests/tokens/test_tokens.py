"""Tokens that wxlogin issues: their claims, their lifetimes and the keys that sign them."""

from datetime import timedelta

import jwt
import pytest
from rest_framework_simplejwt.state import token_backend
from rest_framework_simplejwt.tokens import AccessToken

from tests.helpers.plain_tokens import read_access, read_refresh
from tests.tokens.making import NOON, OTHER_KEY, SESSION, claims, epoch, issue, issue_pair, signed
from wxlogin import tokens
from wxlogin.exceptions import TokenInvalid
from wxlogin.tokens import AccessClaims, RefreshClaims

WEEK = 7 * 86400
# The claims of the access token that ``issue`` makes.
ACCESS = AccessClaims(SESSION, "7", epoch(NOON) + 300)


def test_access_says_who_in_which_session_of_which_app_and_nothing_else(at_noon):
    payload = claims(issue().access)

    assert payload.pop("jti")
    assert payload == {
        "token_type": "access",
        "user_id": "7",
        "wx_session": SESSION,
        "appid": "wx-shop",
        "exp": epoch(NOON + timedelta(minutes=5)),
    }


def test_refresh_says_which_generation_of_which_session_and_nothing_else(at_noon):
    payload = claims(issue(generation=3).refresh)

    assert payload == {
        "token_type": "wxlogin_refresh",
        "wx_session": SESSION,
        "generation": 3,
        "jti": f"{SESSION}.3",
        "exp": epoch(NOON + timedelta(days=7)),
    }


def test_what_was_issued_reads_back(at_noon):
    pair = issue(generation=3)

    assert read_access(pair.access) == ACCESS
    assert read_refresh(pair.refresh) == RefreshClaims(SESSION, 3, epoch(NOON) + WEEK)


def test_a_repr_of_the_pair_shows_no_token(at_noon):
    pair = issue_pair()

    assert repr(pair) == "TokenPair(access=***, refresh=***, expires_in=300, refresh_expires_in=604800)"


def test_code_that_knows_only_simple_jwt_accepts_access(at_noon):
    assert AccessToken(issue().access)["user_id"] == "7"


def test_tokens_of_a_fallback_key_read_until_it_is_taken_off_the_list(at_noon, settings, sign_with):
    sign_with(OTHER_KEY)
    pair = issue()
    sign_with(settings.SECRET_KEY)

    settings.SECRET_KEY_FALLBACKS = ["some-third-key-that-is-long-enough-too", OTHER_KEY]
    assert read_access(pair.access) == ACCESS
    assert read_refresh(pair.refresh) == RefreshClaims(SESSION, 0, epoch(NOON) + WEEK)

    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(TokenInvalid):
        read_access(pair.access)
    with pytest.raises(TokenInvalid):
        read_refresh(pair.refresh)


def test_a_fallback_of_the_secret_key_is_none_of_a_signing_key_of_its_own(at_noon, settings, sign_with):
    settings.SECRET_KEY_FALLBACKS = [OTHER_KEY]
    sign_with(OTHER_KEY)
    pair = issue()

    sign_with("the-projects-own-signing-key-that-is-long-enough")

    with pytest.raises(TokenInvalid):
        read_access(pair.access)
    with pytest.raises(TokenInvalid):
        read_refresh(pair.refresh)


def test_a_fallback_key_signs_nothing(at_noon, settings):
    settings.SECRET_KEY_FALLBACKS = [OTHER_KEY]

    pair = issue()

    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(pair.access, OTHER_KEY, algorithms=["HS256"])


def test_an_expired_refresh_of_a_fallback_key_still_reads(at_noon, settings, sign_with):
    sign_with(OTHER_KEY)
    pair = issue()
    sign_with(settings.SECRET_KEY)
    settings.SECRET_KEY_FALLBACKS = [OTHER_KEY]

    at_noon.shift(timedelta(days=8))

    assert read_refresh(pair.refresh) == RefreshClaims(SESSION, 0, epoch(NOON) + WEEK)


def test_the_same_arguments_give_the_same_refresh_at_any_time():
    first = issue(generation=4)
    again = issue(generation=4, now=NOON + timedelta(seconds=20))

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


@pytest.mark.parametrize("host", [timedelta(days=-1), timedelta(hours=-1), timedelta(days=8)])
def test_the_hosts_clock_changes_nothing(at_noon, host):
    at_noon.shift(host)

    pair = issue()

    assert (pair.expires_in, pair.refresh_expires_in) == (300, WEEK)
    assert read_access(pair.access) == ACCESS
    assert read_refresh(pair.refresh).expires_at == epoch(NOON) + WEEK


@pytest.mark.parametrize(
    ("seconds", "is_past"), [(-1, False), (0, False), (29.9, False), (30, True), (31, True)]
)
def test_a_token_is_past_after_its_leeway(seconds, is_past):
    assert tokens.is_past(epoch(NOON), NOON + timedelta(seconds=seconds)) is is_past


@pytest.mark.parametrize("ago", [timedelta(seconds=-1), timedelta(hours=-1)])
def test_code_that_knows_only_simple_jwt_accepts_a_token_of_a_host_that_is_ahead(at_noon, ago):
    pair = issue()

    at_noon.shift(ago)

    assert AccessToken(pair.access)["wx_session"] == SESSION


def test_a_token_of_the_version_before_reads_although_it_says_when_it_was_issued(at_noon):
    pair = issue()
    later = {"iat": epoch(NOON) + 60}

    assert read_access(signed(claims(pair.access) | later)) == ACCESS
    assert read_refresh(signed(claims(pair.refresh) | later)).generation == 0


@pytest.mark.parametrize(
    ("algorithm", "keys"),
    [("HS256", ["today", "yesterday"]), ("HS512", ["today", "yesterday"]), ("RS256", [])],
)
def test_only_shared_keys_are_symmetric(monkeypatch, settings, algorithm, keys):
    monkeypatch.setattr(tokens.api_settings, "ALGORITHM", algorithm)
    monkeypatch.setattr(tokens.api_settings, "SIGNING_KEY", "today")
    settings.SECRET_KEY = "today"
    settings.SECRET_KEY_FALLBACKS = ["yesterday"]

    assert [key.reveal() for key in tokens.symmetric_keys()] == keys


def test_a_signing_key_of_its_own_has_fallbacks_of_its_own(monkeypatch, settings, configure):
    monkeypatch.setattr(tokens.api_settings, "SIGNING_KEY", "today")
    settings.SECRET_KEY_FALLBACKS = ["django's"]
    configure(SIGNING_KEY_FALLBACKS=["yesterday"])

    assert [key.reveal() for key in tokens.symmetric_keys()] == ["today", "yesterday"]


def test_where_an_asymmetric_algorithm_signs_the_backend_is_simple_jwts_own_and_stays(monkeypatch):
    monkeypatch.setattr(tokens.api_settings, "ALGORITHM", "RS256")

    first, second = (tokens._SessionRefreshToken().get_token_backend() for _ in range(2))

    assert first is second is token_backend
