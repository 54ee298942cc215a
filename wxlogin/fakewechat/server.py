"""The HTTP server: ``FakeWeChat`` in a thread, ``serve`` in a process of its own."""

import contextlib
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any, Self
from urllib.parse import parse_qsl

from wxlogin.fakewechat import controls, platform
from wxlogin.fakewechat.apps import AppOptions
from wxlogin.fakewechat.messages import Reply, Request
from wxlogin.fakewechat.pushes import is_loopback
from wxlogin.fakewechat.state import WeChat

STOP_POLL_INTERVAL = 0.02  # seconds


class FakeWeChat(WeChat):
    """A WeChat with an HTTP server. It listens once it is created, and answers once it is started.

    ``apps`` maps an appid to its secret, or to a mapping with ``SECRET``, ``PUSH_TOKEN`` and ``PUSH_AES_KEY`` as in
    the Django setting. Only a secret that is given here is checked. ``port=0`` picks a free port.

    Raise ``ValueError`` if ``host`` isn't loopback, and ``OSError`` if the port is taken.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        apps: AppOptions | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if not is_loopback(host):
            raise ValueError(f"{host} is not loopback: the fake lets anybody in as anybody")
        super().__init__(apps, now)
        self._server: Server | None = Server(host, port, self)
        self._thread: threading.Thread | None = None
        self._is_serving = False
        self.host = host
        self.port: int = self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Answer calls in a new thread. A fake that was stopped starts again with its old port and data."""
        if self._thread is None:
            self._is_serving = True
            target = self._open_server().serve_forever
            self._thread = threading.Thread(target=target, args=(STOP_POLL_INTERVAL,), daemon=True)
            self._thread.start()
        return self

    def serve_forever(self) -> None:
        """Answer calls in this thread until another thread calls ``stop()``."""
        self._is_serving = True
        self._open_server().serve_forever(STOP_POLL_INTERVAL)

    def stop(self) -> None:
        """Close the port and every connection, even in the middle of an answer."""
        if self._server is not None:
            # shutdown() waits forever if the server never ran.
            if self._is_serving:
                self._server.shutdown()
            self._server.close()
        if self._thread is not None:
            self._thread.join()
        self._server, self._thread, self._is_serving = None, None, False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def _open_server(self) -> "Server":
        if self._server is None:
            self._server = Server(self.host, self.port, self)
        return self._server


def serve(
    host: str = "127.0.0.1",
    port: int = 8765,
    apps: AppOptions | None = None,
    ready: Callable[[FakeWeChat], object] = lambda fake: None,
) -> None:
    """Run a fake until Ctrl-C or SIGTERM. Call ``ready`` once the port is open.

    Only the main thread may call this, because it sets a signal handler.
    """
    fake = FakeWeChat(host, port, apps)
    previous_handler = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        ready(fake)
        fake.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, previous_handler)
        fake.stop()


class Server(socketserver.ThreadingTCPServer):
    """A server with one thread per connection.

    It isn't built on ``http.server.HTTPServer``, because that one looks up its host name in the DNS when it binds.
    """

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, wechat: WeChat) -> None:
        self.wechat = wechat
        self.stopping = threading.Event()
        self._connections: set[Any] = set()
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def close(self) -> None:
        """Close the port and all connections. An idle keep-alive connection would still get answers."""
        self.stopping.set()
        self.server_close()
        for connection in self._connections.copy():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that hangs up. Print a traceback for anything else: it is a bug in this package."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Reads calls from one connection and sends the answers, with the faults of their paths."""

    server: Server
    protocol_version = "HTTP/1.1"
    # A drip must send each byte by itself.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        request = self._read_request()
        if request.path.startswith("/_fake/"):
            self._send(controls.answer(self.server.wechat, request))
        else:
            self._answer_platform_call(request)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: the list of calls is the log."""

    def _read_request(self) -> Request:
        path, _, query = self.path.partition("?")
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(int(length)) if length.isdecimal() else b""
        # If the length is unknown, so is the start of the next request on this connection.
        self.close_connection |= not length.isdecimal() or "Transfer-Encoding" in self.headers
        return Request(self.command, path, dict(parse_qsl(query, keep_blank_values=True)), body)

    def _answer_platform_call(self, request: Request) -> None:
        wechat = self.server.wechat
        call = wechat.add_call(request)
        fault = wechat.take_fault(request.path)
        if fault.delay and self.server.stopping.wait(fault.delay):
            self.close_connection = True
        elif fault.reset:
            self._reset_connection()
        else:
            answer = platform.answer(wechat, request, fault)
            wechat.finish_call(call, answer)
            self._send(answer, fault.drip)

    def _send(self, answer: Reply, drip: float | None = None) -> None:
        message = self._head(answer) + answer.body
        if not drip:
            self.wfile.write(message)
            return
        for position in range(len(message)):
            self.wfile.write(message[position : position + 1])
            if self.server.stopping.wait(drip):
                self.close_connection = True
                return

    def _head(self, answer: Reply) -> bytes:
        phrase = self.responses.get(answer.status, ("Unknown", ""))[0]
        lines = [
            f"{self.protocol_version} {answer.status} {phrase}",
            f"Connection: {'close' if self.close_connection else 'keep-alive'}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(answer.body)}",
            f"Date: {self.date_time_string()}",
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _reset_connection(self) -> None:
        """Close the connection with a RST, which a linger time of zero causes."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The reader keeps the socket open, so close it first.
        self.rfile.close()
        self.connection.close()
