"""code2Session: what the platform answers, and what the client makes of it."""

import json
import time

import pytest

from tests.wechat.conftest import APPID, SECRET
from tests.wechat.peer import GOOD, answer
from wxlogin.wechat.client import WeChatClient
from wxlogin.wechat.errors import (
    ERRCODES,
    BadResponse,
    CodeUsed,
    InvalidCode,
    Misconfigured,
    NotSent,
    SystemBusy,
    WeChatError,
    WeChatTimeout,
    WeChatUnavailable,
)
from wxlogin.wechat.results import Code2Session

PATH = "/sns/jscode2session"
KEY = GOOD["session_key"]


def says(wechat, body, times=None):
    """Put ``body`` in place of the answer: text as it is, anything else as JSON."""
    wechat.fault(body=body if isinstance(body, str) else json.dumps(body), times=times)


# Success


def test_a_code_becomes_a_session(wechat, client):
    wechat.person("o-alice", unionid="u-alice")

    session = client.code2session(wechat.code_for("o-alice"))

    assert session == Code2Session("o-alice", wechat.session_key_of("o-alice", APPID), "u-alice")


def test_what_is_sent_is_what_the_platform_documents(client, make_answering_peer, make_client):
    peer = make_answering_peer()

    make_client(peer.url).code2session("a code/+&=阿")

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
    says(wechat, {**GOOD, **unionid})

    assert client.code2session("any") == Code2Session("o-alice", KEY, "")


@pytest.mark.parametrize("no_error", [{"errcode": 0, "errmsg": "ok"}, {"errcode": "0"}, {"errcode": None}])
def test_errcode_0_is_no_error(wechat, client, no_error):
    says(wechat, {**no_error, **GOOD})

    assert client.code2session("any").openid == "o-alice"


def test_unknown_keys_are_ignored(wechat, client):
    says(wechat, {**GOOD, "expires_in": 7200, "is_limit": False, "nested": {"openid": "o-bob"}})

    assert client.code2session("any") == Code2Session("o-alice", KEY)


def test_an_escaped_slash_in_the_key_is_a_slash(wechat, client):
    says(wechat, r'{"session_key":"\/IkZjlZpIUAFICUVPmWbmw==","openid":"o-alice"}')

    assert client.code2session("any").session_key == "/IkZjlZpIUAFICUVPmWbmw=="


@pytest.mark.parametrize(
    "nickname", [b"\x01\x02\n\t", b"\xff\xfe\xd8", "阿丽".encode()], ids=["control", "not UTF-8", "Chinese"]
)
def test_odd_bytes_beside_what_we_want_do_no_harm(make_answering_peer, make_client, nickname):
    body = b'{"nickname":"' + nickname + b'","openid":"o-alice","session_key":"' + KEY.encode() + b'"}'
    peer = make_answering_peer(answer(body))

    assert make_client(peer.url).code2session("any") == Code2Session("o-alice", KEY)


@pytest.mark.parametrize("openid", ["o", "o" * 64, "oVBkZ0aYgDMDIywRdgPW8-joxXc4", "o_-.~"])
def test_an_openid_may_be_any_short_word(wechat, client, openid):
    says(wechat, {**GOOD, "openid": openid, "unionid": openid})

    session = client.code2session("any")

    assert (session.openid, session.unionid) == (openid, openid)


# Refusals


@pytest.mark.parametrize(("errcode", "kind"), [*ERRCODES.items(), (40030, BadResponse), (99999, BadResponse)])
def test_an_errcode_becomes_its_error(wechat, client, errcode, kind):
    wechat.fault(errcode=errcode)

    with pytest.raises(WeChatError) as caught:
        client.code2session("any")

    error = caught.value
    assert type(error) is kind
    assert (error.errcode, error.path) == (errcode, PATH)
    assert str(error) == f"{PATH}: errcode {errcode}, rid {error.rid}"
    assert len(error.rid) == 26


@pytest.mark.parametrize("errcode", ["40029", 40029])
def test_an_errcode_may_come_as_text(wechat, client, errcode):
    wechat.fault(errcode=errcode)

    with pytest.raises(InvalidCode) as caught:
        client.code2session("any")

    assert caught.value.errcode == 40029


