"""Exceptions that nobody foresaw: the answer is JSON, and crash reporters and the log are told once."""

import logging
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import sentry_sdk
from asgiref.sync import async_to_sync
from django.core.signals import got_request_exception
from django.http import RawPostDataException
from django.test import AsyncClient, Client
from sentry_sdk.transport import Transport

from tests.conftest import API, Api
from tests.helpers.signals import connected
from wxlogin.api import base, throttling, views
from wxlogin.services import sessions


class Unforeseen(Exception):
    pass


class KeptEvents(Transport):
    """The events that Sentry would get."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Any] = []

    def capture_envelope(self, envelope: Any) -> None:
        self.events.append(envelope.get_event())


def fail(*args: Any, **kwargs: Any) -> Any:
    raise Unforeseen("nobody foresaw this")


@pytest.fixture
def client() -> Client:
    """A client that gets the answer. Django's own raises the exception in its place."""
    return Client(raise_request_exception=False)


@pytest.fixture
def reported() -> Iterator[list[type[BaseException] | None]]:
    """The classes of exceptions that a crash reporter sees."""
    seen: list[type[BaseException] | None] = []

    def listen(**kwargs: Any) -> None:
        seen.append(sys.exc_info()[0])

    got_request_exception.connect(listen)
    yield seen
    got_request_exception.disconnect(listen)


def in_the_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views.MeView, "get", fail)


def in_the_authentication(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "authenticate", fail)


def in_a_throttle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views.MeView, "throttle_classes", [throttling.LoginThrottle])
    monkeypatch.setattr(throttling, "seconds_to_wait", fail)


def in_the_serializer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views.MeView, "serialize_user", fail)


def in_the_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    """A project's ``USER_SERIALIZER`` may show a text that can't be encoded: half a surrogate pair."""
    monkeypatch.setattr(views.MeView, "serialize_user", lambda self, wechat_user: {"nickname": "\ud800"})


def in_the_final_touches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail in DRF's code after the handler, outside of what DRF itself catches."""
    finalize = views.MeView.finalize_response

    def fail_once(self: Any, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        return fail() if response.status_code == 200 else finalize(self, request, response, *args, **kwargs)

    monkeypatch.setattr(views.MeView, "finalize_response", fail_once)


def before_drf_catches_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base.WeChatView, "initialize_request", fail)


def before_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "request_deadline", fail)


def in_the_choice_of_a_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "translation", SimpleNamespace(get_language_from_request=fail))


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    "break_it",
    [
        before_drf_catches_anything,
        before_the_deadline,
        in_the_choice_of_a_language,
        in_the_handler,
        in_the_authentication,
        in_a_throttle,
        in_the_serializer,
        in_the_rendering,
        in_the_final_touches,
    ],
)
def test_it_is_an_internal_error_in_json(
    alice: Api,
    break_it: Callable[..., None],
    debug: bool,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    reported: list[Any],
) -> None:
    settings.DEBUG = debug
    break_it(monkeypatch)

    answer = alice.get("me/", headers={"X-Request-ID": "r-7"})

    assert (answer.status_code, answer["Content-Type"]) == (500, "application/json")
    assert answer.json() == {
        "code": "internal_error",
        "detail": "Something went wrong here. Try again later.",
    }
    assert (answer["Cache-Control"], answer["X-Request-ID"]) == ("no-store", "r-7")
    (kind,) = reported
    (line,) = [record for record in caplog.records if record.exc_info]
    assert (line.name, line.levelno, line.exc_info[0]) == ("wxlogin", logging.ERROR, kind)
    assert f"internal error problem={kind.__name__} request_id=r-7" in caplog.text
    assert "Traceback (most recent call last)" in caplog.text


def test_it_is_the_same_under_asgi(api: Api, monkeypatch: pytest.MonkeyPatch, reported: list[Any]) -> None:
    monkeypatch.setattr(views.LoginView, "post", fail)
    client = AsyncClient(raise_request_exception=False)

    answer = async_to_sync(client.post)(f"{API}login/", {})

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert reported == [Unforeseen]


