"""code2Session: WeChat's errcodes, and answers that can't be used."""

import json

import pytest

from tests.wechat.code2session import PATH, answer_with
from tests.wechat.peer import GOOD
from wxlogin.secret import Secret
from wxlogin.wechat.errors import (
    ERRCODES,
    BadResponse,
    CodeUsed,
    InvalidCode,
    Misconfigured,
    SystemBusy,
    WeChatError,
)


@pytest.mark.parametrize(("errcode", "kind"), [*ERRCODES.items(), (40030, BadResponse), (99999, BadResponse)])
def test_an_errcode_becomes_its_error(wechat, client, errcode, kind):
    wechat.fault(errcode=errcode)

    with pytest.raises(WeChatError) as caught:
        client.code2session(Secret("any"))

    error = caught.value
    assert type(error) is kind
    assert (error.errcode, error.path) == (errcode, PATH)
    assert str(error) == f"{PATH}: errcode {errcode}, rid {error.rid}"
    assert len(error.rid) == 26


@pytest.mark.parametrize("errcode", ["40029", 40029])
def test_an_errcode_may_come_as_text(wechat, client, errcode):
    wechat.fault(errcode=errcode)

    with pytest.raises(InvalidCode) as caught:
        client.code2session(Secret("any"))

    assert caught.value.errcode == 40029


def test_minus_one_may_come_as_text(wechat, client):
    wechat.fault(errcode="-1")

    with pytest.raises(SystemBusy):
        client.code2session(Secret("any"))


def test_a_spent_code_says_so(wechat, client):
    code = wechat.code_for("o-alice")
    client.code2session(Secret(code))

    with pytest.raises(CodeUsed):
        client.code2session(Secret(code))


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
    answer_with(wechat, {**GOOD, "errcode": errcode})

    with pytest.raises(BadResponse) as caught:
        client.code2session(Secret("any"))

    assert caught.value.errcode is None
    assert str(caught.value) == f"{PATH}: errcode is no number"


@pytest.mark.parametrize(
    "errmsg", [None, 7, [], {}, ["rid: 617833f5-4d39a245-36d3a896"], "\ud800", "x" * 60_000]
)
def test_an_errmsg_may_be_anything(wechat, client, errmsg):
    answer_with(wechat, {"errcode": 40013, "errmsg": errmsg})

    with pytest.raises(Misconfigured) as caught:
        client.code2session(Secret("any"))

    assert str(caught.value) == f"{PATH}: errcode 40013"
    assert len(caught.value.errmsg) <= 500


@pytest.mark.parametrize("depth", [100, *range(800, 1000, 10), 30_000])
def test_a_nested_errmsg_still_gives_a_wechat_error(wechat, client, depth):
    answer_with(wechat, '{"errcode":40013,"errmsg":' + "[" * depth + "]" * depth + "}")

    with pytest.raises((Misconfigured, BadResponse)):
        client.code2session(Secret("any"))


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
    answer_with(wechat, body)

    with pytest.raises(BadResponse, match="not a JSON object") as caught:
        client.code2session(Secret("any"))

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
    answer_with(wechat, {**GOOD, "openid": openid})

    with pytest.raises(BadResponse, match="no usable openid"):
        client.code2session(Secret("any"))


@pytest.mark.parametrize("session_key", [*ODD_TEXT, *EMPTY, *FALSY, "k" * 513])
def test_a_session_key_that_is_no_word_is_a_bad_response(wechat, client, session_key):
    answer_with(wechat, {**GOOD, "session_key": session_key})

    with pytest.raises(BadResponse, match="no usable session_key"):
        client.code2session(Secret("any"))


@pytest.mark.parametrize("unionid", [*ODD_TEXT, *FALSY, "u" * 65])
def test_a_unionid_that_is_no_word_is_a_bad_response(wechat, client, unionid):
    answer_with(wechat, {**GOOD, "unionid": unionid})

    with pytest.raises(BadResponse, match="no usable unionid"):
        client.code2session(Secret("any"))


@pytest.mark.parametrize("missing", ["openid", "session_key"])
def test_a_session_without_its_parts_is_a_bad_response(wechat, client, missing):
    answer_with(wechat, {name: value for name, value in GOOD.items() if name != missing})

    with pytest.raises(BadResponse, match=f"no usable {missing}"):
        client.code2session(Secret("any"))


@pytest.mark.parametrize("status", [201, 204, 302, 304, 400, 403, 404, 429, 500, 502, 503, 599])
def test_any_status_but_200_is_a_bad_response(wechat, client, status):
    wechat.fault(status=status, body=json.dumps(GOOD) if status not in (204, 304) else "")

    with pytest.raises(BadResponse, match=f"HTTP {status}"):
        client.code2session(Secret("any"))


def test_a_code_that_no_url_can_carry_is_an_error_of_ours(wechat, client):
    with pytest.raises(WeChatError) as caught:
        client.code2session(Secret("made-up-code-\ud800"))

    assert "made-up" not in repr(caught.value)
    assert wechat.calls == []
