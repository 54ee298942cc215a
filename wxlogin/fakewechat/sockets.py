"""One thread per connection: reads calls, sends answers, and misbehaves where a fault says so."""

import contextlib
import socket
import socketserver
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl

from wxlogin.fakewechat import controls, platform
from wxlogin.fakewechat.messages import Answer, Request
from wxlogin.fakewechat.state import WeChat


class Server(socketserver.ThreadingTCPServer):
    """Plain TCP server on purpose: http.server's own looks its host name up in the DNS when it binds."""

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
        """Idle keep-alive connections too: a stopped server that still answers on them isn't stopped."""
        self.stopping.set()
        self.server_close()
        for connection in self._connections.copy():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing when a client hangs up; anything else is a bug in here and gets its traceback."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # bytes that drip must leave one by one

    def do_GET(self) -> None:
        request = self._read()
        if request.path.startswith("/_fake/"):
            self._send(controls.answer(self.server.wechat, request))
        else:
            self._play_wechat(request)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the list of calls is the log."""

    def _read(self) -> Request:
        path, _, query = self.path.partition("?")
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(int(length)) if length.isdecimal() else b""
        # Without a length nobody can tell where the next request on this connection starts.
        self.close_connection |= not length.isdecimal() or "Transfer-Encoding" in self.headers
        return Request(self.command, path, dict(parse_qsl(query, keep_blank_values=True)), body)

    def _play_wechat(self, request: Request) -> None:
        wechat = self.server.wechat
        call = wechat.note_call(request)
        fault = wechat.take_fault(request.path)
        if fault.delay and self.server.stopping.wait(fault.delay):
            self.close_connection = True
        elif fault.reset:
            self._reset_connection()
        else:
            answer = platform.answer(wechat, request, fault)
            wechat.note_answer(call, answer)
            self._send(answer, fault.drip)

    def _send(self, answer: Answer, drip: float | None = None) -> None:
        message = self._head(answer) + answer.body
        if not drip:
            self.wfile.write(message)
            return
        for position in range(len(message)):
            self.wfile.write(message[position : position + 1])
            if self.server.stopping.wait(drip):
                self.close_connection = True
                return

    def _head(self, answer: Answer) -> bytes:
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
        """Closing with a linger time of zero sends RST; the reader holds the socket open, so it goes first."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
