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
# Seconds that all of them may take to begin.
READY = 30
HEAD = b"POST /api/wechat/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
#: Requests of which no byte comes whole: the connection drips from its first byte on.
SLOW_HEADERS = b"", HEAD + b"X-Padding: " + b"x" * 4000
#: Requests whose headers come whole. Only the body drips.
SLOW_BODY = HEAD + b"Content-Length: 4000\r\n\r\n", b'{"code": "' + b"x" * 3988 + b'"}'


@dataclass
class Connection:
    """One slow client's connection, and how many bytes have dripped from it."""

    sock: socket.socket | None = None
    sent: int = 0

    def open(self, address: tuple[str, int], context: ssl.SSLContext | None) -> socket.socket:
        sock = socket.create_connection(address, timeout=PATIENCE)
        self.sock = context.wrap_socket(sock, server_hostname=address[0]) if context else sock
        return self.sock

    def close(self) -> None:
        if self.sock:
            self.sock.close()
        self.sock, self.sent = None, 0


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

    def run(self, all_drip: threading.Event, stopped: threading.Event) -> None:
        """Drip until ``stopped``. Set ``all_drip`` when each connection has sent its first byte.

        One thread serves all connections, each at its own moment of the interval.
        """
        connections = [Connection() for _ in range(self.count)]
        turn = 0
        began = time.monotonic()
        while not stopped.wait(max(0.0, began + turn * self.interval / self.count - time.monotonic())):
            self._take_turn(connections[turn % self.count])
            turn += 1
            if turn == self.count:
                all_drip.set()
        for each in connections:
            each.close()

    def _take_turn(self, connection: "Connection") -> None:
        try:
            if connection.sent == len(self.dripped) or (connection.sock and self._is_over(connection.sock)):
                connection.close()
            sock = connection.sock or connection.open(self.address, self.context)
            whole = b"" if connection.sent else self.whole
            sock.sendall(whole + self.dripped[connection.sent : connection.sent + 1])
            connection.sent += 1
        except OSError:
            self.closed += 1
            connection.close()

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
    all_drip, stopped = threading.Event(), threading.Event()
    thread = threading.Thread(target=clients.run, args=[all_drip, stopped])
    thread.start()
    try:
        assert all_drip.wait(READY), "the slow clients can't connect"
        yield clients
    finally:
        stopped.set()
        thread.join()
