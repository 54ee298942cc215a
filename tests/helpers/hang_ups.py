"""Clients that hang up in the middle of a request's body, and what the server's log says of them."""

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.settings import APPID

LOGIN, EVENTS = "/api/wechat/login/", f"/api/wechat/events/{APPID}/?signature=x"
JSON, FORM = "application/json", "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="avatar"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
PATIENCE = 5  # seconds
Connect = Callable[[], socket.socket]


def cut_requests(access: str) -> dict[str, bytes]:
    """Return requests that end in the middle of a body, by a name for each. ``access`` is somebody's token."""
    calls = {
        "login": ("POST", LOGIN, JSON, b'{"code": "x'),
        "events": ("POST", EVENTS, JSON, b'{"Event": "x'),
        "me": ("PUT", "/api/wechat/me/", JSON, b'{"nickname": "x'),
        "avatar": ("POST", "/api/wechat/me/avatar/", FORM, PART + b"x" * 5000),
    }
    found = {}
    for name, (method, path, kind, sent) in calls.items():
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Proto: https\r\nContent-Type: {kind}\r\n"
        head += f"Authorization: Bearer {access}\r\n"
        found[f"{name} by length"] = f"{head}Content-Length: 60000\r\n\r\n".encode() + sent
        found[f"{name} in chunks"] = f"{head}Transfer-Encoding: chunked\r\n\r\nea60\r\n".encode() + sent
    return found


def hang_up(connect: Connect, request: bytes, *, abruptly: bool) -> None:
    """Send a request that is cut, and hang up: ``abruptly`` with a reset, else with the end of the stream."""
    sock = connect()
    sock.sendall(request)
    # The server has begun to wait for the rest.
    time.sleep(0.1)
    if abruptly and sock.family == socket.AF_INET:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def leave_unread(connect: Connect, access: str) -> None:
    """Send a whole request, and hang up before its answer."""
    sock = connect()
    head = f"GET /api/wechat/me/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Proto: https\r\nAuthorization: Bearer {access}\r\n"
    sock.sendall(f"{head}\r\n".encode())
    sock.close()


def blamed_lines(log: Path) -> Iterator[str]:
    """Yield the lines of our logging that blame somebody: errors, and any with a traceback."""
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("{"):
            facts = json.loads(line)
            if facts["level"] in {"ERROR", "CRITICAL"} or "exc_info" in facts:
                yield line
