"""Errors and log lines never hold the secret, the code or the session_key."""

import logging
import socket
import struct
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.wechat.conftest import SECRET, eventually
from tests.wechat.peer import GOOD, answer
from wxlogin.secret import Secret
from wxlogin.wechat.errors import TooManyInFlight, WeChatError
from wxlogin.wechat.results import Code2Session

CODE = "0716AVll20uHk94SLDml27etM946AVlq"
SECRETS = [SECRET, CODE, GOOD["session_key"], GOOD["session_key"].rstrip("=")]

THE_URL_AGAIN = b"<the request target>"


def echoes(data):
    """A peer whose answer quotes the requested URL, with the secret in it."""

    def behave(visit):
        while head := visit.read_request():
            visit.send(data.replace(THE_URL_AGAIN, head.split(b" ")[1]))
            if b"Content-Length" not in data:
                return

    return behave


def resets(visit):
    visit.read_request()
    visit.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hangs(visit):
    visit.read_request()
    visit.wait()


BEHAVIOURS = {
    "success": echoes(answer()),
    "errcode": echoes(
        answer({"errcode": 40029, "errmsg": f"invalid {CODE}, rid: 617833f5-4d39a245-36d3a896"})
    ),
    "busy": echoes(answer({"errcode": -1, "errmsg": f"system error {SECRET}"})),
    "no openid": echoes(answer({"session_key": GOOD["session_key"]})),
    "odd errcode": echoes(answer({**GOOD, "errcode": SECRET})),
    "broken JSON": echoes(answer(b'{"session_key":"%s", "at":"' % GOOD["session_key"].encode())),
    "page": echoes(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nX-Was: <the request target>\r\n\r\n"),
    "redirect": echoes(
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:1<the request target>\r\n\r\n"
    ),
    "broken redirect": echoes(
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://[<the request target>\r\n\r\n"
    ),
    "broken status line": echoes(b"<the request target>\r\n\r\n"),
    "broken status": echoes(b"HTTP/1.1 <the request target>\r\n\r\n"),
    "broken chunk": echoes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n<the request target>\r\n"),
    "broken headers": echoes(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n<the request target>\r\nCookie: %s\r\n\r\n{}"
        % GOOD["session_key"].encode()
    ),
    "body among the headers": echoes(
        b'HTTP/1.1 200 OK\r\n{"session_key":"%s"}\r\nContent-Length: 2\r\n\r\n{}'
        % GOOD["session_key"].encode()
    ),
    "broken cookie": echoes(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=<the request target>; expires=x\r\n\r\n{}"
    ),
    "cut short": echoes(answer()[:-3].replace(b"Content-Length", b"Content-length")),
    "reset": resets,
    "timeout": hangs,
}


@pytest.fixture
def outcome_of(caplog):
    """A function that makes one call and returns its result or error, with all log lines in ``caplog``."""
    caplog.set_level(logging.DEBUG)
    for name in (
        "urllib3",
        "urllib3.connection",
        "urllib3.connectionpool",
        "urllib3.util.retry",
        "requests",
        "http.client",
    ):
        caplog.set_level(logging.DEBUG, logger=name)

    def call(client):
        try:
            return client.code2session(Secret(CODE))
        except WeChatError as exc:
            return exc

    return call


def texts_of(record):
    """Every text that a handler could print from a log line."""
    yield record.getMessage()
    yield repr(vars(record))
    yield logging.Formatter().format(record)


def texts_of_error(error):
    """Every text that a handler, a debugger or a crash report without locals could print from an error."""
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        yield from (str(error), repr(error), repr(error.args))
        yield "".join(traceback.format_exception(error))
        error = error.__cause__ or error.__context__


def assert_holds_no_secret(texts):
    texts = list(texts)
    assert texts
    for text in texts:
        for secret in SECRETS:
            assert secret not in text


@pytest.mark.parametrize("behave", BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_no_secret_is_logged_or_raised(behave, make_peer, make_client, outcome_of, caplog):
    client = make_client(make_peer(behave).url)

    outcome = outcome_of(client)

    assert caplog.records
    assert_holds_no_secret(text for record in caplog.records for text in texts_of(record))
    assert_holds_no_secret([repr(client), repr(outcome), str(outcome)])
    if isinstance(outcome, WeChatError):
        assert_holds_no_secret(texts_of_error(outcome))


def test_each_behaviour_has_the_outcome_of_its_name(make_peer, make_client, outcome_of):
    kinds = {
        name: type(outcome_of(make_client(make_peer(behave).url))).__name__
        for name, behave in BEHAVIOURS.items()
    }

    assert kinds == {
        "success": "Code2Session",
        "errcode": "InvalidCode",
        "busy": "SystemBusy",
        "no openid": "BadResponse",
        "odd errcode": "BadResponse",
        "broken JSON": "BadResponse",
        "page": "BadResponse",
        "redirect": "BadResponse",
        "broken redirect": "BadResponse",
        "broken status line": "WeChatUnavailable",
        "broken status": "WeChatUnavailable",
        "broken chunk": "WeChatUnavailable",
        "broken headers": "BadResponse",
        "body among the headers": "BadResponse",
        "broken cookie": "BadResponse",
        "cut short": "WeChatUnavailable",
        "reset": "WeChatUnavailable",
        "timeout": "WeChatTimeout",
    }


def test_a_refused_connection_names_no_url(wechat, make_client, outcome_of, caplog):
    wechat.stop()

    outcome = outcome_of(make_client(wechat.url))

    assert type(outcome).__name__ == "NotSent"
    assert_holds_no_secret(text for record in caplog.records for text in texts_of(record))
    assert_holds_no_secret(texts_of_error(outcome))


def test_a_refused_certificate_names_no_url(
    make_answering_peer, make_client, certificates, outcome_of, caplog
):
    peer = make_answering_peer(tls=certificates.elsewhere)

    outcome = outcome_of(make_client(peer.url, ca_bundle=certificates.ca))

    assert type(outcome).__name__ == "WeChatUnavailable"
    assert_holds_no_secret(text for record in caplog.records for text in texts_of(record))
    assert_holds_no_secret(texts_of_error(outcome))


def test_headers_cut_at_the_deadline_name_no_url(make_peer, make_client, outcome_of, caplog):
    def stops_inside_a_header(visit):
        visit.read_request()
        visit.send(b"HTTP/1.1 200 OK\r\nContent-")
        visit.wait()

    client = make_client(make_peer(stops_inside_a_header).url, concurrency=1)

    outcome = outcome_of(client)

    assert type(outcome).__name__ == "WeChatTimeout"
    # The worker of the first call has ended by now, so it has logged everything.
    eventually(lambda: not_full(outcome_of(client)))
    assert_holds_no_secret(text for record in caplog.records for text in texts_of(record))


def not_full(outcome):
    if isinstance(outcome, TooManyInFlight):
        raise outcome
    return outcome


def test_too_many_calls_in_flight_names_no_url(make_peer, make_client, outcome_of):
    peer = make_peer(hangs)
    client = make_client(peer.url, concurrency=1)
    with ThreadPoolExecutor(1) as callers:
        callers.submit(outcome_of, client)
        while not peer.requests:
            time.sleep(0.005)

        outcome = outcome_of(client)

    assert isinstance(outcome, TooManyInFlight)
    assert_holds_no_secret(texts_of_error(outcome))


def test_urls_are_logged_with_their_secrets_masked(make_answering_peer, make_client, outcome_of, caplog):
    outcome_of(make_client(make_answering_peer().url))

    [line] = [message for message in caplog.messages if "jscode2session" in message]
    assert "appid=wx00000000000000cc&secret=***&js_code=***&grant_type=authorization_code" in line


@pytest.mark.parametrize("name", ["urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry"])
def test_other_lines_of_urllib3_are_left_alone(caplog, name):
    caplog.set_level(logging.DEBUG, logger=name)

    logging.getLogger(name).info("Resetting dropped connection: %s", "api.weixin.qq.com")

    assert caplog.records[-1].args == ("api.weixin.qq.com",)
    assert caplog.messages[-1] == "Resetting dropped connection: api.weixin.qq.com"


def test_a_session_shows_no_key():
    session = Code2Session("o-alice", Secret(GOOD["session_key"]), "u-alice")

    assert repr(session) == "Code2Session(openid='o-alice', session_key=***, unionid='u-alice')"
