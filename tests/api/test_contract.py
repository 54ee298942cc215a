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


def refused(code: str, **members: Any) -> dict[str, Any]:
    return {"code": code, "detail": "No.", **members}


def answered(path: str, status: int, body: Any, **headers: str | None) -> HttpResponse:
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
        ("get", answered("me/", 200, ME)),
        ("get", answered("me/", 200, {**ME, "avatar": "https://example.com/a.png"})),
        ("head", answered("me/", 200, None)),
        ("delete", answered("me/", 204, None)),
        ("get", answered("me/", 401, refused("token_invalid"))),
        ("get", answered("me/", 401, refused("session_ended", reason="expired"))),
        ("get", answered("me/", 503, refused("storage_unavailable"))),
        ("patch", answered("me/", 405, refused("method_not_allowed"), Allow="GET")),
        ("options", answered("me/", 401, refused("token_invalid"))),
        ("get", answered("nowhere/", 404, refused("not_found"))),
        ("post", answered("sessions/a b/", 404, refused("not_found"))),
        ("post", answered("login/", 400, refused("invalid_request", fields={"code": ["Why?"]}))),
        ("post", answered("login/", 403, refused("account_disabled"))),
        ("post", answered("login/", 403, refused("account_disabled", reason="Spam"))),
    ],
)
def test_an_answer_within_the_contract_passes(method: str, answer: HttpResponse) -> None:
    contract.check(method, answer)


@pytest.mark.parametrize(
    ("method", "answer", "problem"),
    [
        ("get", answered("me/", 200, {**ME, "openid": "o"}), "'openid' was unexpected"),
        ("get", answered("me/", 200, {"id": 1}), "required property"),
        ("get", answered("me/", 200, {**ME, "id": "1"}), "not of type 'integer'"),
        ("get", answered("me/", 200, {**ME, "nickname": None}), "not of type 'string'"),
        ("get", answered("me/", 200, {**ME, "created_at": "2026-03-01T08:00:00+08:00"}), "date-time"),
        ("get", answered("me/", 200, {**ME, "created_at": "yesterday"}), "date-time"),
        ("get", answered("me/", 200, {**ME, "avatar": "/media/a.png"}), "uri"),
        ("get", answered("me/", 200, [ME]), "not of type 'object'"),
        ("get", answered("me/", 200, ME, Content_Type="text/html"), "is text/html"),
        ("get", answered("me/", 200, ME, X_Request_ID=None), "no X-Request-ID"),
        ("get", answered("me/", 200, ME, X_Request_ID="a b"), "X-Request-ID"),
        ("get", answered("me/", 200, ME, Cache_Control="public"), "Cache-Control"),
        ("get", answered("me/", 201, ME), "no such status"),
        ("get", answered("me/", 500, {}), "no such status"),
        ("get", answered("me/", 404, refused("not_found")), "no such status"),
        ("get", answered("me/", 429, refused("throttled")), "no such status"),
        ("delete", answered("me/", 204, {}), "has a body"),
        ("get", answered("me/", 401, refused("code_invalid")), "is not one of"),
        ("get", answered("me/", 401, refused("session_ended")), "'reason' is a required property"),
        ("get", answered("me/", 401, refused("session_ended", reason="boredom")), "is not one of"),
        ("get", answered("me/", 401, refused("token_invalid", reason="expired")), "should not be valid"),
        ("get", answered("me/", 401, refused("token_invalid", hint="look")), "was unexpected"),
        ("get", answered("me/", 401, {"code": "token_invalid"}), "'detail' is a required property"),
        ("get", answered("me/", 401, refused("token_invalid"), WWW_Authenticate=None), "no WWW-Authenticate"),
        ("get", answered("me/", 503, refused("storage_unavailable"), Retry_After=None), "no Retry-After"),
        ("get", answered("me/", 503, refused("storage_unavailable"), Retry_After="soon"), "Retry-After"),
        ("get", answered("me/", 503, refused("storage_unavailable"), Retry_After="0"), "Retry-After"),
        ("get", answered("me/", 503, refused("wechat_unavailable")), "is not one of"),
        ("post", answered("login/", 400, refused("invalid_request")), "'fields' is a required property"),
        ("post", answered("login/", 400, refused("unknown_app", fields={})), "should not be valid"),
        ("post", answered("login/", 400, refused("open_data_invalid")), "is not one of"),
        ("patch", answered("me/", 200, ME), "no such status"),
        ("patch", answered("me/", 405, refused("method_not_allowed")), "no Allow"),
        ("patch", answered("me/", 400, refused("invalid_request", fields={})), "no such status"),
        ("get", answered("login/", 429, refused("wechat_misconfigured")), "is not one of"),
        ("get", answered("nowhere/", 200, {}), "no such status"),
        ("get", answered("nowhere/", 404, refused("token_invalid")), "is not one of"),
    ],
)
def test_an_answer_outside_the_contract_is_found(method: str, answer: HttpResponse, problem: str) -> None:
    with pytest.raises(contract.NotInTheContract, match=problem):
        contract.check(method, answer)


def test_every_call_of_a_test_is_checked(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MeView, "serialize_user", lambda view, person: {**ME, "session_key": "made-up"})

    with pytest.raises(contract.NotInTheContract, match="'session_key' was unexpected"):
        alice.get("me/")
