from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from tests.settings import APPID
from wxlogin.clock import utc_now
from wxlogin.models import WeChatUser


@pytest.fixture
def make_person(db: None) -> Callable[..., WeChatUser]:
    def make(openid: str = "o-alice", **fields: Any) -> WeChatUser:
        now = utc_now()
        user = get_user_model().objects.create(username=openid)
        return WeChatUser.objects.create(
            **{
                "user": user,
                "appid": APPID,
                "openid": openid,
                "created_at": now,
                "last_login_at": now,
                **fields,
            }
        )

    return make
