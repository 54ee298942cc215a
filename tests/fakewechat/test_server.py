import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.fakewechat.http import Client
from tests.helpers.process import accept_ctrl_c
from wxlogin.fakewechat import FakeWeChat

SERVE = """
from wxlogin.fakewechat import serve
serve(port=0, ready=lambda fake: print(fake.url, flush=True))
"""

IMPORTS = """
import sys
import wxlogin.fakewechat.plugin
foreign = {"django", "rest_framework", "requests"} & {name.partition(".")[0] for name in sys.modules}
ours = [n for n in sys.modules if n.startswith("wxlogin.") and not n.startswith("wxlogin.fakewechat")]
sys.exit(f"{foreign} {ours}" if foreign or ours else 0)
"""


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "example.com", ""])
def test_a_host_that_is_not_loopback_is_refused(host):
    with pytest.raises(ValueError, match="not loopback"):
        FakeWeChat(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_every_loopback_will_do(host):
    if host == "::1" and not has_ipv6():
        pytest.skip("no IPv6 here")

    with FakeWeChat(host) as fake:
        client = Client(fake.url)
        assert client.get("/_fake/calls").json() == []
        client.close()


@pytest.mark.parametrize("declared", ["shop-secret", {"SECRET": "shop-secret", "NAME": "Shop"}])
def test_an_app_can_be_told_about_in_two_ways(declared):
    with FakeWeChat(apps={"wx-shop": declared}) as fake:
        client = Client(fake.url)

        assert client.code2session("any", secret="somebody-else's").json()["errcode"] == 40125
        assert client.code2session("any").json()["errcode"] == 40029
        client.close()


def test_an_app_without_a_secret_is_taken_with_any():
    with FakeWeChat(apps={"wx-shop": {"PUSH_TOKEN": "shop-token"}}) as fake:
        client = Client(fake.url)

        assert client.code2session("any", secret="whatever").json()["errcode"] == 40029
        client.close()


def test_a_taken_port_fails_loudly(fake):
    with pytest.raises(OSError, match="in use"):
        FakeWeChat(port=fake.port)


def test_two_fakes_live_side_by_side(fake):
    with FakeWeChat() as other:
        assert other.url != fake.url


def test_one_that_never_started_can_be_stopped_twice():
    fake = FakeWeChat()
    fake.stop()
    fake.stop()


def test_starting_twice_is_starting_once(fake, client):
    assert fake.start() is fake

    assert client.get("/_fake/calls").status == 200


def test_a_stopped_one_refuses_connections_and_cuts_the_idle_ones(fake, client):
    client.get("/_fake/calls")
    idle = socket.create_connection(client.address, timeout=10)

    fake.stop()

    with idle, contextlib.suppress(ConnectionResetError):
        assert idle.recv(1) == b""
    with pytest.raises(ConnectionError):
        client.get("/_fake/calls")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(client.address, timeout=10)


def test_a_restarted_fake_keeps_its_url_and_its_state(fake, client):
    code, url = fake.code_for("o-alice"), fake.url

    fake.stop()
    fake.start()

    # The old connection is closed; the next call opens a new one.
    client.close()
    assert fake.url == url
    assert client.code2session(code).json()["openid"] == "o-alice"


def test_one_connection_carries_many_calls(fake, client):
    connection = client.raw("/_fake/calls")
    assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n")

    connection.sendall(
        b"POST /_fake/people HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    )

    assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
    assert connection.recv(1) == b""
    connection.close()


@pytest.mark.parametrize(
    "header", ["Transfer-Encoding: chunked", "Content-Length: -1", "Content-Length: \xb2"]
)
def test_a_body_of_unknown_length_ends_the_connection(client, header):
    connection = socket.create_connection(client.address, timeout=10)
    connection.sendall(f"POST /_fake/people HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode("latin-1"))

    assert b"\r\nConnection: close\r\n" in connection.recv(65536)
    connection.close()


def test_64_clients_connect_at_the_same_moment():
    # The fake listens but doesn't answer yet, so only the backlog accepts these connections.
    fake = FakeWeChat()
    waiting = [socket.create_connection((fake.host, fake.port), timeout=5) for _ in range(64)]

    fake.start()

    for connection in waiting:
        connection.sendall(b"GET /_fake/calls HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.close()
    fake.stop()


def test_serve_forever_ends_when_another_thread_stops_it():
    fake = FakeWeChat()
    thread = threading.Thread(target=fake.serve_forever)
    thread.start()
    client = Client(fake.url)
    assert client.get("/_fake/calls").status == 200
    client.close()

    fake.stop()
    thread.join(timeout=5)

    assert not thread.is_alive()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_serve_runs_quietly_until_a_signal_and_ends_well(signum):
    with subprocess.Popen(  # noqa: S603, our own command
        [sys.executable, "-c", SERVE],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=accept_ctrl_c,
    ) as process:
        client = Client(process.stdout.readline().strip())
        client.get("/sns/jscode2session")
        time.sleep(0.05)
        process.send_signal(signum)
        output, _ = process.communicate(timeout=10)
        client.close()

    assert (process.returncode, output) == (0, "")


def test_it_stands_alone():
    subprocess.run([sys.executable, "-c", IMPORTS], check=True, timeout=30)  # noqa: S603, our own command


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
