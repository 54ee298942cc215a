"""The check of answers against the schema, in tests/helpers/contract.py, finds each difference."""

from typing import Any

import pytest
from django.http import HttpResponse, JsonResponse
from django.test import RequestFactory

from tests.conftest import API, Api
from tests.helpers import contract
from wxlogin.api.views import MeView

ME = {"id": 1, "nickname": "", "avatar": None, "phone_bound": False, "created_at": "2026-03-01T08:00:00Z"}
GOOD = {"Cache-Control": "no-store", "X-Request-ID": "r-1", "WWW-Authenticate": "Bearer", "Retry-After": "5"}


def refusal(code: str, **members: Any) -> dict[str, Any]:
    return {"code": code, "detail": "No.", **members}


def make_answer(path: str, status: int, body: Any, **headers: str | None) -> HttpResponse:
    """An answer with the API's usual headers. ``headers`` replaces some of them, and None leaves one out."""
    answer = HttpResponse() if body is None else JsonResponse(body, safe=False)
    answer.status_code = status
    answer.wsgi_request = RequestFactory().get(API + path)
    for name, value in {**GOOD, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        if value is not None:
            answer.headers[name] = value
    return answer


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("get", make_answer("me/", 200, ME)),
        ("get", make_answer("me/", 200, {**ME, "avatar": "https://example.com/a.png"})),
        ("head", make_answer("me/", 200, None)),
        ("delete", make_answer("me/", 204, None)),
        ("get", make_answer("me/", 401, refusal("token_invalid"))),
        ("get", make_answer("me/", 401, refusal("session_ended", reason="expired"))),
        ("get", make_answer("me/", 503, refusal("storage_unavailable"))),
        ("patch", make_answer("me/", 405, refusal("method_not_allowed"), Allow="GET")),
        ("options", make_answer("me/", 401, refusal("token_invalid"))),
        ("get", make_answer("nowhere/", 404, refusal("not_found"))),
        ("post", make_answer("sessions/a b/", 404, refusal("not_found"))),
        ("post", make_answer("login/", 400, refusal("invalid_request", fields={"code": ["Why?"]}))),
        ("post", make_answer("login/", 403, refusal("account_disabled"))),
        ("post", make_answer("login/", 403, refusal("account_disabled", reason="Spam"))),
    ],
)
def test_an_answer_within_the_contract_passes(method: str, answer: HttpResponse) -> None:
    contract.check(method, answer)


@pytest.mark.parametrize(
    ("method", "answer", "problem"),
    [
        ("get", make_answer("me/", 200, {**ME, "openid": "o"}), "'openid' was unexpected"),
        ("get", make_answer("me/", 200, {"id": 1}), "required property"),
        ("get", make_answer("me/", 200, {**ME, "id": "1"}), "not of type 'integer'"),
        ("get", make_answer("me/", 200, {**ME, "nickname": None}), "not of type 'string'"),
        ("get", make_answer("me/", 200, {**ME, "created_at": "2026-03-01T08:00:00+08:00"}), "date-time"),
        ("get", make_answer("me/", 200, {**ME, "created_at": "yesterday"}), "date-time"),
        ("get", make_answer("me/", 200, {**ME, "avatar": "/media/a.png"}), "uri"),
        ("get", make_answer("me/", 200, [ME]), "not of type 'object'"),
        ("get", make_answer("me/", 200, ME, Content_Type="text/html"), "is text/html"),
        ("get", make_answer("me/", 200, ME, X_Request_ID=None), "no X-Request-ID"),
        ("get", make_answer("me/", 200, ME, X_Request_ID="a b"), "X-Request-ID"),
        ("get", make_answer("me/", 200, ME, Cache_Control="public"), "Cache-Control"),
        ("get", make_answer("me/", 201, ME), "no such status"),
        ("get", make_answer("me/", 502, {}), "no such status"),
        ("get", make_answer("me/", 404, refusal("not_found")), "no such status"),
        ("get", make_answer("me/", 429, refusal("throttled")), "no such status"),
        ("delete", make_answer("me/", 204, {}), "has a body"),
        ("get", make_answer("me/", 401, refusal("code_invalid")), "is not one of"),
        ("get", make_answer("me/", 401, refusal("session_ended")), "'reason' is a required property"),
        ("get", make_answer("me/", 401, refusal("session_ended", reason="boredom")), "is not one of"),
        ("get", make_answer("me/", 401, refusal("token_invalid", reason="expired")), "should not be valid"),
        ("get", make_answer("me/", 401, refusal("token_invalid", hint="look")), "was unexpected"),
        ("get", make_answer("me/", 401, {"code": "token_invalid"}), "'detail' is a required property"),
        (
            "get",
            make_answer("me/", 401, refusal("token_invalid"), WWW_Authenticate=None),
            "no WWW-Authenticate",
        ),
        ("get", make_answer("me/", 503, refusal("storage_unavailable"), Retry_After=None), "no Retry-After"),
        ("get", make_answer("me/", 503, refusal("storage_unavailable"), Retry_After="soon"), "Retry-After"),
        ("get", make_answer("me/", 503, refusal("storage_unavailable"), Retry_After="0"), "Retry-After"),
        ("get", make_answer("me/", 503, refusal("wechat_unavailable")), "is not one of"),
        ("post", make_answer("login/", 400, refusal("invalid_request")), "'fields' is a required property"),
        ("post", make_answer("login/", 400, refusal("unknown_app", fields={})), "should not be valid"),
        ("post", make_answer("login/", 400, refusal("open_data_invalid")), "is not one of"),
        ("patch", make_answer("me/", 200, ME), "no such status"),
        ("patch", make_answer("me/", 405, refusal("method_not_allowed")), "no Allow"),
        ("patch", make_answer("me/", 400, refusal("invalid_request", fields={})), "no such status"),
        ("get", make_answer("login/", 429, refusal("wechat_misconfigured")), "is not one of"),
        ("get", make_answer("nowhere/", 200, {}), "no such status"),
        ("get", make_answer("nowhere/", 404, refusal("token_invalid")), "is not one of"),
    ],
)
def test_an_answer_outside_the_contract_is_found(method: str, answer: HttpResponse, problem: str) -> None:
    with pytest.raises(contract.NotInTheContract, match=problem):
        contract.check(method, answer)


def test_every_call_of_a_test_is_checked(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MeView, "serialize_user", lambda view, person: {**ME, "session_key": "made-up"})

    with pytest.raises(contract.NotInTheContract, match="'session_key' was unexpected"):
        alice.get("me/")
