"""The client under test, and the servers that it is tested with."""

import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.wechat.peer import Peer, Visit, answer
from wxlogin.fakewechat import FakeWeChat
from wxlogin.secret import Secret
from wxlogin.wechat.access_tokens import AccessTokens
from wxlogin.wechat.client import WeChatClient
from wxlogin.wechat.endpoint import Limits
from wxlogin.wechat.errors import TooManyInFlight, WeChatError, WeChatTimeout
from wxlogin.wechat.transport import Transport

APPID = "wx00000000000000cc"
SECRET = "5ec4e7000000000000000000c0ffee00"
DEADLINE = 0.3

MakeClient = Callable[..., WeChatClient]
MakePeer = Callable[..., Peer]

OPENSSL_CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = tests
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[good]
subjectAltName = IP:127.0.0.1
authorityKeyIdentifier = keyid
[elsewhere]
subjectAltName = DNS:elsewhere.test
authorityKeyIdentifier = keyid
"""


@dataclass(frozen=True)
class Certificates:
    """A CA for the tests, and two certificates for the peer: one for its IP address, one for another name."""

    ca: str
    good: ssl.SSLContext
    elsewhere: ssl.SSLContext


class Memory:
    """A store for ``AccessTokens`` in memory. Its entries never expire."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.timeouts: dict[str, float] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Any:
        return self.values.get(key)

    def set(self, key: str, value: Any, timeout: float) -> None:
        self.values[key], self.timeouts[key] = value, timeout

    def add(self, key: str, value: Any, timeout: float) -> bool:
        with self._lock:
            if key in self.values:
                return False
            self.set(key, value, timeout)
            return True

    def delete(self, key: str) -> None:
        self.values.pop(key, None)


@pytest.fixture
def store() -> Memory:
    return Memory()


@pytest.fixture
def make_client(store: Memory) -> Iterator[MakeClient]:
    transports: list[Transport] = []

    def make(url: str, **options: Any) -> WeChatClient:
        ca_bundle, report = options.pop("ca_bundle", None), options.pop("report", lambda path, state: None)
        limits = Limits(**{"deadline": DEADLINE, **options})
        transports.append(Transport(url, limits, ca_bundle=ca_bundle, report=report))
        access_tokens = AccessTokens(APPID, store, deadline=limits.deadline)
        return WeChatClient(APPID, Secret(SECRET), transports[-1], access_tokens)

    yield make
    # An open breaker would go on probing.
    for transport in transports:
        for endpoint in transport._endpoints.values():
            endpoint.breaker.count_answer()


@pytest.fixture
def client(wechat: FakeWeChat, make_client: MakeClient) -> WeChatClient:
    """A client with a long deadline. Tests about time make clients of their own."""
    return make_client(wechat.url, deadline=5.0)


@pytest.fixture
def hanging(wechat: FakeWeChat, make_client: MakeClient) -> WeChatClient:
    """A client whose breaker is open for 0.6 seconds, since three logins timed out. They still hang."""
    client = make_client(wechat.url, deadline=0.2, breaker_failures=3, breaker_pause=0.6)
    wechat.fault("/sns/jscode2session", delay=30)
    assert [outcome_of(client) for _ in range(3)] == [WeChatTimeout] * 3
    return client


@pytest.fixture
def make_peer() -> Iterator[MakePeer]:
    peers: list[Peer] = []

    def make(behave: Callable[[Visit], object], tls: ssl.SSLContext | None = None) -> Peer:
        peers.append(Peer(behave, tls))
        return peers[-1]

    yield make
    for peer in peers:
        peer.stop()


@pytest.fixture
def make_answering_peer(make_peer: MakePeer) -> MakePeer:
    """A peer that answers every request with the same bytes and keeps its connections open."""

    def make(data: bytes | None = None, tls: ssl.SSLContext | None = None) -> Peer:
        def behave(visit: Visit) -> None:
            while visit.read_request():
                visit.send(answer() if data is None else data)

        return make_peer(behave, tls)

    return make


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if not (openssl := shutil.which("openssl")):
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "conf").write_text(OPENSSL_CONFIG)

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S603, our own

    def key(name: str) -> None:
        run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")

    def signed(name: str) -> ssl.SSLContext:
        key(name)
        run(
            "req",
            "-new",
            "-config",
            "conf",
            "-subj",
            f"/CN={name}",
            "-key",
            f"{name}.key",
            "-out",
            f"{name}.csr",
        )
        by_the_ca = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
        extensions = ["-extfile", "conf", "-extensions", name]
        run("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *by_the_ca, *extensions)
        return _server_context(folder, name)

    key("ca")
    run(
        "req",
        "-x509",
        "-config",
        "conf",
        "-extensions",
        "ca",
        "-days",
        "2",
        "-key",
        "ca.key",
        "-out",
        "ca.pem",
    )
    return Certificates(str(folder / "ca.pem"), signed("good"), signed("elsewhere"))


def _server_context(folder: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def eventually(call: Callable[[], Any], within: float = 1.5) -> Any:
    """Return the result of ``call`` as soon as a slot is free. Fail if none gets free in time."""
    until = time.monotonic() + within
    while True:
        try:
            return call()
        except TooManyInFlight:
            assert time.monotonic() < until, "the slot never came back"
            time.sleep(0.01)


def outcome_of(client: WeChatClient) -> str | type[WeChatError]:
    """Log in once. Return the openid, or the class of the error."""
    try:
        return client.code2session(Secret("any")).openid
    except WeChatError as exc:
        return type(exc)
