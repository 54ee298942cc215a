import base64
import hashlib
import hmac
import re

import pytest

CHECK, RESET = "/wxa/checksession", "/wxa/resetusersessionkey"
OK = {"errcode": 0, "errmsg": "ok"}

both = pytest.mark.parametrize("path", [CHECK, RESET])


@pytest.fixture
def ask(client, access_token):
    """Call ``path`` with a signature by ``session_key``. A parameter set to None is left out."""

    def ask(path, session_key, **params):
        signature = hmac.new(session_key.encode(), b"", hashlib.sha256).hexdigest()
        defaults = {"access_token": access_token, "openid": "o-alice", "signature": signature}
        given = defaults | {"sig_method": "hmac_sha256"} | params
        return client.get(path, **{name: value for name, value in given.items() if value is not None})

    return ask


@pytest.fixture
def session_key(fake, exchange):
    """Alice's live session_key."""
    return exchange(fake.code_for("o-alice", "wx-shop"))["session_key"]


def test_the_live_key_is_good(ask, session_key):
    reply = ask(CHECK, session_key)

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json; encoding=utf-8")
    assert reply.json() == OK


def test_a_reset_brings_a_new_key_that_is_live_at_once(fake, ask, session_key):
    answer = ask(RESET, session_key).json()

    assert list(answer) == ["errcode", "errmsg", "openid", "session_key"]
    assert answer | OK | {"openid": "o-alice"} == answer
    assert len(base64.b64decode(answer["session_key"], validate=True)) == 16
    assert fake.session_key_of("o-alice", "wx-shop") == answer["session_key"] != session_key
    assert ask(CHECK, answer["session_key"]).json() == OK
    assert ask(CHECK, session_key).json()["errcode"] == 87009


def test_a_login_from_before_the_reset_does_not_undo_it(fake, ask, exchange):
    older = fake.code_for("o-alice", "wx-shop")
    answer = ask(RESET, fake.session_key_of("o-alice", "wx-shop")).json()

    exchange(older)

    assert fake.session_key_of("o-alice", "wx-shop") == answer["session_key"]


@both
def test_the_key_of_an_earlier_login_is_outdated(fake, ask, session_key, path):
    fake.code_for("o-alice", "wx-shop")

    refusal = ask(path, session_key).json()

    assert refusal["errcode"] == 87009
    assert re.fullmatch("invalid signature rid: [0-9a-f-]{26}", refusal["errmsg"])


@both
def test_a_key_of_somebody_else_is_refused(fake, ask, session_key, exchange, path):
    bobs_key = exchange(fake.code_for("o-bob", "wx-shop"))["session_key"]

    assert ask(path, bobs_key).json()["errcode"] == 87009
    assert fake.session_key_of("o-alice", "wx-shop") == session_key


@both
def test_a_signature_with_the_decoded_key_is_refused(ask, session_key, path):
    decoded = hmac.new(base64.b64decode(session_key), b"", hashlib.sha256).hexdigest()

    assert ask(path, session_key, signature=decoded).json()["errcode"] == 87009


@both
@pytest.mark.parametrize("signature", ["", None, "阿丽"])
def test_an_invalid_signature_is_refused(ask, session_key, path, signature):
    assert ask(path, session_key, signature=signature).json()["errcode"] == 87009


@both
def test_an_expired_key_stays_dead_until_the_next_login(fake, ask, session_key, path):
    fake.expire_session_key("o-alice")

    assert ask(path, session_key).json()["errcode"] == 87007
    assert ask(path, session_key).json()["errcode"] == 87007
    fake.code_for("o-alice", "wx-shop")
    assert ask(path, fake.session_key_of("o-alice", "wx-shop")).json()["errcode"] == 0


@both
def test_a_person_who_never_logged_in_has_no_key(fake, ask, path):
    fake.person(openid="o-alice")

    assert ask(path, "any").json()["errcode"] == 87007


@both
@pytest.mark.parametrize("openid", ["o-stranger", "", None])
def test_an_unknown_openid_is_refused(ask, session_key, path, openid):
    assert ask(path, session_key, openid=openid).json()["errcode"] == 40003


@both
def test_an_openid_is_known_in_the_app_of_the_login_only(ask, session_key, stable_token, path):
    other_token = stable_token(appid="wx-other")["access_token"]

    assert ask(path, session_key, access_token=other_token).json()["errcode"] == 40003


@both
@pytest.mark.parametrize("sig_method", ["hmac_sha1", "", None])
def test_only_one_way_to_sign_is_supported(ask, session_key, path, sig_method):
    assert ask(path, session_key, sig_method=sig_method).json()["errcode"] == 87008


@both
@pytest.mark.parametrize(("bad_token", "errcode"), [(None, 41001), ("made-up", 40001)])
def test_the_access_token_comes_first(ask, path, bad_token, errcode):
    refusal = ask(path, "any", access_token=bad_token, sig_method=None, openid=None).json()

    assert refusal["errcode"] == errcode


@both
def test_a_post_is_refused(client, path):
    assert client.post(path).json()["errcode"] == 43001


@both
def test_a_fault_stands_in_for_the_answer_and_leaves_the_key(fake, ask, session_key, path):
    fake.fault(path, errcode=-1, times=1)

    assert ask(path, session_key).json()["errcode"] == -1
    assert ask(path, session_key).json()["errcode"] == 0
