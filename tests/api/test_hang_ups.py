"""Clients that hang up in the middle of a body, and bodies that somebody else has read. ``tests/projects`` has real servers."""

import logging
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from django.core.signals import got_request_exception
from django.test import Client

from tests.api.pushes import EVENTS, JSON, message, query
from tests.conftest import Api
from wxlogin.models import ReceivedPush

FORM = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="avatar"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG'
ENDPOINTS = [
    ("post", "login/", JSON, b'{"code": "x'),
    ("post", "token/refresh/", JSON, b'{"refresh": "x'),
    ("post", "logout/", JSON, b'{"every'),
    ("put", "me/", JSON, b'{"nickname": "'),
    ("post", "open-data/", JSON, b'{"iv": "'),
    ("post", "phone/", JSON, b'{"code": "'),
    ("post", "me/avatar/", FORM, PART),
    ("post", EVENTS, JSON, b'{"Event": "'),
]


class Cut(BytesIO):
    """A body of which ``sent`` has come. Then the server raises ``error``, or says that it was all."""

    def __init__(self, sent: bytes, error: OSError | None) -> None:
        super().__init__(sent)
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        part = super().read(size)
        if not part and self._error and size:
            raise self._error
        if self._error and size and len(part) < size:
            raise self._error
        return part


ERRORS = [
    None,
    ConnectionResetError(104, "Connection reset by peer"),
    BrokenPipeError(),
    TimeoutError("timed out"),
    OSError("error during read(4000) on wsgi.input"),
]


@pytest.fixture
def reported() -> Iterator[list[Any]]:
    """The exceptions that crash reporters hear of."""
    seen: list[Any] = []

    def listen(**kwargs: Any) -> None:
        seen.append(kwargs)

    got_request_exception.connect(listen)
    yield seen
    got_request_exception.disconnect(listen)


@pytest.mark.parametrize("proxies", [0, 1])
@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize(("method", "path", "kind", "sent"), ENDPOINTS, ids=lambda value: str(value)[:20])
def test_a_client_that_hangs_up_is_nobodys_bug(
    alice: Api,
    configure: Callable[..., None],
    reported: list[Any],
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    kind: str,
    sent: bytes,
    error: OSError | None,
    proxies: int,
) -> None:
    configure(TRUSTED_PROXIES=proxies)
    caplog.set_level(logging.INFO)

    answer = alice.call(
        method, path, sent, content_type=kind, CONTENT_LENGTH="4000", **{"wsgi.input": Cut(sent, error)}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert not reported
    lines = [each for each in caplog.records if each.levelno > logging.INFO]
    assert [(each.levelname, each.exc_info) for each in lines] == [("WARNING", None)]


def test_a_push_that_is_cut_after_what_could_be_read_is_not_taken(alice: Api, plain_mode: None) -> None:
    """Refuse it, since nothing signs a body in plain mode. WeChat hears no answer, and sends all of it again."""
    sent = b"<xml><MsgType>event</MsgType><Event>x</Event><Con"

    answer = alice.call(
        "post",
        EVENTS,
        sent,
        access="",
        content_type="text/xml",
        query_params=query(),
        CONTENT_LENGTH="4000",
        **{"wsgi.input": Cut(sent, None)},
    )

    assert answer.status_code == 400
    assert not ReceivedPush.objects.exists()


@pytest.mark.parametrize("length", ["abc", "-5", "1e3", "", "0x10", "９"])
@pytest.mark.parametrize(("path", "statuses"), [("login/", {400}), ("me/avatar/", {400}), (EVENTS, {403})])
def test_a_length_that_is_no_number_is_no_body(
    alice: Api, reported: list[Any], path: str, statuses: set[int], length: str
) -> None:
    kind = FORM if "avatar" in path else JSON

    answer = alice.call("post", path, b'{"code": "x"}', content_type=kind, CONTENT_LENGTH=length)

    assert answer.status_code in statuses
    assert not reported


def read_body(get_response: Any) -> Any:
    """A middleware that reads the body as Django has it, which can be read again."""

    def middleware(request: Any) -> Any:
        assert request.body
        return get_response(request)

    return middleware


def read_stream(get_response: Any) -> Any:
    """A middleware that reads the stream, so that nothing is left for anybody else."""

    def middleware(request: Any) -> Any:
        request.read()
        return get_response(request)

    return middleware


@pytest.fixture
def behind(alice: Api, settings: Any) -> Callable[[Any], Api]:
    """Return a function that puts a middleware before the views, and a client of Alice's that comes through it."""

    def behind(middleware: Any) -> Api:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.{middleware.__name__}"]
        return Api(alice.wechat, alice.tokens, Client(raise_request_exception=False))

    return behind


def push(api: Api) -> Any:
    return api.call("post", EVENTS, message("x"), access="", content_type=JSON, query_params=query())


def test_a_body_that_a_middleware_has_read_is_read_again(behind: Any, plain_mode: None) -> None:
    alice = behind(read_body)

    assert alice.put("me/", {"nickname": "Alice"}).json()["nickname"] == "Alice"
    assert push(alice).content == b"success"


def test_a_body_that_a_middleware_has_used_up_is_a_bug_of_the_project(
    behind: Any, plain_mode: None, reported: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    alice = behind(read_stream)

    answers = [alice.put("me/", {"nickname": "Alice"}), push(alice)]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [(500, "internal_error")] * 2
    assert len(reported) == 2
    assert caplog.text.count("internal error problem=RawPostDataException") == 2
