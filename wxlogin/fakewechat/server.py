"""A fake that other programs can call: ``FakeWeChat``, and ``serve`` for a process of its own."""

import signal
import threading
import time
from collections.abc import Callable
from typing import Self

from wxlogin.fakewechat.apps import Declared
from wxlogin.fakewechat.loopback import is_loopback
from wxlogin.fakewechat.sockets import Server
from wxlogin.fakewechat.state import WeChat

STOP_NOTICED_WITHIN = 0.02  # seconds


class FakeWeChat(WeChat):
    """A WeChat that listens from the moment it is made and answers once started.

    ``apps`` maps the appids whose secret is to be checked to that secret, or to a mapping with ``SECRET``,
    ``PUSH_TOKEN`` and ``PUSH_AES_KEY``, as the Django setting has it. ``port=0`` takes any free one. Raises
    ``ValueError`` if ``host`` isn't loopback and ``OSError`` if the port is taken.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        apps: Declared | None = None,
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
        """Answer from a thread of its own; after ``stop()``, on the same port and knowing what it knew."""
        if self._thread is None:
            self._is_serving = True
            target = self._listening().serve_forever
            self._thread = threading.Thread(target=target, args=(STOP_NOTICED_WITHIN,), daemon=True)
            self._thread.start()
        return self

    def serve_forever(self) -> None:
        """Answer from this thread until another one calls ``stop()``."""
        self._is_serving = True
        self._listening().serve_forever(STOP_NOTICED_WITHIN)

    def stop(self) -> None:
        """Close the port and cut every connection, answered or not."""
        if self._server is not None:
            if self._is_serving:  # shutdown() of a server that never ran waits forever
                self._server.shutdown()
            self._server.close()
        if self._thread is not None:
            self._thread.join()
        self._server, self._thread, self._is_serving = None, None, False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def _listening(self) -> Server:
        if self._server is None:
            self._server = Server(self.host, self.port, self)
        return self._server


def serve(
    host: str = "127.0.0.1",
    port: int = 8765,
    apps: Declared | None = None,
    ready: Callable[[FakeWeChat], object] = lambda fake: None,
) -> None:
    """Run a fake until Ctrl-C or SIGTERM; ``ready`` is called once its port is open. For the main thread."""
    fake = FakeWeChat(host, port, apps)
    sigterm_before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        ready(fake)
        fake.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, sigterm_before)
        fake.stop()
