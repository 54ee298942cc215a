"""The proxy that stands between the service and its database in some cases of ``make torture``."""

import socket
from collections.abc import Iterator

import pytest

from benchmarks.torture.proxy import FaultyProxy


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server


@pytest.fixture
def proxy(server: socket.socket) -> Iterator[FaultyProxy]:
    with FaultyProxy(server.getsockname()[1]) as proxy:
        yield proxy


def test_swallowed_bytes_never_arrive(server: socket.socket, proxy: FaultyProxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as client:
        client.sendall(b"before")
        peer, _ = server.accept()
        with peer:
            peer.settimeout(0.3)
            assert peer.recv(100) == b"before"

            proxy.swallowing = True
            client.sendall(b"lost")
            with pytest.raises(TimeoutError):
                peer.recv(100)
            proxy.swallowing = False

            peer.settimeout(5)
            with pytest.raises(ConnectionResetError):
                peer.recv(100)
            assert client.recv(100) == b""


def test_a_connection_that_was_silent_meanwhile_goes_on(server: socket.socket, proxy: FaultyProxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as client:
        client.sendall(b"before")
        peer, _ = server.accept()
        with peer:
            peer.settimeout(5)
            assert peer.recv(100) == b"before"

            proxy.swallowing = True
            proxy.swallowing = False
            client.sendall(b"after")

            assert peer.recv(100) == b"after"
