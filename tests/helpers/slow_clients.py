"""Clients that send one byte at a time, to see who else still gets an answer."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# Seconds that a server may take to accept a connection.
PATIENCE = 1
HEAD = b"POST /api/wechat/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
#: Requests of which no byte comes whole: the connection drips from its first byte on.
SLOW_HEADERS = b"", HEAD + b"X-Padding: " + b"x" * 4000
#: Requests whose headers come whole. Only the body drips.
SLOW_BODY = HEAD + b"Content-Length: 4000\r\n\r\n", b'{"code": "' + b"x" * 3988 + b'"}'


@dataclass
class SlowClients:
    """Connections that each send ``whole`` at once, then ``dripped`` byte by byte, one every ``interval`` seconds.

    A connection that the server closes is opened again at the client's next turn.
    """

    address: tuple[str, int]
    whole: bytes
    dripped: bytes
    count: int = 200
    interval: float = 3.0
    #: For a server that speaks TLS.
    context: ssl.SSLContext | None = None
    #: How many connections the server closed or refused.
    closed: int = 0
    #: The first bytes of each answer that came, for example a 408.
    answers: list[bytes] = field(default_factory=list)

    def run(self, stopped: threading.Event) -> None:
        """Drip until ``stopped``. One thread serves all connections, each at its own moment of the interval."""
        open_ones: list[tuple[socket.socket, int] | None] = [None] * self.count
        turn = 0
        began = time.monotonic()
        while not stopped.wait(max(0.0, began + turn * self.interval / self.count - time.monotonic())):
            slot = turn % self.count
            open_ones[slot] = self._take_turn(open_ones[slot])
            turn += 1
        for each in filter(None, open_ones):
            each[0].close()

    def _take_turn(self, connection: tuple[socket.socket, int] | None) -> tuple[socket.socket, int] | None:
        try:
            sock, sent = connection or (self._connect(), 0)
            if self._is_over(sock) or sent == len(self.dripped):
                sock.close()
                sock, sent = self._connect(), 0
            sock.send(self.dripped[sent : sent + 1])
        except OSError:
            self.closed += 1
            return None
        return sock, sent + 1

    def _connect(self) -> socket.socket:
        sock = socket.create_connection(self.address, timeout=PATIENCE)
        if self.context:
            sock = self.context.wrap_socket(sock, server_hostname=self.address[0])
        sock.sendall(self.whole)
        return sock

    def _is_over(self, sock: socket.socket) -> bool:
        """True if the server has answered or closed. It should not answer a request that isn't whole."""
        sock.setblocking(False)
        try:
            answer = sock.recv(1000)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        finally:
            sock.settimeout(PATIENCE)
        self.closed += 1
        if answer:
            self.answers.append(answer)
        return True


@contextmanager
def dripping(clients: SlowClients) -> Iterator[SlowClients]:
    """Let ``clients`` drip during the block, which begins when each of them has sent its first byte."""
    stopped = threading.Event()
    thread = threading.Thread(target=clients.run, args=[stopped])
    thread.start()
    try:
        time.sleep(clients.interval)
        yield clients
    finally:
        stopped.set()
        thread.join()
