"""The receivers in docs/after-login.md, pasted into an empty project, get what the page promises."""

from pathlib import Path

import pytest

from tests.helpers.host import HostProject
from tests.helpers.shell import type_in

ROOT = Path(__file__).parents[2]
PAGES = {
    "English": (ROOT / "README.md", ROOT / "docs/after-login.md"),
    "Chinese": (ROOT / "README.zh-CN.md", ROOT / "docs/after-login.zh-CN.md"),
}

ORDER = """
from django.conf import settings
from django.db import models


class Order(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    address = models.CharField(max_length=100)
"""

# The person is there without a login, so the project needs no WeChat.
TRY_THEM = """
import hashlib
import json
import time

from django.contrib.auth.models import User
from django.utils import timezone
from shop.models import Order
from wxlogin.models import WeChatUser
from wxlogin.services.erasure import erase

person = WeChatUser.objects.create(
    user=User.objects.create_user("anna"),
    appid="wx0123456789abcdef",
    openid="o-x",
    created_at=timezone.now(),
    last_login_at=timezone.now(),
)
Order.objects.create(user=person.user, address="1 Tea Street")

now = str(int(time.time()))
query = {"timestamp": now, "nonce": "1", "signature": hashlib.sha1("".join(sorted(["madeup", now, "1"])).encode()).hexdigest()}
message = {"Event": "something_else", "CreateTime": now}
answer = mini_program.post(
    "/api/wechat/events/wx0123456789abcdef/", json.dumps(message), "application/json", query_params=query
)
print(answer.content.decode())
erase(person.user)
print(Order.objects.values_list("user", "address").get())
"""


@pytest.mark.parametrize(("readme", "page"), PAGES.values(), ids=PAGES)
def test_the_receivers_run_as_they_are_pasted(readme: Path, page: Path, tmp_path: Path) -> None:
    host = HostProject(readme, tmp_path)
    host.take_the_first_steps()
    for block in ("^class ShopConfig", r'^INSTALLED_APPS \+= \["shop"\]$'):
        host.paste(block)
    for block in ("^def note_push", "^def erase_addresses"):
        host.paste(block, page)
    (tmp_path / "shop/models.py").write_text(ORDER)
    settings = tmp_path / "mysite/settings.py"
    settings.write_text(settings.read_text().replace('"NAME":', '"PUSH_TOKEN": "madeup", "NAME":'))
    type_in("WECHAT_SECRET=made-up python manage.py makemigrations shop", tmp_path)

    printed = host.run(TRY_THEM)

    assert printed == [
        "WeChat pushed something_else to wx0123456789abcdef",
        "success",
        "(None, '')",
    ]