def test_a_projects_own_tests_see_the_exception(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views.MeView, "get", fail)
    alice.client = Client()

    with pytest.raises(Unforeseen):
        alice.get("me/")


def test_a_crash_reporter_captures_it_once(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = KeptEvents()
    sentry_sdk.init(dsn="https://key@sentry.invalid/1", transport=kept)
    monkeypatch.setattr(views.MeView, "get", fail)

    try:
        alice.get("me/")
    finally:
        sentry_sdk.init()

    (event,) = kept.events
    assert event["exception"]["values"][-1]["type"] == "Unforeseen"


def test_a_crash_reporter_that_fails_costs_nobody_the_answer(
    alice: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(views.MeView, "get", fail)
    seen = []

    def report(**kwargs: Any) -> None:
        seen.append(sys.exc_info()[0])
        raise ConnectionError("the reporter is down")

    with connected(got_request_exception, report):
        answer = alice.get("me/")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert seen == [Unforeseen]
    assert "internal error problem=Unforeseen" in caplog.text
    assert "crash reporter failed problem=ConnectionError" in caplog.text


def reads_the_body(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A middleware of a project, which has read the body and a form's fields before the view is called."""

    def middleware(request: Any) -> Any:
        assert b"PLANTED" in request.body
        assert request.content_type == "application/json" or request.POST["code"] == "PLANTED"
        return get_response(request)

    return middleware


def in_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views.LoginView, "post", fail)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("application/json", '{"code": "PLANTED"}'), ("application/x-www-form-urlencoded", "code=PLANTED")],
)
@pytest.mark.parametrize("break_it", [before_drf_catches_anything, before_the_deadline, in_the_login])
@pytest.mark.parametrize("is_read_before", [False, True])
def test_no_report_has_the_body(
    api: Api,
    content_type: str,
    body: str,
    break_it: Callable[..., None],
    is_read_before: bool,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if is_read_before:
        settings.MIDDLEWARE = [f"{__name__}.reads_the_body", *settings.MIDDLEWARE]
    break_it(monkeypatch)
    kept = KeptEvents()
    sentry_sdk.init(dsn="https://key@sentry.invalid/1", transport=kept)
    client = Client(raise_request_exception=False)

    try:
        answer = client.post(API + "login/", body, content_type=content_type)
    finally:
        sentry_sdk.init()

    assert answer.json()["code"] == "internal_error"
    (event,) = kept.events
    assert "PLANTED" not in repr(event)
    request = answer.wsgi_request
    assert not request.POST
    with pytest.raises(RawPostDataException):
        request.body  # noqa: B018


@pytest.mark.parametrize(
    "path", ["", "me", "nowhere", "nowhere/", "sessions/é/", "sessions/a/b/", "events/", "%00", "%ff/"]
)
@pytest.mark.parametrize("debug", [False, True])
def test_a_path_that_matches_nothing_is_json(api: Api, path: str, debug: bool, settings: Any) -> None:
    settings.DEBUG = debug

    for method in ("get", "post", "put", "delete", "patch", "options"):
        answer = api.call(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("charset", ["rot13", "idna", "utf-16", "undefined", "nonsense"])
@pytest.mark.parametrize("path", ["login/", "me/avatar/", "events/abc/"])
def test_an_odd_charset_is_no_internal_error(alice: Api, path: str, charset: str) -> None:
    form = b'--b\r\nContent-Disposition: form-data; name="avatar"\r\n\r\n\xff\r\n--b--\r\n'
    headers = {"Authorization": f"Bearer {alice.tokens['access']}"}

    for kind in ("application/json", "multipart/form-data; boundary=b", "text/xml"):
        answer = alice.client.generic("POST", API + path, form, f"{kind}; charset={charset}", headers=headers)
        assert answer.status_code in {400, 403, 415}, answer.content
