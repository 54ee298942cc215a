"""The access_token of an app. All processes share it, and one process at a time fetches the next one early."""

import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from wxlogin.secret import PrivateDict, Secret

from .errors import Misconfigured, TooManyInFlight, WeChatError
from .results import AccessToken
from .slots import PATIENCE

# developers.weixin.qq.com, api_getstableaccesstoken: WeChat gives out the next token in the last five minutes
# of a token, and both are valid until then. In seconds.
OVERLAP = 300
PATH = "/cgi-bin/stable_token"
NOT_RENEWED = "access_token not renewed, the present one is good for some minutes yet: %s"
# Seconds between two reads of the store while another process fetches the token.
POLL_INTERVAL = 0.05
# A token with fewer seconds left might expire before WeChat reads it.
EXPIRY_MARGIN = 10
# Seconds before a failed renewal is tried again. The current token is still valid meanwhile.
RETRY_AFTER = 30

logger = logging.getLogger("wxlogin")


class Store(Protocol):
    """A store of texts, like a cache of Django. Processes that share a store share the token."""

    def get(self, key: str) -> Secret[str] | None: ...
    def set(self, key: str, value: Secret[str], timeout: float) -> Any: ...
    def add(self, key: str, value: Secret[str], timeout: float) -> bool: ...
    def delete(self, key: str) -> Any: ...


@dataclass(frozen=True)
class _StoredToken:
    """A token as the store keeps it. Times are of the clock that all machines share."""

    value: Secret[str]
    renew_at: float
    expires_at: float

    @classmethod
    def parse(cls, text: Secret[str]) -> "_StoredToken | None":
        """Return what ``dump`` wrote, None if another version of this code wrote it, with other fields."""
        try:
            fields = PrivateDict(json.loads(text.reveal()))
            return cls(Secret(fields["value"]), fields["renew_at"], fields["expires_at"])
        except (TypeError, KeyError, ValueError):
            return None

    def dump(self) -> Secret[str]:
        fields = {"renew_at": self.renew_at, "expires_at": self.expires_at}
        return Secret(json.dumps({"value": self.value.reveal(), **fields}))


class AccessTokens:
    """The access tokens of one ``appid``. ``deadline`` is the number of seconds that a fetch may take.

    ``clock`` returns seconds since 1970. It should be the same on all machines that share ``store``.
    """

    def __init__(
        self, appid: str, store: Store, *, deadline: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._key = f"wxlogin:access_token:{appid}"
        self._lock = f"{self._key}:lock"
        self._store = store
        self._deadline = deadline
        self._clock = clock

    def get(self, fetch: Callable[[float], AccessToken], *, until: float) -> Secret[str]:
        """Return a valid access_token, from the store or from WeChat.

        ``fetch`` asks WeChat for a token; its argument is the deadline of that call. ``until`` is the deadline of this
        method. Both are times of ``time.monotonic``. Raises ``WeChatError``, at ``until`` at the latest.
        """
        # A caller that waits for another one's fetch holds a thread of the server. A hanging WeChat must not
        # hold all threads, so the wait is short.
        give_up = min(until, time.monotonic() + self._deadline * PATIENCE)
        while True:
            current = self._load()
            if current and self._clock() < current.renew_at:
                return current.value
            if owner := self._take_lock():
                try:
                    return self._renew(fetch, current, until)
                finally:
                    self._release_lock(owner)
            if current:
                # The process that holds the lock fetches the next token.
                return current.value
            if time.monotonic() + POLL_INTERVAL >= give_up:
                raise TooManyInFlight(PATH, "the access_token is being fetched")
            time.sleep(POLL_INTERVAL)

    def drop(self, refused: Secret[str]) -> None:
        """Remove the token that WeChat refused from the store. A newer token stays there."""
        current = self._load()
        if current and current.value == refused:
            self._store.delete(self._key)

    def _load(self) -> _StoredToken | None:
        """Return the stored token, or None if there is none or it is about to expire."""
        stored = self._store.get(self._key)
        token = _StoredToken.parse(stored) if stored else None
        return token if token and self._clock() < token.expires_at - EXPIRY_MARGIN else None

    def _renew(
        self, fetch: Callable[[float], AccessToken], current: _StoredToken | None, until: float
    ) -> Secret[str]:
        """Fetch and store the next token. Return the current one if the fetch fails and it is still valid."""
        if (newer := self._load()) and newer != current:
            # Another process stored it after we read the store and before we got the lock.
            return newer.value
        if current:
            # The caller can use the current token, so leave time for the call itself.
            until = min(until, time.monotonic() + self._deadline / 4)
        try:
            token = fetch(until)
        except WeChatError as exc:
            # Another process may have dropped the current token meanwhile.
            if current is None or self._load() != current:
                raise
            logger.log(logging.ERROR if isinstance(exc, Misconfigured) else logging.WARNING, NOT_RENEWED, exc)
            self._save(replace(current, renew_at=self._clock() + RETRY_AFTER))
            return current.value
        now = self._clock()
        # A token that is in its last minutes already is renewed after half of what is left.
        renew_at = now + max(token.expires_in - OVERLAP, token.expires_in / 2)
        self._save(_StoredToken(token.value, renew_at, now + token.expires_in))
        return token.value

    def _save(self, token: _StoredToken) -> None:
        self._store.set(self._key, token.dump(), token.expires_at - self._clock())

    def _take_lock(self) -> Secret[str] | None:
        """Try to take the lock. Return our owner id, or None if another process holds it."""
        owner = Secret(secrets.token_hex(8))
        # If its owner dies, the lock expires soon after the time that a fetch may take.
        return owner if self._store.add(self._lock, owner, self._deadline + 1) else None

    def _release_lock(self, owner: Secret[str]) -> None:
        """Release the lock if it is still ours. It may have expired, and another process may hold it now."""
        if self._store.get(self._lock) == owner:
            self._store.delete(self._lock)
