"""code2Session: what is sent, what becomes of a good answer, and when a call is retried."""

import time

import pytest

from tests.wechat.code2session import KEY, PATH, answer_with
from tests.wechat.conftest import APPID, SECRET
from tests.wechat.peer import GOOD, answer
from wxlogin.secret import Secret
from wxlogin.wechat.errors import (
    BadResponse,
    CodeUsed,
    InvalidCode,
    NotSent,
    SystemBusy,
    WeChatError,
    WeChatTimeout,
    WeChatUnavailable,
)
from wxlogin.wechat.results import Code2Session


def test_a_code_becomes_a_session(wechat, client):
    wechat.person("o-alice", unionid="u-alice")

    session = client.code2session(Secret(wechat.code_for("o-alice")))

    assert session == Code2Session("o-alice", Secret(wechat.session_key_of("o-alice", APPID)), "u-alice")


def test_what_is_sent_is_what_the_platform_documents(client, make_answering_peer, make_client):
    peer = make_answering_peer()

    make_client(peer.url).code2session(Secret("a code/+&=阿"))

    [head] = peer.requests
    lines = head.decode().split("\r\n")
    assert lines[0] == (
        f"GET {PATH}?appid={APPID}&secret={SECRET}&js_code=a+code%2F%2B%26%3D%E9%98%BF"
        "&grant_type=authorization_code HTTP/1.1"
    )
    assert {line.partition(":")[0].lower() for line in lines[1:] if line} == {
        "host",
        "user-agent",
        "accept-encoding",
    }


@pytest.mark.parametrize("unionid", [{}, {"unionid": None}, {"unionid": ""}])
def test_somebody_without_unionid_has_an_empty_one(wechat, client, unionid):
    answer_with(wechat, {**GOOD, **unionid})

    assert client.code2session(Secret("any")) == Code2Session("o-alice", Secret(KEY), "")


@pytest.mark.parametrize("no_error", [{"errcode": 0, "errmsg": "ok"}, {"errcode": "0"}, {"errcode": None}])
def test_errcode_0_is_no_error(wechat, client, no_error):
    answer_with(wechat, {**no_error, **GOOD})

    assert client.code2session(Secret("any")).openid == "o-alice"


def test_unknown_keys_are_ignored(wechat, client):
    answer_with(wechat, {**GOOD, "expires_in": 7200, "is_limit": False, "nested": {"openid": "o-bob"}})

    assert client.code2session(Secret("any")) == Code2Session("o-alice", Secret(KEY))


def test_an_escaped_slash_in_the_key_is_a_slash(wechat, client):
    answer_with(wechat, r'{"session_key":"\/IkZjlZpIUAFICUVPmWbmw==","openid":"o-alice"}')

    assert client.code2session(Secret("any")).session_key == Secret("/IkZjlZpIUAFICUVPmWbmw==")


@pytest.mark.parametrize(
    "nickname", [b"\x01\x02\n\t", b"\xff\xfe\xd8", "阿丽".encode()], ids=["control", "not UTF-8", "Chinese"]
)
def test_odd_bytes_outside_the_members_that_we_read_do_no_harm(make_answering_peer, make_client, nickname):
    body = b'{"nickname":"' + nickname + b'","openid":"o-alice","session_key":"' + KEY.encode() + b'"}'
    peer = make_answering_peer(answer(body))

    assert make_client(peer.url).code2session(Secret("any")) == Code2Session("o-alice", Secret(KEY))


@pytest.mark.parametrize("openid", ["o", "o" * 64, "oVBkZ0aYgDMDIywRdgPW8-joxXc4", "o_-.~"])
def test_an_openid_may_be_any_short_word(wechat, client, openid):
    answer_with(wechat, {**GOOD, "openid": openid, "unionid": openid})

    session = client.code2session(Secret("any"))

    assert (session.openid, session.unionid) == (openid, openid)


def test_a_code_is_sent_once(wechat, client):
    client.code2session(Secret(wechat.code_for("o-alice")))

    assert len(wechat.calls) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"errcode": 40029}, InvalidCode),
        ({"errcode": 40163}, CodeUsed),
        ({"errcode": 45011}, WeChatError),
        ({"errcode": 99999}, BadResponse),
        ({"delay": 30}, WeChatTimeout),
        ({"drip": 0.05}, WeChatTimeout),
        ({"reset": True}, WeChatUnavailable),
        ({"body": "<html></html>"}, BadResponse),
        ({"body": ""}, BadResponse),
        ({"status": 500}, BadResponse),
        ({"status": 503}, BadResponse),
    ],
)
def test_a_code_that_may_be_spent_is_not_sent_again(wechat, make_client, fault, kind):
    wechat.fault(**fault)

    with pytest.raises(kind):
        make_client(wechat.url).code2session(Secret(wechat.code_for("o-alice")))

    # Longer than the pause before a retry.
    time.sleep(0.3)
    assert len(wechat.calls) == 1


def test_a_code_that_met_a_busy_wechat_is_sent_again(wechat, client):
    wechat.fault(errcode=-1, times=1)

    session = client.code2session(Secret(wechat.code_for("o-alice")))

    assert session.openid == "o-alice"
    assert len(wechat.calls) == 2


def test_a_wechat_that_stays_busy_is_asked_twice(wechat, client):
    wechat.fault(errcode=-1)

    with pytest.raises(SystemBusy) as caught:
        client.code2session(Secret(wechat.code_for("o-alice")))

    assert len(wechat.calls) == 2
    assert caught.value.__context__ is None


def test_a_second_attempt_may_say_something_else(wechat, client):
    wechat.fault(errcode=40029)
    wechat.fault(errcode=-1, times=1)

    with pytest.raises(InvalidCode) as caught:
        client.code2session(Secret("any"))

    assert len(wechat.calls) == 2
    assert caught.value.__context__ is None


def test_a_refused_connection_is_tried_again(wechat, client, monkeypatch):
    code = wechat.code_for("o-alice")
    wechat.stop()
    monkeypatch.setattr("wxlogin.wechat.client.time.sleep", lambda pause: wechat.start())

    session = client.code2session(Secret(code))

    assert session.openid == "o-alice"
    assert len(wechat.calls) == 1


def test_a_connection_that_stays_refused_is_tried_twice(wechat, client, monkeypatch):
    pauses = []
    monkeypatch.setattr("wxlogin.wechat.client.time.sleep", pauses.append)
    wechat.stop()

    with pytest.raises(NotSent, match="no connection"):
        client.code2session(Secret("any"))

    assert len(pauses) == 1


def test_an_unknown_host_name_counts_as_not_sent(make_client):
    with pytest.raises((NotSent, WeChatTimeout)):
        make_client("http://wechat.invalid").code2session(Secret("any"))


def test_both_attempts_share_one_deadline(wechat, make_client):
    wechat.fault(delay=30)
    wechat.fault(errcode=-1, times=1)
    started = time.monotonic()

    with pytest.raises(WeChatTimeout):
        make_client(wechat.url, deadline=0.6).code2session(Secret("any"))

    assert time.monotonic() - started < 0.6 + 0.3
    assert len(wechat.calls) == 2


def test_there_is_no_second_attempt_without_time_for_it(wechat, make_client):
    wechat.fault(errcode=-1)
    started = time.monotonic()

    with pytest.raises(SystemBusy):
        make_client(wechat.url, deadline=0.19).code2session(Secret("any"))

    assert time.monotonic() - started < 0.19
    assert len(wechat.calls) == 1
