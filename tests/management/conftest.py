from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from tests.settings import APPID
from wxlogin.models import WeChatUser


@pytest.fixture
def make_person(db: None) -> Callable[..., WeChatUser]:
    def make(openid: str = "o-alice", **fields: Any) -> WeChatUser:
        now = timezone.now()
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
