"""The calls of the API during which a function breaks, and the secrets that are planted in them."""

import hashlib
import itertools
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.test import Client

from tests.api.phones import NUMBER
from tests.settings import APPID
from wxlogin.fakewechat import FakeWeChat, encryption

APP_SECRET = "PLANTEDAPPSECRETPLANTEDAPPSECRET"
PUSH_TOKEN, PUSH_AES_KEY = "PLANTEDTOKEN", "PLANTEDKEY" + "a" * 33
APPS = {
    APPID: {
        "SECRET": APP_SECRET,
        "PUSH_TOKEN": PUSH_TOKEN,
        "PUSH_AES_KEY": PUSH_AES_KEY,
        # A unionid counts within a group only.
        "OPEN_PLATFORM": "shop",
    }
}
API = "/api/wechat/"
SCOPES = ("login", "refresh", "data")
JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}")

_numbers = itertools.count()
# Each client loads the middleware.
CLIENT = Client(raise_request_exception=False)


@dataclass
class Person:
    """Somebody on a phone. ``secrets`` are those that a report might hold, by their kind."""

    wechat: FakeWeChat
    openid: str = field(default_factory=lambda: f"oPLANTED{next(_numbers):020}")
    unionid: str = field(default_factory=lambda: f"uPLANTED{next(_numbers):020}")
    client: Client = field(default=CLIENT)
    tokens: dict[str, str] = field(default_factory=dict)
    secrets: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.wechat.person(self.openid, phone=NUMBER, unionid=self.unionid)
        # A function that broke may have left the lock behind. A throttle counts from one again.
        token = f"wxlogin:access_token:{APPID}"
        cache.delete_many([token, f"{token}:lock", *(f"wxlogin:{each}:127.0.0.1" for each in SCOPES)])

    def call(self, method: str, path: str, body: Any = None, **extra: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens['access']}"} if self.tokens else {}
        send = getattr(self.client, method)
        return send(API + path, data=body, content_type="application/json", headers=headers, **extra)

    def log_in(self, **body: str) -> None:
        code = self.wechat.code_for(self.openid)
        self.secrets.add(("code", code))
        answer = self.client.post(API + "login/", {"code": code, **body}, content_type="application/json")
        self.tokens = answer.json() if answer.status_code == 200 else self.tokens

    def phone_code(self) -> str:
        code = self.wechat.phone_code_for(self.openid)
        self.secrets.add(("phone code", code))
        return code

    def note_session_key(self) -> None:
        self.secrets.add(("session_key", self.wechat.session_key_of(self.openid, APPID) or "none yet"))

    def found_in(self, text: str) -> set[str]:
        """Return the kinds of the secrets that are in ``text``."""
        self.note_session_key()
        # A session_key holds characters that JSON and HTML may escape.
        known = {
            *self.secrets,
            ("secret", APP_SECRET),
            ("phone number", NUMBER),
            ("openid", self.openid),
            ("unionid", self.unionid),
            ("access_token", self.wechat.access_token_for(APPID)[0]),
            ("push token", PUSH_TOKEN),
            ("push AES key", PUSH_AES_KEY),
        }
        found = {kind for kind, value in known if value in text}
        return found | ({"JWT"} if JWT.search(text) else set())


def _first_login(person: Person) -> None:
    person.log_in(phone_code=person.phone_code())


def _warm_login(person: Person) -> None:
    person.log_in()


def _refresh(person: Person) -> None:
    person.call("post", "token/refresh/", {"refresh": person.tokens["refresh"]})


def _phone(person: Person) -> None:
    person.call("post", "phone/", {"code": person.phone_code()})


def _phone_as_open_data(person: Person) -> None:
    phone = {"phoneNumber": NUMBER, "purePhoneNumber": NUMBER, "countryCode": "86"}
    sealed = person.wechat.open_data(person.openid, phone)
    person.call("post", "phone/", {"encryptedData": sealed["encryptedData"], "iv": sealed["iv"]})


def _open_data(person: Person) -> None:
    data = {"openId": person.openid, "nickName": "Anna", "phone": [NUMBER]}
    person.call("post", "open-data/", person.wechat.open_data(person.openid, data))


def _key_check(person: Person) -> None:
    person.call("post", "session-key/check/")


def _key_reset(person: Person) -> None:
    person.note_session_key()
    person.call("post", "session-key/reset/")


def _push(person: Person) -> None:
    message = {
        "Event": "user_authorization_cancellation",
        "OpenID": person.openid,
        "AppID": APPID,
        "N": next(_numbers),
    }
    # Not with wxlogin's own functions, one of which may raise.
    encrypt = encryption.encrypt_push(json.dumps(message), APPID, PUSH_AES_KEY)
    now = str(int(time.time()))
    signature = hashlib.sha1("".join(sorted([PUSH_TOKEN, now, "1", encrypt])).encode()).hexdigest()  # noqa: S324
    signed = {"timestamp": now, "nonce": "1", "msg_signature": signature}
    person.call("post", f"events/{APPID}/", {"Encrypt": encrypt}, query_params=signed)


def _export(person: Person) -> None:
    person.call("get", "me/export/")


def _erase(person: Person) -> None:
    person.call("delete", "me/")


# The flows of somebody who isn't known yet.
NEW = {"first login": _first_login}
FLOWS: dict[str, Callable[[Person], None]] = {
    **NEW,
    "warm login": _warm_login,
    "refresh": _refresh,
    "phone": _phone,
    "phone as open data": _phone_as_open_data,
    "open data": _open_data,
    "key check": _key_check,
    "key reset": _key_reset,
    "push": _push,
    "export": _export,
    "erase": _erase,
}
