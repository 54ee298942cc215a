"""``deploy/nginx.conf`` in a real nginx, in front of the real project."""

import json
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from django.utils import translation

from tests.helpers.slow_clients import SLOW_BODY, SlowClients, dripping
from wxlogin.api.errors import ANSWERS
from wxlogin.fakewechat import FakeWeChat

from .calls import BOUND, Answer, call
from .servers import Site, nginx_command, running_nginx, write_configuration

JSON = {"Content-Type": "application/json"}
LOGIN = "/api/wechat/login/"
AVATAR = "/api/wechat/me/avatar/"
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh-CN,zh;q=0.9"])


def log_in(site: Site, fake: FakeWeChat, headers: dict[str, str], source: str = "127.0.0.1") -> Answer:
    body = json.dumps({"code": fake.code_for("o-alice")}).encode()
    return call(site, "POST", LOGIN, body, {**JSON, **headers}, source=source)


def assert_is_our_refusal(answer: Answer, code: str, language: str) -> None:
    """Fail unless nginx answers as wxlogin itself would."""
    expected = ANSWERS[code]
    with translation.override("zh-hans" if language.startswith("zh") else "en"):
        assert answer.json() == {"code": code, "detail": str(expected.detail)}
    assert answer.status == expected.status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-ID"]
    assert expected.headers.keys() <= {*answer.headers}


def test_nginx_finds_no_fault_with_it(nginx: str, tmp_path: Path) -> None:
    write_configuration(tmp_path)

    outcome = subprocess.run(  # noqa: S603  our own command line
        nginx_command(nginx, tmp_path, "-t"), capture_output=True, text=True, check=False
    )

    assert outcome.returncode == 0, outcome.stderr
    assert "[warn]" not in outcome.stderr


def test_a_login_knows_the_clients_address_whatever_the_client_says(site: Site, fake: FakeWeChat) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "X-Real-IP": "203.0.113.9"}

    answer = log_in(site, fake, forged, source="127.0.0.7")

    assert answer.status == 200, answer.text
    token = {"Authorization": f"Bearer {answer.json()['access']}"}
    [current] = [
        each for each in call(site, "GET", "/api/wechat/sessions/", None, token).json() if each["current"]
    ]
    assert current["ip"] == "127.0.0.7"


def test_the_request_id_is_the_clients_own_if_it_is_harmless(site: Site) -> None:
    given = [
        call(site, "GET", "/api/wechat/me/", None, {"X-Request-ID": sent}).headers["X-Request-ID"]
        for sent in ("abc-123", "a b", "x" * 65)
    ]

    assert given[0] == "abc-123"
    assert all(len(each) == 32 for each in given[1:])


def test_the_log_has_the_request_id_and_no_query(site: Site) -> None:
    call(
        site, "GET", "/api/wechat/events/wx1/?openid=o-secret&signature=x", None, {"X-Request-ID": "find-me"}
    )

    line = wait_for_line(site.folder / "wxlogin.log", "find-me")
    assert '"GET /api/wechat/events/wx1/" 403' in line
    assert "o-secret" not in line


def wait_for_line(log: Path, text: str) -> str:
    """Return the line with ``text``. nginx writes it after the answer."""
    until = time.monotonic() + BOUND
    while time.monotonic() < until:
        if lines := [line for line in log.read_text().splitlines() if text in line]:
            return lines[0]
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def test_http_is_sent_to_https(site: Site) -> None:
    answer = requests.get(
        f"http://127.0.0.1:{site.http_port}/admin/", allow_redirects=False, timeout=5, proxies={"http": ""}
    )

    assert (answer.status_code, answer.headers["Location"]) == (301, "https://127.0.0.1/admin/")


def test_media_files_are_served_and_not_guessed_at(site: Site) -> None:
    (site.folder / "media").mkdir()
    (site.folder / "media" / "picture.jpg").write_text("a picture")

    answer = call(site, "GET", "/media/picture.jpg")

    assert (answer.status, answer.text) == (200, "a picture")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@LANGUAGES
@pytest.mark.parametrize(
    ("path", "length"), [(LOGIN, 64 * 1024 + 1), (AVATAR, 2 * 1024 * 1024 + 1), (AVATAR, 10**12)]
)
def test_a_body_over_the_limit_is_refused_unread(site: Site, path: str, length: int, language: str) -> None:
    answer = call(site, "POST", path, None, {"Content-Length": str(length), "Accept-Language": language})

    assert_is_our_refusal(answer, "too_large", language)


@pytest.mark.parametrize(
    ("path", "length", "status"), [(LOGIN, 64 * 1024, 400), (AVATAR, 2 * 1024 * 1024, 401)]
)
def test_a_body_at_the_limit_reaches_the_project(site: Site, path: str, length: int, status: int) -> None:
    answer = call(site, "POST", path, b" " * length, JSON)

    assert answer.status == status, answer.text


@pytest.fixture
def nginx_alone(nginx: str, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Return a function that starts nginx without a project behind it, and with changes to the example."""
    with ExitStack() as stack:

        def start(*changes: tuple[str, str]) -> Site:
            return stack.enter_context(running_nginx(nginx, write_configuration(tmp_path, *changes)))

        yield start


@pytest.fixture
def hanging_project(tmp_path: Path) -> Iterator[None]:
    """A socket in gunicorn's place that accepts connections and never answers."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "gunicorn.sock"))
        sock.listen()
        yield


@LANGUAGES
def test_while_gunicorn_is_down_the_service_is_unavailable(
    nginx_alone: Callable[..., Site], language: str
) -> None:
    answer = call(nginx_alone(), "GET", "/api/wechat/me/", None, {"Accept-Language": language})

    assert_is_our_refusal(answer, "storage_unavailable", language)


def test_if_gunicorn_hangs_the_service_is_unavailable(
    nginx_alone: Callable[..., Site], hanging_project: Any
) -> None:
    site = nginx_alone(("proxy_read_timeout 15s;", "proxy_read_timeout 1s;"))

    assert_is_our_refusal(call(site, "POST", AVATAR, b"{}", JSON), "storage_unavailable", "en")


def test_too_many_requests_at_once_from_one_address_have_to_wait(nginx_alone: Callable[..., Site]) -> None:
    site = nginx_alone(("wxlogin_address 500;", "wxlogin_address 1;"))
    context = ssl.create_default_context(cafile=site.certificate)

    with dripping(SlowClients(("127.0.0.1", site.https_port), *SLOW_BODY, 1, interval=0.2, context=context)):
        answer = call(site, "GET", "/api/wechat/me/")

    assert_is_our_refusal(answer, "throttled", "en")
