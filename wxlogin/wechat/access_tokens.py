"""The access_token of an app: one for all processes, renewed early, asked for by one of them at a time."""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from .errors import Misconfigured, TooManyInFlight, WeChatError
from .results import AccessToken

# developers.weixin.qq.com, api_getstableaccesstoken: in its last five minutes a token has a successor
# already, and both are good.
OVERLAP = 300
PATH = "/cgi-bin/stable_token"
NOT_RENEWED = "access_token not renewed, the present one is good for some minutes yet: %s"
LOOK_AGAIN = 0.05  # seconds between two looks at what another process is fetching
MARGIN = 10  # seconds; a token this close to its end might be dead on arrival
LATER = 30  # seconds until a renewal that failed is tried again; the present token is good meanwhile

logger = logging.getLogger("wxlogin")


class Store(Protocol):
    """What a Django cache offers. Shared between processes, it makes them share the token."""

    def get(self, key: str) -> Any: ...
    def set(self, key: str, value: Any, timeout: float) -> Any: ...
    def add(self, key: str, value: Any, timeout: float) -> bool: ...
    def delete(self, key: str) -> Any: ...


@dataclass(frozen=True)
class _Held:
    value: str = field(repr=False)
    renew_at: float  # by time.time, since other machines read it too
    expires_at: float


class AccessTokens:
    """Those of one ``appid``. ``deadline``: seconds that a fetch takes at most."""

    def __init__(self, appid: str, store: Store, *, deadline: float) -> None:
        self._key = f"wxlogin:access_token:{appid}"
        self._lock = f"{self._key}:lock"
        self._store = store
        self._deadline = deadline

    def get(self, fetch: Callable[[float], AccessToken], *, until: float) -> str:
        """A token to call with. ``fetch`` asks WeChat for one, until when it is told.

        Raises ``WeChatError``, by ``until``.
        """
        # Whoever waits for another's fetch holds a thread of the server: not for a WeChat that hangs.
        give_up = min(until, time.monotonic() + self._deadline / 5)
        while True:
            held = self._held()
            if held and time.time() < held.renew_at:
                return held.value
            if owner := self._take_lock():
                try:
                    return self._renew(fetch, held, until)
                finally:
                    self._give_lock_back(owner)
            if held:
                return held.value  # whoever has the lock brings the next one
            if time.monotonic() + LOOK_AGAIN >= give_up:
                raise TooManyInFlight(PATH, "the access_token is being fetched")
            time.sleep(LOOK_AGAIN)

    def drop(self, refused: str) -> None:
        """Forget a token that WeChat refused, unless another one is there already."""
        held = self._held()
        if held and held.value == refused:
            self._store.delete(self._key)

    def _held(self) -> _Held | None:
        stored = self._store.get(self._key)
        try:
            held = _Held(**stored) if stored else None
        except TypeError:  # another version of this code kept it
            return None
        return held if held and time.time() < held.expires_at - MARGIN else None

    def _renew(self, fetch: Callable[[float], AccessToken], held: _Held | None, until: float) -> str:
        """The next one; the present one does it too while it lasts."""
        if (newer := self._held()) and newer != held:
            return newer.value  # came between our look and our lock
        if held:  # the call itself needs time too
            until = min(until, time.monotonic() + self._deadline / 4)
        try:
            token = fetch(until)
        except WeChatError as exc:
            if held is None or self._held() != held:  # or somebody dropped it meanwhile
                raise
            logger.log(logging.ERROR if isinstance(exc, Misconfigured) else logging.WARNING, NOT_RENEWED, exc)
            self._keep(replace(held, renew_at=time.time() + LATER))
            return held.value
        now = time.time()
        # Half of it, of a token that is in its last minutes already.
        renew_at = now + max(token.expires_in - OVERLAP, token.expires_in / 2)
        self._keep(_Held(token.value, renew_at, now + token.expires_in))
        return token.value

    def _keep(self, held: _Held) -> None:
        self._store.set(self._key, asdict(held), held.expires_at - time.time())

    def _take_lock(self) -> str:
        """Who we are to the others while we have it; empty if somebody else does."""
        owner = secrets.token_hex(8)
        # A process that dies with it holds the others up no longer than one that fetches.
        return owner if self._store.add(self._lock, owner, self._deadline + 1) else ""

    def _give_lock_back(self, owner: str) -> None:
        if self._store.get(self._lock) == owner:
            self._store.delete(self._lock)
