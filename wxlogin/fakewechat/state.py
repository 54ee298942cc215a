"""WeChat in memory: one object that holds all data, with one lock around it."""

import dataclasses
import secrets
import string
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Unpack

from wxlogin.fakewechat import encryption, pushes
from wxlogin.fakewechat.access_tokens import TokenStore
from wxlogin.fakewechat.apps import AppOptions, KnownApp, known_apps
from wxlogin.fakewechat.faults import Fault, Faults
from wxlogin.fakewechat.messages import Call, Calls, Refusal, Reply, Request
from wxlogin.fakewechat.people import Code, LoginCode, Person, PersonFields, check_phone, random_phone
from wxlogin.fakewechat.session_keys import KeyStore

ALPHANUMERIC = string.ascii_letters + string.digits


class WeChat:
    """The platform without its HTTP server. It is thread-safe and returns copies of its data."""

    def __init__(self, apps: AppOptions | None = None, now: Callable[[], float] = time.time) -> None:
        self.apps = known_apps(apps or {})
        self.now = now
        self._lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Remove all people, codes, session keys, access tokens, faults and calls."""
        with self._lock:
            self._people: dict[str, Person] = {}
            self._codes: dict[str, LoginCode] = {}
            self._phone_codes: dict[str, Code] = {}
            self._keys = KeyStore()
            self._tokens = TokenStore()
            self._faults = Faults()
            self._calls = Calls()

    # People and their codes

    def person(self, openid: str | None = None, **fields: Unpack[PersonFields]) -> Person:
        """Create a person, or change the given fields of an existing one. None clears a field.

        Write a phone outside China like ``+852 51234567``. Raise ``ValueError`` for any other format with a plus.
        """
        check_phone(fields.get("phone"))
        with self._lock:
            openid = openid or "o" + _random(27, ALPHANUMERIC + "_-")
            known = self._people.get(openid) or Person(openid)
            self._people[openid] = dataclasses.replace(known, **fields)
            return self._people[openid]

    def code_for(self, openid: str, appid: str | None = None) -> str:
        """Return a code as ``wx.login`` does, and create the person if needed. No ``appid`` means valid in any app.

        Every code has a new session_key, which becomes live in ``appid`` at once. Without ``appid`` it becomes live
        in the app that exchanges the code, unless that app has already seen a later code.
        """
        with self._lock:
            self.person(openid)
            key = self._keys.make()
            code = _random(32, ALPHANUMERIC)
            self._codes[code] = LoginCode(openid=openid, appid=appid, made_at=self.now(), key=key)
            if appid:
                self._keys.activate(openid, appid, key)
            return code

    def exchange(self, js_code: str, appid: str) -> tuple[Person, str]:
        """Return the person and the session_key of a login code, and mark the code as used. Raise ``Refusal``."""
        with self._lock:
            code = self._codes.get(js_code)
            if code is None or not code.is_valid_in(appid, self.now()):
                raise Refusal(40029)
            if code.used:
                raise Refusal(40163)
            code.used = True
            code.appid = appid
            self._keys.activate(code.openid, appid, code.key)
            return self._people[code.openid], code.key.value

    def phone_code_for(self, openid: str, appid: str | None = None) -> str:
        """Return a code as the phone button does, and create the person if needed.

        No ``appid`` means valid in any app.
        """
        with self._lock:
            self.person(openid)
            code = secrets.token_hex(32)
            self._phone_codes[code] = Code(openid=openid, appid=appid, made_at=self.now())
            return code

    def redeem_phone_code(self, phone_code: str, appid: str, openid: str | None = None) -> str:
        """Return the phone of a phone code, and mark the code as used.

        A person without a phone gets a random one, and keeps it. Raise ``Refusal`` if the code isn't valid, or
        belongs to another person than ``openid``.
        """
        with self._lock:
            code = self._phone_codes.get(phone_code)
            if code is None or code.used or not code.is_valid_in(appid, self.now()):
                raise Refusal(40029)
            if openid not in (None, code.openid):
                raise Refusal(40029)
            code.used = True
            phone = self._people[code.openid].phone or random_phone()
            self.person(code.openid, phone=phone)
            return phone

    # Session keys and encrypted data

    def session_key_of(self, openid: str, appid: str) -> str | None:
        """Return the live session_key, or None."""
        with self._lock:
            return self._keys.live_key(openid, appid)

    def expire_session_key(self, openid: str) -> None:
        """End the person's live key in every app. Raise ``ValueError`` for an unknown openid."""
        with self._lock:
            self._check_known(openid)
            self._keys.expire(openid)

    def check_session_key(self, openid: str, appid: str, signature: str) -> None:
        """Raise ``Refusal`` unless the signature was made with the live key."""
        with self._lock:
            if openid not in self._people:
                raise Refusal(40003)
            self._keys.check(openid, appid, signature)

    def reset_session_key(self, openid: str, appid: str, signature: str) -> str:
        """Replace the live key and return the new one.

        Raise ``Refusal`` unless the signature was made with the old one.
        """
        with self._lock:
            self.check_session_key(openid, appid, signature)
            key = self._keys.make()
            self._keys.activate(openid, appid, key)
            return key.value

    def open_data(self, openid: str, data: Mapping[str, Any], appid: str | None = None) -> dict[str, str]:
        """Return ``encryptedData``, ``iv``, ``rawData`` and ``signature`` for ``data``.

        A watermark is added if ``data`` has none. Without ``appid``, the app is the one in which the person has a live
        session_key. Raise ``ValueError`` if there is no such key, or more than one.
        """
        with self._lock:
            self._check_known(openid)
            appid = appid or self._keys.only_app(openid)
            session_key = self._keys.live_key(openid, appid)
            watermark = {"timestamp": int(self.now()), "appid": appid}
        if session_key is None:
            raise ValueError(f"{openid} has no live session_key in {appid}: make a code first")
        data = {**data, "watermark": data.get("watermark", watermark)}
        return encryption.encrypt_open_data(data, session_key)

    def _check_known(self, openid: str) -> None:
        if openid not in self._people:
            raise ValueError("unknown openid")

    # Access tokens

    def access_token_for(self, appid: str, force_refresh: bool = False) -> tuple[str, int]:
        """Return the app's access_token and the seconds until it expires."""
        with self._lock:
            now = self.now()
            token = self._tokens.get(appid, now, force_refresh)
            return token.value, round(token.expires_at - now)

    def appid_of(self, access_token: str) -> str:
        """Return the app that an access_token belongs to. Raise ``Refusal`` if the token isn't valid."""
        with self._lock:
            return self._tokens.appid_of(access_token, self.now())

    def expire_access_tokens(self) -> None:
        """Make every access_token expire now."""
        with self._lock:
            self._tokens.expire_all(self.now())

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
        text: str | None = None,
        **fields: Any,
    ) -> pushes.Delivery:
        """Send an event about ``openid`` to ``url`` once, and wait up to 5 seconds for the answer.

        ``event="handshake"`` sends the GET that comes before all events. ``appid`` defaults to the last part of the
        URL, ``token`` and ``aes_key`` to those of the app. ``fields`` add members to the message or replace them, and
        None removes one. ``text`` is signed and sent in place of the message, well-formed or not. Raise ``ValueError``
        if the event can't be sent.
        """
        appid = appid or pushes.appid_from_url(url)
        app = self.apps.get(appid, KnownApp())
        receiver = pushes.Receiver(url, appid, token or app.push_token, aes_key or app.push_aes_key)
        now = int(self.now())
        if event == "handshake":
            return pushes.send_handshake(receiver, now)
        message = pushes.build_message(receiver, event, openid, now, fields)
        return pushes.send_event(receiver, message, mode, format, now, text)

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
        """Add a fault to ``path``, for ``times`` calls or until ``reset()``. ``times=0`` ends all faults of the path.

        These replace the answer, and the call doesn't use up its code: ``errcode`` (a string stays a string in the
        JSON), ``status`` with an error page or with ``body``, ``body`` alone, and ``reset`` of the connection.
        ``delay`` is the time before the answer, ``drip`` the time after each single byte of it, both in seconds.
        The newest fault comes first. Raise ``ValueError`` if the fault makes no sense.
        """
        fault = Fault(errcode, status, body, reset, delay, drip, times)
        with self._lock:
            self._faults.add(path, fault)

    def take_fault(self, path: str) -> Fault:
        """Return the fault for the next call of ``path``, and count it as used."""
        with self._lock:
            return self._faults.take(path)

    @property
    def calls(self) -> list[Call]:
        """The platform calls since the last reset, oldest first, with masked secrets."""
        with self._lock:
            return self._calls.copy()

    def add_call(self, request: Request) -> Call:
        with self._lock:
            return self._calls.add(request, self.now())

    def finish_call(self, call: Call, answer: Reply) -> None:
        with self._lock:
            call.status, call.errcode = answer.status, answer.errcode


def _random(length: int, alphabet: str) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
