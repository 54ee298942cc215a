"""What WeChat knows: people, codes, session keys; and what a test wants to know: calls and faults."""

import base64
import dataclasses
import itertools
import secrets
import string
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypedDict, Unpack

from wxlogin.fakewechat.faults import NO_FAULT, Fault
from wxlogin.fakewechat.messages import Answer, Refusal, Request

ALPHANUMERIC = string.ascii_letters + string.digits
CODE_LIFETIME = 5 * 60
CALLS_KEPT = 10_000  # a load test must not fill the memory
MASKED = {"secret", "js_code", "access_token"}


class PersonFields(TypedDict, total=False):
    unionid: str | None
    phone: str | None
    nickname: str | None


@dataclass(frozen=True)
class Person:
    openid: str
    unionid: str | None = None
    phone: str | None = None
    nickname: str | None = None


@dataclass
class SessionKey:
    value: str
    serial: int  # of the code it came with: the higher one is the later login
    alive: bool = True


@dataclass
class Code:
    openid: str
    appid: str | None
    key: SessionKey
    made_at: float
    used: bool = False


@dataclass
class Call:
    """One platform call. ``status`` stays None while there is no answer, and after a reset connection."""

    method: str
    path: str
    query: dict[str, str]
    time: float
    status: int | None = None
    errcode: int | str | None = None


class WeChat:
    """The platform in memory. Safe to use from many threads; what it hands out are copies."""

    def __init__(self, apps: Mapping[str, str] | None = None, now: Callable[[], float] = time.time) -> None:
        self.apps = dict(apps or {})
        self.now = now
        self._lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Forget all people, codes, session keys, faults and calls."""
        with self._lock:
            self._people: dict[str, Person] = {}
            self._codes: dict[str, Code] = {}
            self._keys: dict[tuple[str, str], SessionKey] = {}
            self._faults: dict[str, list[Fault]] = {}
            self._calls: deque[Call] = deque(maxlen=CALLS_KEPT)
            self._serials = itertools.count()

    # People and their codes

    def person(self, openid: str | None = None, **fields: Unpack[PersonFields]) -> Person:
        """Make a person, or change the given fields of a known one; None clears a field."""
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
            key = SessionKey(base64.b64encode(secrets.token_bytes(16)).decode(), next(self._serials))
            code = _random(32, ALPHANUMERIC)
            self._codes[code] = Code(openid, appid, key, self.now())
            if appid:
                self._go_live(appid, openid, key)
            return code

    def exchange(self, js_code: str, appid: str) -> tuple[Person, str]:
        """The person behind a code, and the session_key made with it. Raises ``Refusal``."""
        with self._lock:
            code = self._codes.get(js_code)
            if code is None or code.appid not in (None, appid) or self._is_expired(code):
                raise Refusal(40029)
            if code.used:
                raise Refusal(40163)
            code.used = True
            code.appid = appid
            self._go_live(appid, code.openid, code.key)
            return self._people[code.openid], code.key.value

    def session_key_of(self, openid: str, appid: str) -> str | None:
        """The live session_key, or None."""
        with self._lock:
            key = self._keys.get((appid, openid))
            return key.value if key and key.alive else None

    def expire_session_key(self, openid: str) -> None:
        """The person's live key in every app is dead from now on. Raises ``ValueError`` for an unknown openid."""
        with self._lock:
            if openid not in self._people:
                raise ValueError("unknown openid")
            for (_appid, owner), key in self._keys.items():
                if owner == openid:
                    key.alive = False

    def _go_live(self, appid: str, openid: str, key: SessionKey) -> None:
        current = self._keys.get((appid, openid))
        if current is None or current.serial < key.serial:
            self._keys[appid, openid] = key

    def _is_expired(self, code: Code) -> bool:
        return self.now() - code.made_at >= CODE_LIFETIME

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
            if times == 0:
                self._faults.pop(_rooted(path), None)
            elif fault.does_something:
                self._faults.setdefault(_rooted(path), []).append(fault)
            else:
                raise ValueError("say what goes wrong: errcode, status, body, reset, delay or drip")

    def take_fault(self, path: str) -> Fault:
        """The fault for the next call of ``path``, counted as used."""
        with self._lock:
            faults = self._faults.get(_rooted(path))
            if not faults:
                return NO_FAULT
            fault = faults.pop()
            if fault.times is None:
                faults.append(fault)
            elif fault.times > 1:
                faults.append(dataclasses.replace(fault, times=fault.times - 1))
            return fault

    @property
    def calls(self) -> list[Call]:
        """The platform calls asked since the last reset, oldest first, with secrets masked."""
        with self._lock:
            return [dataclasses.replace(call, query=dict(call.query)) for call in self._calls]

    def note_call(self, request: Request) -> Call:
        query = {name: "***" if name in MASKED else value for name, value in request.query.items()}
        with self._lock:
            call = Call(request.method, request.path, query, self.now())
            self._calls.append(call)
            return call

    def note_answer(self, call: Call, answer: Answer) -> None:
        with self._lock:
            call.status, call.errcode = answer.status, answer.errcode


def _random(length: int, alphabet: str) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _rooted(path: str) -> str:
    return "/" + path.lstrip("/")
