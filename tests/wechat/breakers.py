"""Reading and awaiting the state of a client's breakers."""

import threading
import time
from typing import Any

from tests.wechat.conftest import outcome_of
from wxlogin.secret import Secret
from wxlogin.wechat.client import WeChatClient
from wxlogin.wechat.errors import WeChatTimeout, WeChatUnavailable

LOGIN, PHONE = "/sns/jscode2session", "/wxa/business/getuserphonenumber"
SHORT = {"deadline": 0.2, "breaker_failures": 3, "breaker_pause": 0.6}


def outcomes(client: WeChatClient, count: int) -> list[Any]:
    return [outcome_of(client) for _ in range(count)]


def state_of(client: WeChatClient, path: str = LOGIN) -> Any:
    return client._transport._endpoint(path).breaker.state


def wait_until_closed(client: WeChatClient, within: float = 3) -> None:
    until = time.monotonic() + within
    while state_of(client).name != "closed":
        assert time.monotonic() < until, "it stays open"
        time.sleep(0.01)


def phone_outcome(client: WeChatClient) -> Any:
    try:
        return client.phone_number(Secret("any"), "o-alice")
    except (WeChatTimeout, WeChatUnavailable) as exc:
        return type(exc)


def probing_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("wxlogin-probe")]
