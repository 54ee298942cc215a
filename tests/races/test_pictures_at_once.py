"""Uploads of one person's picture at the same moment, and an upload during an erasure."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.helpers.pictures import picture
from tests.helpers.simultaneous import at_once
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import WeChatUser
from wxlogin.services import pictures

pytestmark = pytest.mark.django_db(transaction=True)


def test_eight_pictures_at_once_leave_one_file(
    post: Callable[..., requests.Response],
    wechat: FakeWeChat,
    live_server: Any,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Each has its turn, however slow the machine is.
    monkeypatch.setattr(pictures, "MAX_WAIT", 30)
    settings.MEDIA_ROOT = tmp_path
    access = post("login/", {"code": wechat.code_for("o-alice")}).json()["access"]
    url, headers = f"{live_server.url}/api/wechat/me/avatar/", {"Authorization": f"Bearer {access}"}

    answers = at_once(
        8, lambda n: requests.post(url, headers=headers, files={"avatar": picture()}, timeout=30).status_code
    )

    assert answers == [200] * 8
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert WeChatUser.objects.get().avatar.name.endswith(file.name)


def test_a_picture_and_an_erasure_at_once_leave_no_file(
    post: Callable[..., requests.Response],
    wechat: FakeWeChat,
    live_server: Any,
    settings: Any,
    tmp_path: Path,
) -> None:
    settings.MEDIA_ROOT = tmp_path
    for number in range(10):
        access = post("login/", {"code": wechat.code_for(f"o-{number}")}).json()["access"]
        url, headers = f"{live_server.url}/api/wechat/me/", {"Authorization": f"Bearer {access}"}

        def act(n: int, url: str = url, headers: Any = headers) -> int:
            if n:
                return requests.delete(url, headers=headers, timeout=30).status_code
            files = {"avatar": picture()}
            return requests.post(f"{url}avatar/", headers=headers, files=files, timeout=30).status_code

        uploaded, erased = at_once(2, act)

        assert (uploaded in {200, 401}, erased) == (True, 204)
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
