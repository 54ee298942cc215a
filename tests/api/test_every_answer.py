"""Every answer of the API follows the same rules, whatever the settings of the project."""

import re
from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, InternalError, OperationalError, connection
from django.urls import get_resolver
from django.utils import translation

from tests.conftest import Api
from wxlogin.api.errors import ANSWERS, CODES
from wxlogin.exceptions import WxLoginError
from wxlogin.log import RequestIdFilter
from wxlogin.wechat.errors import WeChatError

CALLS = [
    ("post", "login/"),
    ("post", "token/refresh/"),
    ("post", "logout/"),
    ("get", "me/"),
    ("put", "me/"),
    ("delete", "me/"),
    ("post", "me/avatar/"),
    ("get", "me/export/"),
    ("get", "session-key/"),
    ("post", "session-key/check/"),
    ("post", "session-key/reset/"),
    ("post", "open-data/"),
    ("post", "phone/"),
    ("get", "events/abc/"),
    ("post", "events/abc/"),
    ("get", "sessions/"),
    ("delete", "sessions/abc/"),
    ("get", "nowhere/"),
    ("get", "me"),
    ("post", ""),
    ("delete", "login/"),
    ("options", "login/"),
    ("patch", "me/"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("known", [True, False])
def test_it_is_json_not_to_be_stored_and_carries_the_request_id(
    api: Api, method: str, path: str, known: bool
) -> None:
    if known:
        api = api.log_in()

    answer = api.call(method, path, headers={"X-Request-ID": "trace-7.a_B", "Accept": "text/html"})

    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Request-ID"] == "trace-7.a_B"
    assert answer.status_code == 204 or answer["Content-Type"] == "application/json"
    if answer.status_code >= 400:
        assert answer.json()["code"] in ANSWERS
        assert ANSWERS[answer.json()["code"]].status == answer.status_code


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "é", "a\tb", "<script>"])
def test_an_odd_request_id_is_replaced(api: Api, sent: str) -> None:
    answer = api.get("me/", headers={"X-Request-ID": sent})

    assert re.fullmatch(r"[0-9a-f]{32}", answer["X-Request-ID"])


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "nowhere/", 404, "not_found"),
        ("post", "login", 404, "not_found"),
        ("get", "login/", 405, "method_not_allowed"),
        ("options", "me/", 405, "method_not_allowed"),
        ("patch", "me/", 405, "method_not_allowed"),
        ("delete", "logout/", 405, "method_not_allowed"),
    ],
)
def test_wrong_paths_and_methods_get_our_refusals(
    alice: Api, method: str, path: str, status: int, code: str
) -> None:
    answer = alice.call(method, path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_every_code_that_an_exception_carries_has_an_answer() -> None:
    def all_below(kind: type) -> set[type]:
        return {kind}.union(*(all_below(each) for each in kind.__subclasses__()))

    carried = {kind.code for root in (WxLoginError, WeChatError) for kind in all_below(root)} - {""}

    assert carried | set(CODES.values()) | {"internal_error"} == set(ANSWERS)


@pytest.mark.parametrize(
    ("language", "word"), [("zh-CN", "令牌"), ("zh-Hans", "令牌"), ("en", "token"), ("fr", "token")]
)
def test_the_sentence_is_in_the_callers_language(api: Api, language: str, word: str) -> None:
    answer = api.get("me/", headers={"Accept-Language": language})

    assert word in answer.json()["detail"]


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_every_sentence_is_translated(name: str) -> None:
    with translation.override("en"):
        english = str(ANSWERS[name].detail)
    with translation.override("zh-hans"):
        chinese = str(ANSWERS[name].detail)

    assert english != chinese
    assert re.search(r"[\u4e00-\u9fff]", chinese)


class BrokenDatabase:
    def __init__(self, problem: Exception) -> None:
        self.problem = problem

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        raise self.problem


@pytest.mark.parametrize(
    "problem",
    [
        OperationalError("server closed the connection"),
        InterfaceError("connection already closed"),
        InternalError("cannot execute INSERT in a read-only transaction"),
        DatabaseError("server closed the connection"),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("post", "login/"), ("post", "token/refresh/"), ("get", "me/")])
def test_a_database_that_is_gone_is_a_503(
    alice: Api, method: str, path: str, problem: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"code": alice.wechat.code_for("o-alice"), "refresh": alice.tokens["refresh"]}

    with connection.execute_wrapper(BrokenDatabase(problem)):
        answer = alice.call(method, path, body if method == "post" else None, headers={"X-Request-ID": "r-9"})

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert answer["Retry-After"]
    assert f"storage unavailable problem={type(problem).__name__} request_id=r-9" in caplog.text


def test_the_request_id_is_in_every_line_about_a_call(alice: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(RequestIdFilter())
    caplog.clear()

    alice.get("me/", access="nonsense", headers={"X-Request-ID": "r-1"})
    alice.post("logout/", headers={"X-Request-ID": "r-2"})

    assert [(record.name, record.request_id) for record in caplog.records] == [
        ("django.request", "r-1"),
        ("wxlogin", "r-2"),
    ]


def test_a_refused_verb_is_not_offered(alice: Api) -> None:
    answer = alice.call("options", "login/")

    assert (answer.status_code, answer["Allow"]) == (405, "POST")


@pytest.mark.parametrize("problem", [OperationalError("gone"), InterfaceError("gone")])
def test_a_refusal_by_wechat_is_answered_although_the_database_is_gone(api: Api, problem: Exception) -> None:
    api.wechat.fault(errcode=40226)
    code = api.wechat.code_for("o-alice")

    with connection.execute_wrapper(BrokenDatabase(problem)):
        answer = api.send_code(code)

    assert answer.json()["code"] == "user_blocked"


def test_every_route_is_tested_here() -> None:
    mounted = next(p for p in get_resolver().url_patterns if str(p.pattern) == "api/wechat/")
    routes = {re.sub("<.*>", "abc", str(pattern.pattern)) for pattern in mounted.url_patterns}

    assert routes <= {path for _, path in CALLS}
