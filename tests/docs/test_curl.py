"""The stand-in for curl sends the same request and prints the same output as the real one."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.shell import STAND_INS

STAND_IN = str(STAND_INS / "curl")
# Without a real curl here, the tests check the stand-in alone.
CURLS = {"stand-in": STAND_IN} | ({"real": real} if (real := shutil.which("curl")) else {})
each_curl = pytest.mark.parametrize("curl", CURLS.values(), ids=CURLS)


class Recorder(HTTPServer):
    """A server that answers every request with 418 and keeps the request."""

    seen: list[dict[str, Any]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Recorder

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append({"method": self.command, "path": self.path, "headers": headers, "body": body})
        self.send_response(418)
        self.send_header("Content-Length", "6")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write("茶\n\n\n".encode())

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    server = Recorder(("127.0.0.1", 0), Handler)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def run(curl: str, *arguments: str, cwd: Path) -> "subprocess.CompletedProcess[bytes]":
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(  # noqa: S603  our own command line
        [curl, *arguments], cwd=cwd, env={"PATH": path}, capture_output=True, timeout=60, check=False
    )


JSON = ("-H", "Content-Type: application/json")
BEARER = ("-H", "Authorization: Bearer made-up")
FORM = "application/x-www-form-urlencoded"
MULTIPART = (
    b'--BOUNDARY\r\nContent-Disposition: form-data; name="avatar"; filename="portrait.png"\r\n'
    b"Content-Type: image/png\r\n\r\nnot \r\n really\r\n--BOUNDARY--\r\n"
)
# Each: the arguments, then the method, Content-Type and body of the request, then the output.
LINES: dict[str, tuple[tuple[str, ...], str, str | None, bytes, bytes]] = {
    "a look": ((), "GET", None, b"", "茶\n\n\n".encode()),
    "a look with a token": (BEARER, "GET", None, b"", "茶\n\n\n".encode()),
    "JSON": (
        (*JSON, "-d", '{"code": "李"}'),
        "POST",
        "application/json",
        '{"code": "李"}'.encode(),
        "茶\n\n\n".encode(),
    ),
    "data of no declared type": (("-d", '{"a":\n "b"}'), "POST", FORM, b'{"a":\n "b"}', "茶\n\n\n".encode()),
    "another verb": (
        ("-X", "POST", *JSON, "-d", "{}"),
        "POST",
        "application/json",
        b"{}",
        "茶\n\n\n".encode(),
    ),
    "a verb without a body": (
        ("-X", "DELETE", *BEARER, "-o", "/dev/null", "-w", "%{http_code}\\n"),
        "DELETE",
        None,
        b"",
        b"418\n",
    ),
    "a file": (
        (*BEARER, "-F", "avatar=@folder/portrait.png"),
        "POST",
        "multipart/form-data; boundary=BOUNDARY",
        MULTIPART,
        "茶\n\n\n".encode(),
    ),
}


@each_curl
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_the_same_is_sent_and_printed(
    curl: str, line: tuple[tuple[str, ...], str, str | None, bytes, bytes], recorder: Recorder, tmp_path: Path
) -> None:
    typed, method, content_type, body, printed = line
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/portrait.png").write_bytes(b"not \r\n really")

    outcome = run(curl, "-s", f"{recorder.url}/some/path/?a=b", *typed, cwd=tmp_path)

    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, printed, b"")
    [sent] = recorder.seen
    headers = sent["headers"]
    boundary = re.search("boundary=(-{24}[0-9a-zA-Z]{16,22})$", headers.get("content-type", ""))
    if boundary:
        headers["content-type"] = headers["content-type"].replace(boundary[1], "BOUNDARY")
        sent["body"] = sent["body"].replace(boundary[1].encode(), b"BOUNDARY")
        headers["content-length"] = str(len(sent["body"]))
    assert re.fullmatch(r"curl/\d+\.\d+\.\d+", headers.pop("user-agent"))
    expected = {"host": recorder.url.removeprefix("http://"), "accept": "*/*"}
    expected |= {"authorization": "Bearer made-up"} if "-H" in typed and BEARER[1] in typed else {}
    expected |= {"content-type": content_type, "content-length": str(len(body))} if content_type else {}
    assert sent == {"method": method, "path": "/some/path/?a=b", "headers": expected, "body": body}


@each_curl
def test_a_server_that_can_not_be_reached_gives_an_exit_code(curl: str, tmp_path: Path) -> None:
    outcome = run(curl, "-s", "http://127.0.0.1:9/", cwd=tmp_path)

    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (7, b"", b"")


@pytest.mark.parametrize(
    "typed",
    [
        ("-s", "-k"),
        ("-s", "--silent"),
        ("-sS",),
        (),
        ("-s", "-L"),
        ("-s", "-d"),
        ("-s", "-d", "a", "-d", "b"),
        ("-s", "-d", "@file"),
        ("-s", "-d", "a", "-F", "b=@c"),
        ("-s", "-F", "name=value"),
        ("-s", "-F", "name=@file;type=image/png"),
        ("-s", "-H", "X-Nothing:"),
        ("-s", "-H", "@file"),
        ("-s", "-w", "%{time_total}"),
        ("-s", "http://127.0.0.1:9/second"),
    ],
    ids=" ".join,
)
def test_the_stand_in_refuses_options_that_it_does_not_know(
    typed: tuple[str, ...], recorder: Recorder, tmp_path: Path
) -> None:
    outcome = run(STAND_IN, f"{recorder.url}/", *typed, cwd=tmp_path)

    assert outcome.returncode == 2
    assert b"stands in for curl, doesn't know" in outcome.stderr
    assert outcome.stdout == b""
    assert recorder.seen == []


@pytest.mark.parametrize("url", ["https://example.com/", "example.com", "file:///etc/passwd"])
def test_the_stand_in_knows_only_plain_http(url: str, tmp_path: Path) -> None:
    assert b"only http:// is known" in run(STAND_IN, "-s", url, cwd=tmp_path).stderr
