"""A server that sends exactly the bytes that a test chooses, for faults that the fake WeChat doesn't have."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

GOOD = {"openid": "o-alice", "session_key": "bWFkZSB1cCBmb3IgdHM="}


def answer(body: Any = GOOD, *headers: str, status: str = "200 OK") -> bytes:
    """A whole HTTP answer. ``body`` is bytes, or a value that becomes JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/plain", f"Content-Length: {len(raw)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + raw


class Visit:
    """One connection to the peer."""

    def __init__(self, peer: "Peer", sock: socket.socket) -> None:
        self.peer = peer
        self.sock = sock

    def read_request(self) -> bytes:
        """Read the head of the next request. Return ``b""`` if the client has closed the connection."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            if not (byte := self.sock.recv(1)):
                return b""
            head += byte
        self.peer.requests.append(head)
        return head

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: bytes, pause: float = 0.02) -> None:
        for position in range(len(data)):
            self.send(data[position : position + 1])
            if self.wait(pause):
                return

    def wait(self, seconds: float = 30) -> bool:
        """Wait. Return True if the test ended meanwhile."""
        return self.peer.is_over.wait(seconds)


class Peer:
    """A server on loopback. It calls ``behave`` for each connection, in a thread, and then closes it."""

    def __init__(self, behave: Callable[[Visit], object], tls: ssl.SSLContext | None = None) -> None:
        self.behave = behave
        self.tls = tls
        self.requests: list[bytes] = []
        self.connections = 0
        self.is_over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self.port: int = self._listener.getsockname()[1]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.is_over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(5)
        for sock in self._open:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
                self._open.append(sock)
                thread = threading.Thread(target=self._serve, args=[sock])
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            if not self.tls:
                self.behave(Visit(self, sock))
                return
            with self.tls.wrap_socket(sock, server_side=True) as wrapped:
                self._open.append(wrapped)
                self.behave(Visit(self, wrapped))