def test_minus_one_may_come_as_text(wechat, client):
    wechat.fault(errcode="-1")

    with pytest.raises(SystemBusy):
        client.code2session("any")


def test_a_spent_code_says_so(wechat, client):
    code = wechat.code_for("o-alice")
    client.code2session(code)

    with pytest.raises(CodeUsed):
        client.code2session(code)


@pytest.mark.parametrize(
    "errcode",
    [
        True,
        False,
        [],
        [40029],
        {},
        0.0,
        40029.0,
        float("nan"),
        "",
        "forty",
        "-",
        "--1",
        "+40029",
        "40029 ",
        "4_0029",
        "²",
        "9" * 12,
        "9" * 60_000,
        2**31,
        -(2**31) - 1,
        10**300,
        "2147483648",
    ],
)
def test_an_errcode_that_is_no_number_is_a_bad_response(wechat, client, errcode):
    says(wechat, {**GOOD, "errcode": errcode})

    with pytest.raises(BadResponse) as caught:
        client.code2session("any")

    assert caught.value.errcode is None
    assert str(caught.value) == f"{PATH}: errcode is no number"


@pytest.mark.parametrize(
    "errmsg", [None, 7, [], {}, ["rid: 617833f5-4d39a245-36d3a896"], "\ud800", "x" * 60_000]
)
def test_an_errmsg_may_be_anything(wechat, client, errmsg):
    says(wechat, {"errcode": 40013, "errmsg": errmsg})

    with pytest.raises(Misconfigured) as caught:
        client.code2session("any")

    assert str(caught.value) == f"{PATH}: errcode 40013"
    assert len(caught.value.errmsg) <= 500


@pytest.mark.parametrize("depth", [100, *range(800, 1000, 10), 30_000])
def test_a_nested_errmsg_is_no_trap(wechat, client, depth):
    says(wechat, '{"errcode":40013,"errmsg":' + "[" * depth + "]" * depth + "}")

    with pytest.raises((Misconfigured, BadResponse)):
        client.code2session("any")


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "<html><body>系统维护</body></html>",
        "null",
        "true",
        "40029",
        '"o-alice"',
        "[]",
        json.dumps([GOOD]),
        json.dumps(GOOD)[:-1],
        json.dumps(GOOD) * 2,
        "\ufeff" + json.dumps(GOOD),
        "[" * 60_000,
        '{"a":' * 12_000,
        '{"errcode":' + "9" * 5000 + "}",
        "\0",
    ],
)
def test_anything_but_one_json_object_is_a_bad_response(wechat, client, body):
    says(wechat, body)

    with pytest.raises(BadResponse, match="not a JSON object") as caught:
        client.code2session("any")

    assert caught.value.__context__ is None


ODD_TEXT = [
    pytest.param(7, id="number"),
    pytest.param(True, id="bool"),
    pytest.param(["o-alice"], id="list"),
    pytest.param({"a": "o-alice"}, id="object"),
    pytest.param(" ", id="blank"),
    pytest.param("o alice", id="space"),
    pytest.param("o-alice\n", id="newline"),
    pytest.param("o\0alice", id="NUL"),
    pytest.param("o-alice\x7f", id="DEL"),
    pytest.param("o-阿丽", id="Chinese"),
    pytest.param("o-\u202ealice", id="bidirectional"),
    pytest.param("o-\ud800", id="half a character"),
]
EMPTY = [pytest.param("", id="empty"), pytest.param(None, id="null")]
FALSY = [pytest.param(value, id=f"falsy {value}") for value in (0, False, [], {})]


@pytest.mark.parametrize("openid", [*ODD_TEXT, *EMPTY, *FALSY, "o" * 65])
def test_an_openid_that_is_no_word_is_a_bad_response(wechat, client, openid):
    says(wechat, {**GOOD, "openid": openid})

    with pytest.raises(BadResponse, match="no usable openid"):
        client.code2session("any")


@pytest.mark.parametrize("session_key", [*ODD_TEXT, *EMPTY, *FALSY, "k" * 513])
def test_a_session_key_that_is_no_word_is_a_bad_response(wechat, client, session_key):
    says(wechat, {**GOOD, "session_key": session_key})

    with pytest.raises(BadResponse, match="no usable session_key"):
        client.code2session("any")


