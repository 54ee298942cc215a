"""A model of people, their accounts and their devices: what must be true, without a database."""

from collections.abc import Iterable
from dataclasses import dataclass, field

MINUTE, HOUR, DAY = 60, 3600, 86400  # seconds
FOREVER = float("inf")
# The settings of the servers. No sum of the machine's time steps comes near one of these limits.
GRACE, IDLE, ABSOLUTE, MAX_SESSIONS = 630, 7 * DAY, 10 * DAY + HOUR // 2, 3
RETENTION = 180 * DAY


@dataclass(eq=False)
class Identity:
    """One person in one app. ``user`` is None while the app doesn't know them."""

    appid: str
    openid: str
    unionid: str
    user: int | None = None
    # Times at which a block ends: of the block in force, and of one that was kept when the identity was erased.
    blocked_until: float = 0
    carried_until: float = 0
    carried_forgotten_at: float = 0


@dataclass(eq=False)
class Device:
    """One login session. ``identity`` is None after an erasure, and ``user`` is whom the access token names."""

    id: str
    identity: Identity | None
    user: int
    access: str
    # The refresh tokens by generation; the last one is good.
    refreshes: list[str]
    seen_at: float
    expires_at: float
    end: str = ""


@dataclass
class Model:
    identities: list[Identity]
    devices: list[Device] = field(default_factory=list)
    disabled: set[int] = field(default_factory=set)
    now: float = 0

    # Questions

    def known(self) -> list[Identity]:
        return [each for each in self.identities if each.user is not None]

    def of_user(self, user: int | None) -> list[Identity]:
        return [each for each in self.known() if each.user == user]

    def devices_of(self, identities: Iterable[Identity]) -> list[Device]:
        chosen = list(identities)
        return [device for device in self.devices if device.identity in chosen]

    def live(self, identities: Iterable[Identity]) -> list[Device]:
        """Return the live sessions of ``identities``, oldest first."""
        return [each for each in self.devices_of(identities) if not each.end and not self._is_past(each)]

    def user_to_join(self, identity: Identity) -> int | None:
        """Return the user whom a new identity joins: that of the same unionid in the other app."""
        same = [each for each in self.known() if each.unionid == identity.unionid and each.unionid]
        return same[0].user if same else None

    def is_blocked(self, identity: Identity) -> bool:
        if identity.user is None:
            return self.now < min(identity.carried_until, identity.carried_forgotten_at)
        return self.now < identity.blocked_until

    def login_answer(self, identity: Identity) -> str:
        user = identity.user or self.user_to_join(identity)
        return "account_disabled" if self.is_blocked(identity) or user in self.disabled else "ok"

    def access_answer(self, device: Device) -> str:
        """Return what the access token gets. One that names an earlier user of the identity is invalid."""
        if device.identity and device.user != device.identity.user:
            return "token_invalid"
        return self._session_answer(device)

    def refresh_answer(self, device: Device, generation: int) -> str:
        current = len(device.refreshes) - 1
        if (answer := self._session_answer(device)) != "ok" or generation == current:
            return answer
        in_grace = generation == current - 1 and self.now - device.seen_at <= GRACE
        return "ok" if in_grace else "session_ended reused_refresh"

    # Changes

    def log_in(self, device: Device, identity: Identity, user: int) -> None:
        self.come_back(identity, user)
        self.devices.append(device)
        self.end(self.live([identity])[:-MAX_SESSIONS], "replaced")

    def come_back(self, identity: Identity, user: int) -> None:
        """Note that the app knows ``identity``. A block that was carried over an erasure is in force again."""
        if identity.user is None:
            identity.blocked_until = identity.carried_until if self.is_blocked(identity) else 0
            identity.carried_until = 0
        identity.user = user

    def observe(self, device: Device, answer: str) -> None:
        """Note the end that a request with a token of ``device`` stores, if it finds one."""
        if answer.startswith("session_ended "):
            self.end([device], answer.removeprefix("session_ended "))

    def end(self, devices: Iterable[Device], reason: str) -> None:
        """End sessions. An ended one keeps its first reason."""
        for device in devices:
            device.end = device.end or reason

    def block(self, identity: Identity, until: float) -> None:
        identity.blocked_until = until
        self.end(self.devices_of([identity]), "account_disabled")

    def set_active(self, user: int, is_active: bool) -> None:
        if is_active:
            self.disabled.discard(user)
        else:
            self.disabled.add(user)
            self.end(self.devices_of(self.of_user(user)), "account_disabled")

    def move(self, identities: list[Identity], target: int) -> None:
        """Give ``identities`` of one user to ``target``."""
        if {identities[0].user, target} & self.disabled:
            self.end(self.devices_of(identities), "account_disabled")
        for identity in identities:
            identity.user = target

    def erase(self, user: int) -> None:
        erased = self.of_user(user)
        for device in self.devices_of(erased):
            device.end = device.end or "erased"
            device.identity = None
        for identity in erased:
            # A disabled account comes back as a block without an end.
            until = FOREVER if user in self.disabled else identity.blocked_until
            if self.now < until:
                identity.carried_until = until
                identity.carried_forgotten_at = self.now + RETENTION
            identity.user, identity.blocked_until = None, 0

    def _is_past(self, device: Device) -> bool:
        return self.now >= min(device.expires_at, device.seen_at + IDLE)

    def _session_answer(self, device: Device) -> str:
        reason = device.end or ("expired" if self._is_past(device) else "")
        return f"session_ended {reason}" if reason else "ok"
