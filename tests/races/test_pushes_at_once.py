"""Deliveries of one push at the same moment."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.helpers.simultaneous import at_once
from tests.settings import APPID
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import WeChatUser
from wxlogin.signals import push_received

pytestmark = pytest.mark.django_db(transaction=True)


def test_eight_deliveries_of_one_push_at_once_act_once(
    post: Callable[..., requests.Response], wechat: FakeWeChat, live_server: Any
) -> None:
    heard = []

    def listen(**kwargs: Any) -> None:
        heard.append(kwargs["appid"])

    post("login/", {"code": wechat.code_for("o-alice")})
    url = f"{live_server.url}/api/wechat/events/{APPID}/"
    push_received.connect(listen)
    try:
        answers = at_once(
            8,
            lambda n: wechat.push(
                url, "user_authorization_cancellation", "o-alice", CreateTime=1_800_000_000
            ),
        )
    finally:
        push_received.disconnect(listen)

    assert answers == [{"status": 200, "body": "success"}] * 8
    assert heard == [APPID]
    assert not WeChatUser.objects.exists()
