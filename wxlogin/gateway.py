"""The one place where settings and the platform client meet."""

import os
import threading
from functools import lru_cache

from wxlogin.conf import conf
from wxlogin.exceptions import UnknownApp
from wxlogin.wechat.client import WeChatClient
from wxlogin.wechat.transport import Transport

_one_at_a_time = threading.Lock()  # else the first two callers would make a transport each


def get_client(appid: str) -> WeChatClient:
    """The client that speaks for ``appid``. Raises ``UnknownApp``."""
    app = conf.APPS.get(appid)
    if app is None:
        raise UnknownApp
    with _one_at_a_time:
        transport = _transport(
            os.getpid(), conf.API_BASE, conf.UPSTREAM_DEADLINE, conf.UPSTREAM_CONCURRENCY, conf.CA_BUNDLE
        )
    return WeChatClient(app.appid, app.secret, transport)


@lru_cache(maxsize=8)
def _transport(
    pid: int, base_url: str, deadline: float, concurrency: int, ca_bundle: str | None
) -> Transport:
    """One per process and host. ``pid`` is in the key because neither threads nor sockets survive a fork."""
    return Transport(base_url, deadline=deadline, concurrency=concurrency, ca_bundle=ca_bundle)
