"""Faults of WeChat: each becomes one of the documented answers."""

from typing import Any

import pytest

from tests.conftest import Api
from wxlogin.models import LoginFailure, LoginSession


@pytest.fixture(autouse=True)
def _impatient(configure: Any) -> None:
    configure(UPSTREAM_DEADLINE=0.5)


@pytest.mark.parametrize(
    ("fault", "status", "code", "calls"),
    [
        ({"errcode": 40029}, 401, "code_invalid", 1),
        ({"errcode": "40029"}, 401, "code_invalid", 1),
        ({"errcode": 40163}, 401, "code_invalid", 1),
        ({"errcode": 40226}, 403, "user_blocked", 1),
        ({"errcode": 45011}, 429, "wechat_too_frequent", 1),
        ({"errcode": 40013}, 502, "wechat_misconfigured", 1),
        ({"errcode": 40125}, 502, "wechat_misconfigured", 1),
        ({"errcode": 40164}, 502, "wechat_misconfigured", 1),
        ({"errcode": 50002}, 502, "wechat_misconfigured", 1),
        ({"errcode": 99999}, 502, "wechat_bad_response", 1),
        ({"errcode": -1}, 503, "wechat_unavailable", 2),
        ({"status": 500}, 502, "wechat_bad_response", 1),
        ({"status": 302}, 502, "wechat_bad_response", 1),
        ({"body": ""}, 502, "wechat_bad_response", 1),
        ({"body": "<html><body>502 Bad Gateway</body></html>"}, 502, "wechat_bad_response", 1),
        ({"body": "[]"}, 502, "wechat_bad_response", 1),
        ({"body": "[" * 60_000}, 502, "wechat_bad_response", 1),
        (
            {"body": '{"openid": "o-alice", "session_key": "' + "x" * 300_000 + '"}'},
            502,
            "wechat_bad_response",
            1,
        ),
        ({"body": '{"session_key": "AAAAAAAAAAAAAAAAAAAAAA=="}'}, 502, "wechat_bad_response", 1),
        ({"body": '{"openid": 7, "session_key": "k"}'}, 502, "wechat_bad_response", 1),
        ({"body": '{"openid": "", "session_key": "k"}'}, 502, "wechat_bad_response", 1),
        ({"body": '{"openid": "o-\\u0000", "session_key": "k"}'}, 502, "wechat_bad_response", 1),
        ({"body": '{"openid": "%s", "session_key": "k"}' % ("o" * 65)}, 502, "wechat_bad_response", 1),
        ({"body": '{"openid": "o-alice"}'}, 502, "wechat_bad_response", 1),
        ({"body": '{"openid": "o", "session_key": "k", "unionid": 1}'}, 502, "wechat_bad_response", 1),
        ({"body": '{"errcode": "busy"}'}, 502, "wechat_bad_response", 1),
        ({"reset": True}, 503, "wechat_unavailable", 1),
        ({"delay": 5}, 504, "wechat_timeout", 1),
        ({"drip": 0.1}, 504, "wechat_timeout", 1),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_login_that_wechat_spoils(
    api: Api, fault: dict[str, Any], status: int, code: str, calls: int
) -> None:
    api.wechat.fault(**fault)

    answer = api.send_code()

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "detail"}
    assert ("Retry-After" in answer) == (status in {429, 503})
    assert len(api.wechat.calls) == calls
    assert LoginFailure.objects.get().code == code
    assert not LoginSession.objects.exists()


def test_a_wechat_that_is_down_is_unavailable(api: Api) -> None:
    code = api.wechat.code_for("o-alice")
    api.wechat.stop()

    answer = api.send_code(code)

    assert (answer.status_code, answer.json()["code"]) == (503, "wechat_unavailable")


def test_a_busy_wechat_is_asked_once_more(api: Api) -> None:
    api.wechat.fault(errcode=-1, times=1)

    answer = api.send_code()

    assert answer.status_code == 200
    assert len(api.wechat.calls) == 2


def test_a_login_costs_one_upstream_call(api: Api) -> None:
    api.send_code()

    assert [call.path for call in api.wechat.calls] == ["/sns/jscode2session"]


def test_the_wrong_secret_is_the_operators_mistake(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.wechat.fault(errcode=40125)

    api.send_code()

    [record] = [record for record in caplog.records if record.name == "wxlogin"]
    failure = LoginFailure.objects.get()
    assert record.levelname == "ERROR"
    assert "errcode=40125" in record.getMessage()
    assert failure.rid
    assert f"rid={failure.rid}" in record.getMessage()


def test_a_failure_says_who_asked_when_and_what_wechat_said(api: Api) -> None:
    api.wechat.fault(errcode=40226)

    headers = {"X-Request-ID": "r-1", "X-Wxlogin-Client": "0.1.0"}
    api.post("login/", {"code": "c"}, headers=headers, REMOTE_ADDR="203.0.113.9")

    failure = LoginFailure.objects.get()
    assert (failure.ip, failure.errcode, failure.request_id) == ("203.0.113.9", 40226, "r-1")
    assert failure.client == "0.1.0"
    assert failure.rid.count("-") == 2


def test_wechats_errmsg_is_neither_answered_nor_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.wechat.fault(body='{"errcode": 40164, "errmsg": "invalid ip 198.51.100.7, not in whitelist"}')

    answer = api.send_code()

    assert b"198.51.100.7" not in answer.content
    assert "198.51.100.7" not in caplog.text