@pytest.mark.parametrize("unionid", [*ODD_TEXT, *FALSY, "u" * 65])
def test_a_unionid_that_is_no_word_is_a_bad_response(wechat, client, unionid):
    says(wechat, {**GOOD, "unionid": unionid})

    with pytest.raises(BadResponse, match="no usable unionid"):
        client.code2session("any")


@pytest.mark.parametrize("missing", ["openid", "session_key"])
def test_a_session_without_its_parts_is_a_bad_response(wechat, client, missing):
    says(wechat, {name: value for name, value in GOOD.items() if name != missing})

    with pytest.raises(BadResponse, match=f"no usable {missing}"):
        client.code2session("any")


@pytest.mark.parametrize("status", [201, 204, 302, 304, 400, 403, 404, 429, 500, 502, 503, 599])
def test_any_status_but_200_is_a_bad_response(wechat, client, status):
    wechat.fault(status=status, body=json.dumps(GOOD) if status not in (204, 304) else "")

    with pytest.raises(BadResponse, match=f"HTTP {status}"):
        client.code2session("any")


def test_a_code_that_no_url_can_carry_is_an_error_of_ours(wechat, client):
    with pytest.raises(WeChatError) as caught:
        client.code2session("made-up-code-\ud800")

    assert "made-up" not in repr(caught.value)
    assert wechat.calls == []


# One call


def test_a_code_is_sent_once(wechat, client):
    client.code2session(wechat.code_for("o-alice"))

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
        make_client(wechat.url).code2session(wechat.code_for("o-alice"))

    time.sleep(0.3)  # longer than the pause before a second attempt
    assert len(wechat.calls) == 1


def test_a_code_that_met_a_busy_wechat_is_sent_again(wechat, client):
    wechat.fault(errcode=-1, times=1)

    session = client.code2session(wechat.code_for("o-alice"))

    assert session.openid == "o-alice"
    assert len(wechat.calls) == 2


def test_a_wechat_that_stays_busy_is_asked_twice(wechat, client):
    wechat.fault(errcode=-1)

    with pytest.raises(SystemBusy) as caught:
        client.code2session(wechat.code_for("o-alice"))

    assert len(wechat.calls) == 2
    assert caught.value.__context__ is None


def test_a_second_attempt_may_say_something_else(wechat, client):
    wechat.fault(errcode=40029)
    wechat.fault(errcode=-1, times=1)

    with pytest.raises(InvalidCode) as caught:
        client.code2session("any")

    assert len(wechat.calls) == 2
    assert caught.value.__context__ is None


def test_a_refused_connection_is_tried_again(wechat, client, monkeypatch):
    code = wechat.code_for("o-alice")
    wechat.stop()
    monkeypatch.setattr("wxlogin.wechat.client.time.sleep", lambda pause: wechat.start())

    session = client.code2session(code)

    assert session.openid == "o-alice"
    assert len(wechat.calls) == 1


def test_a_connection_that_stays_refused_is_tried_twice(wechat, client, monkeypatch):
    pauses = []
    monkeypatch.setattr("wxlogin.wechat.client.time.sleep", pauses.append)
    wechat.stop()

    with pytest.raises(NotSent, match="no connection"):
        client.code2session("any")

    assert len(pauses) == 1


def test_a_host_nobody_knows_was_not_asked(make_client):
    with pytest.raises((NotSent, WeChatTimeout)):
        make_client("http://wechat.invalid").code2session("any")


def test_both_attempts_share_one_deadline(wechat, make_client):
    wechat.fault(delay=30)
    wechat.fault(errcode=-1, times=1)
    started = time.monotonic()

    with pytest.raises(WeChatTimeout):
        make_client(wechat.url, deadline=0.6).code2session("any")

    assert time.monotonic() - started < 0.6 + 0.3
    assert len(wechat.calls) == 2


def test_there_is_no_second_attempt_without_time_for_it(wechat, make_client):
    wechat.fault(errcode=-1)
    started = time.monotonic()

    with pytest.raises(SystemBusy):
        make_client(wechat.url, deadline=0.19).code2session("any")

    assert time.monotonic() - started < 0.19
    assert len(wechat.calls) == 1


def test_a_client_shows_its_app_only():
    client = WeChatClient(APPID, SECRET, transport=None, access_tokens=None)

    assert repr(client) == f"<WeChatClient {APPID}>"
