"""The demo: a fake WeChat, the project and some people who log in, all on one machine."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler, get_internal_wsgi_application

from wxlogin import __version__
from wxlogin.fakewechat import FakeWeChat

PHONES = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) MicroMessenger/8.0.60 NetType/WIFI Language/zh_CN",
    "Mozilla/5.0 (Linux; Android 15; Mi 15) MicroMessenger/8.0.61 NetType/5G Language/zh_CN",
]
PEOPLE = {
    "oK7dQ5aVn0rXw2-Lm9TfPz3sHc8E": "李雷",
    "oWb4Yk1-ZtGq6uRj8NxMv0eDfS2A": "韩梅梅",
    "o9HsC3pLw7_JiUyBn5KaTg1XmQ4r": "Tea lover 🍵",
    "oE2vNf8RzKd-0qWc6SbYh4LjPu7T": "王小明",
    "oT5mGx_A1sQoVk3JrCw9BnZ7yHe6": "Anna",
}


class DemoServer(ThreadedWSGIServer):
    # Django's default of 10 could refuse connections while ten phones log in at once.
    request_queue_size = 128


@dataclass(frozen=True)
class Demo:
    """A running demo: the project's URL, the fake WeChat, and the name and password of a staff member."""

    url: str
    fake: FakeWeChat
    staff: str
    password: str

    def call(self, method: str, path: str, access: str = "", **kwargs: Any) -> requests.Response:
        headers = {**kwargs.pop("headers", {}), **({"Authorization": f"Bearer {access}"} if access else {})}
        with browser() as http:
            return http.request(
                method, f"{self.url}/api/wechat/{path}", headers=headers, timeout=30, **kwargs
            )

    def log_in(self, openid: str, phone: int = 0) -> dict[str, Any]:
        """Log in as the mini-program does, with a code and the headers that WeChat and our client set.

        ``phone`` chooses the device. Return the answer's body.
        """
        appid = next(iter(settings.WXLOGIN["APPS"]))
        headers = {
            "User-Agent": PHONES[phone % len(PHONES)],
            "X-Wxlogin-Client": __version__,
            "Referer": f"https://servicewechat.com/{appid}/{12 + phone}/page-frame.html",
        }
        answer = self.call("POST", "login/", json={"code": self.fake.code_for(openid)}, headers=headers)
        answer.raise_for_status()
        return dict(answer.json())

    @property
    def curl(self) -> str:
        """A shell line that logs somebody in.

        The fake WeChat answers the inner curl with ``{"code": …}``, which is the body that the endpoint expects.
        """
        return (
            f"curl -s {self.url}/api/wechat/login/ -H 'Content-Type: application/json' "
            f"""-d "$(curl -s {self.fake.url}/_fake/codes -d '{{"openid": "o-you"}}')\""""
        )


def browser() -> requests.Session:
    """Return a session without the proxies of the environment, which can't reach this machine's loopback."""
    session = requests.Session()
    session.trust_env = False
    return session


@contextmanager
def running(port: int, fake_port: int) -> Iterator[Demo]:
    """Serve the project and a fake WeChat. If a port is taken, another one is used."""
    with _fake(fake_port) as fake:
        settings.WXLOGIN = {**settings.WXLOGIN, "API_BASE": fake.url}
        server = _server(port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        staff, password = _staff()
        try:
            yield Demo(f"http://127.0.0.1:{server.server_port}", fake, staff, password)
        finally:
            server.shutdown()
            server.server_close()


def welcome_people(demo: Demo) -> None:
    """Fill the admin: a few people log in and set a nickname, and some bind a phone number or log in again.

    One of them logs out, and one sends a code twice, which is refused.
    """
    for number, (openid, nickname) in enumerate(PEOPLE.items()):
        access = demo.log_in(openid, number)["access"]
        demo.call("PUT", "me/", access, json={"nickname": nickname}).raise_for_status()
        if number % 2:
            demo.log_in(openid, number + 1)
        else:
            demo.call(
                "POST", "phone/", access, json={"code": demo.fake.phone_code_for(openid)}
            ).raise_for_status()
    demo.call("POST", "logout/", access).raise_for_status()
    used = {"code": demo.fake.code_for(openid)}
    for _ in range(2):
        demo.call("POST", "login/", json=used)


def check(demo: Demo) -> None:
    """Log in, refresh and log out over HTTP. Raises ``AssertionError`` if anything doesn't work."""
    first, again = demo.log_in("o-check"), demo.log_in("o-check")
    _expect(first["user"]["id"] == again["user"]["id"], "a second login is the same person")
    _expect(demo.call("GET", "me/", again["access"]).ok, "the access token opens me/")
    renewed = demo.call("POST", "token/refresh/", json={"refresh": again["refresh"]}).json()
    phone = {"code": demo.fake.phone_code_for("o-check")}
    _expect(demo.call("POST", "phone/", renewed["access"], json=phone).ok, "a phone code brings the number")
    _expect(demo.call("POST", "logout/", renewed["access"]).status_code == 204, "logout works")
    refused = demo.call("GET", "me/", renewed["access"])
    _expect(refused.json().get("reason") == "logged_out", "the next request after logout is refused")
    _expect(_staff_can_log_in(demo), "staff can log in to the admin")


def _expect(holds: bool, promise: str) -> None:
    if not holds:
        raise AssertionError(promise)


def _staff_can_log_in(demo: Demo) -> bool:
    with browser() as http:
        url = f"{demo.url}/admin/login/?next=/admin/"
        http.get(url, timeout=30)
        form = {
            "username": demo.staff,
            "password": demo.password,
            "csrfmiddlewaretoken": http.cookies["csrftoken"],
        }
        http.post(url, form, timeout=30)
        page = http.get(f"{demo.url}/admin/wxlogin/wechatuser/", allow_redirects=False, timeout=30)
    return page.status_code == 200


def _fake(port: int) -> FakeWeChat:
    apps = settings.WXLOGIN["APPS"]
    try:
        return FakeWeChat(port=port, apps=apps)
    except OSError:
        return FakeWeChat(apps=apps)


def _server(port: int) -> DemoServer:
    try:
        server = DemoServer(("127.0.0.1", port), WSGIRequestHandler)
    except OSError:
        server = DemoServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.set_app(get_internal_wsgi_application())
    return server


def _staff() -> tuple[str, str]:
    """Create a superuser if there is none, and give it a new password. Return its name and password."""
    password = secrets.token_urlsafe(12)
    user, _ = get_user_model().objects.get_or_create(
        username="staff", defaults={"is_staff": True, "is_superuser": True}
    )
    user.set_password(password)
    user.save()
    return "staff", password
