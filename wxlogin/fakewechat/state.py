"""What WeChat knows and does, in one object; each kind of knowledge has a room of its own beside it."""

import dataclasses
import secrets
import string
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Unpack

from wxlogin.fakewechat import open_data, pushes
from wxlogin.fakewechat.access_tokens import AccessTokens
from wxlogin.fakewechat.apps import App, Declared, known_apps
from wxlogin.fakewechat.calls import Call, Calls
from wxlogin.fakewechat.codes import Code, LoginCode
from wxlogin.fakewechat.faults import Fault, Faults
from wxlogin.fakewechat.messages import Answer, Refusal, Request
from wxlogin.fakewechat.people import Person, PersonFields
from wxlogin.fakewechat.phones import check_phone, make_up_phone
from wxlogin.fakewechat.session_keys import SessionKeys

ALPHANUMERIC = string.ascii_letters + string.digits


class WeChat:
    """The platform in memory. Safe to use from many threads; what it hands out are copies."""

    def __init__(self, apps: Declared | None = None, now: Callable[[], float] = time.time) -> None:
        self.apps = known_apps(apps or {})
        self.now = now
        self._lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Forget all people, codes, session keys, access tokens, faults and calls."""
        with self._lock:
            self._people: dict[str, Person] = {}
            self._codes: dict[str, LoginCode] = {}
            self._phone_codes: dict[str, Code] = {}
            self._keys = SessionKeys()
            self._tokens = AccessTokens()
            self._faults = Faults()
            self._calls = Calls()

    # People and their codes

    def person(self, openid: str | None = None, **fields: Unpack[PersonFields]) -> Person:
        """Make a person, or change the given fields of a known one; None clears a field.

        A phone of another country is written ``+852 51234567``. Raises ``ValueError`` for another way with a plus.
        """
        check_phone(fields.get("phone"))
        with self._lock:
            openid = openid or "o" + _random(27, ALPHANUMERIC + "_-")
            known = self._people.get(openid) or Person(openid)
            self._people[openid] = dataclasses.replace(known, **fields)
            return self._people[openid]

    def code_for(self, openid: str, appid: str | None = None) -> str:
        """What ``wx.login`` gives this person, who is made if unknown. Without ``appid`` it is good in any app.

        Every code brings a new session_key, which is live in ``appid`` at once. Without ``appid`` it goes live where
        the code is exchanged, unless a later code has been there before.
        """
        with self._lock:
            self.person(openid)
            key = self._keys.make()
            code = _random(32, ALPHANUMERIC)
            self._codes[code] = LoginCode(openid=openid, appid=appid, made_at=self.now(), key=key)
            if appid:
                self._keys.go_live(openid, appid, key)
            return code

    def exchange(self, js_code: str, appid: str) -> tuple[Person, str]:
        """The person behind a code, and the session_key made with it. Raises ``Refusal``."""
        with self._lock:
            code = self._codes.get(js_code)
            if code is None or not code.is_good_in(appid, self.now()):
                raise Refusal(40029)
            if code.used:
                raise Refusal(40163)
            code.used = True
            code.appid = appid
            self._keys.go_live(code.openid, appid, code.key)
            return self._people[code.openid], code.key.value

    def phone_code_for(self, openid: str, appid: str | None = None) -> str:
        """What the phone button gives this person, who is made if unknown. Without ``appid`` it is good in any app."""
        with self._lock:
            self.person(openid)
            code = secrets.token_hex(32)
            self._phone_codes[code] = Code(openid=openid, appid=appid, made_at=self.now())
            return code

    def redeem_phone_code(self, phone_code: str, appid: str, openid: str | None = None) -> str:
        """The phone behind a code, made up if the person has none. Raises ``Refusal``, also if ``openid`` isn't theirs."""
        with self._lock:
            code = self._phone_codes.get(phone_code)
            if code is None or code.used or not code.is_good_in(appid, self.now()):
                raise Refusal(40029)
            if openid not in (None, code.openid):
                raise Refusal(40029)
            code.used = True
            phone = self._people[code.openid].phone or make_up_phone()
            self.person(code.openid, phone=phone)
            return phone

    # Session keys and what is encrypted with them

    def session_key_of(self, openid: str, appid: str) -> str | None:
        """The live session_key, or None."""
        with self._lock:
            return self._keys.live(openid, appid)

    def expire_session_key(self, openid: str) -> None:
        """The person's live key in every app is dead from now on. Raises ``ValueError`` for an unknown openid."""
        with self._lock:
            self._check_known(openid)
            self._keys.expire(openid)

    def check_session_key(self, openid: str, appid: str, signature: str) -> None:
        """Raises ``Refusal`` unless the live key made the signature."""
        with self._lock:
            if openid not in self._people:
                raise Refusal(40003)
            self._keys.check(openid, appid, signature)

    def reset_session_key(self, openid: str, appid: str, signature: str) -> str:
        """The key that takes the place of the live one. Raises ``Refusal`` unless that one made the signature."""
        with self._lock:
            self.check_session_key(openid, appid, signature)
            key = self._keys.make()
            self._keys.go_live(openid, appid, key)
            return key.value

    def open_data(self, openid: str, data: Mapping[str, Any], appid: str | None = None) -> dict[str, str]:
        """``encryptedData``, ``iv``, ``rawData`` and ``signature`` of ``data``, which gets a watermark if it has none.

        Without ``appid`` it is the app in which the person has a live session_key. Raises ``ValueError`` if there is
        no such key, or more than one.
        """
        with self._lock:
            self._check_known(openid)
            appid = appid or self._keys.only_app_of(openid)
            session_key = self._keys.live(openid, appid)
            watermark = {"timestamp": int(self.now()), "appid": appid}
        if session_key is None:
            raise ValueError(f"{openid} has no live session_key in {appid}: make a code first")
        return open_data.seal({**data, "watermark": data.get("watermark", watermark)}, session_key)

    def _check_known(self, openid: str) -> None:
        if openid not in self._people:
            raise ValueError("unknown openid")

    # Access tokens

    def access_token_for(self, appid: str, force_refresh: bool = False) -> tuple[str, int]:
        """The app's access_token, and for how many seconds it is good."""
        with self._lock:
            now = self.now()
            token = self._tokens.give(appid, now, force_refresh)
            return token.value, round(token.expires_at - now)

    def appid_of(self, access_token: str) -> str:
        """Raises ``Refusal`` for one that isn't good."""
        with self._lock:
            return self._tokens.appid_of(access_token, self.now())

    def expire_access_tokens(self) -> None:
        """All that were given out are dead from now on."""
        with self._lock:
            self._tokens.expire(self.now())

    # Events

    def push(
        self,
        url: str,
        event: str,
        openid: str = "",
        mode: str = "secure",
        *,
        appid: str | None = None,
        token: str | None = None,
        aes_key: str | None = None,
        format: str = "json",
        **fields: Any,
    ) -> pushes.Delivery:
        """Send an event about ``openid`` to ``url`` once, and wait up to 5 seconds for the answer.

        ``event="handshake"`` is the GET that comes before all events. ``appid`` is the last part of the URL unless
        given, ``token`` and ``aes_key`` are what is known of the app. ``fields`` are further members of the message,
        or other values for those it has; None leaves one out. Raises ``ValueError`` for what can't be sent.
        """
        appid = appid or pushes.appid_in(url)
        app = self.apps.get(appid, App())
        receiver = pushes.Receiver(url, appid, token or app.push_token, aes_key or app.push_aes_key)
        now = int(self.now())
        if event == "handshake":
            return pushes.shake_hands(receiver, now)
        message = pushes.message(receiver, event, openid, now, fields)
        return pushes.deliver(receiver, message, mode, format, now)

    # Faults and calls

    def fault(
        self,
        path: str = "/sns/jscode2session",
        *,
        errcode: int | str | None = None,
        status: int | None = None,
        body: str | None = None,
        reset: bool | None = None,
        delay: float | None = None,
        drip: float | None = None,
        times: int | None = None,
    ) -> None:
        """Misbehave on ``path``: ``times`` calls long, or until ``reset()``; ``times=0`` ends all faults of the path.

        ``errcode`` (a string is sent as one), ``status`` with a page or with ``body``, ``body`` alone, and ``reset`` of
        the connection stand in for the answer, and leave the code unspent. ``delay`` waits first, ``drip`` sends byte
        by byte, both in seconds. The newest fault comes first. Raises ``ValueError`` if it makes no sense.
        """
        fault = Fault(errcode, status, body, reset, delay, drip, times)
        with self._lock:
            self._faults.add(path, fault)

    def take_fault(self, path: str) -> Fault:
        """The fault for the next call of ``path``, counted as used."""
        with self._lock:
            return self._faults.take(path)

    @property
    def calls(self) -> list[Call]:
        """The platform calls asked since the last reset, oldest first, with secrets masked."""
        with self._lock:
            return self._calls.copies()

    def note_call(self, request: Request) -> Call:
        with self._lock:
            return self._calls.note(request, self.now())

    def note_answer(self, call: Call, answer: Answer) -> None:
        with self._lock:
            call.status, call.errcode = answer.status, answer.errcode


def _random(length: int, alphabet: str) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
