"""One rolling upgrade: the version before serves people while the database is migrated and this version joins it."""

import base64
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.helpers.process import ROOT
from tests.settings import APPID
from wxlogin.fakewechat import FakeWeChat

from .database import empty_database
from .history import History
from .report import Report
from .version import PASSWORD, STAFF, Phone, Server, Version

BEFORE, NOW = "version before", "this version"
NO_LIMIT = "1000000/min"


@dataclass
class Upgrade:
    """The two versions on one database, and the account of what they do."""

    before: Version
    now: Version
    wechat: FakeWeChat
    folder: Path
    rounds: int
    report: Report = field(default_factory=Report)

    def __post_init__(self) -> None:
        self._numbers = itertools.count()

    def run(self) -> Report:
        self.before.manage("migrate", "--verbosity=0")
        self.before.manage("createsuperuser", "--noinput", "--email=", f"--username={STAFF}")
        with self.before.serve(self.folder / "before.log") as old:
            early = [self._log_in(old, "login, before migrate") for _ in range(2 * self.rounds)]
            self.report.run(self.now, "migrate", self.now.manage, "migrate", "--verbosity=0")
            self._use(old, early)
            with self.now.serve(self.folder / "now.log") as new:
                self._use(new, early)
                self._hand_over(early, old, new)
                self._hand_over([self._log_in(new, "first login") for _ in range(self.rounds)], new, old)
                both = self._use_both_at_once(old, new)
                self._hand_over(both, old, new)
        return self.report

    def _use(self, server: Server, known: list[Phone | None]) -> None:
        """Do everything that a server of one version alone can do, on today's schema. ``known``: people of before."""
        for person in filter(None, known[: self.rounds]):
            phone = self._log_in(server, "warm login", person.openid)
            self._each(
                server, [phone], {"me/": server.read, "refresh": server.refresh, "logout": server.log_out}
            )
        for _ in range(self.rounds):
            phones = [self._log_in(server, "first login") for _ in range(2)]
            self._each(server, phones[:1], {"session ended by staff": server.end_as_staff})
            self._each(server, phones[1:], {"DELETE me/": server.erase})
        self.report.run(server.version, "purge", server.purge)

    def _hand_over(self, phones: list[Phone | None], giver: Server, taker: Server) -> None:
        """Let sessions of one version go on with the other one, and back."""
        for server in (taker, giver):
            acts = {"me/, the other's session": server.read, "refresh, the other's session": server.refresh}
            self._each(server, phones, acts)

    def _use_both_at_once(self, old: Server, new: Server) -> list[Phone | None]:
        """Let the same people log in for the first time with both versions, all at the same moment."""
        people = [f"o-both-{number}" for number in range(2 * self.rounds)]
        pairs = [(server, openid) for openid in people for server in (old, new)]
        with ThreadPoolExecutor(8) as pool:
            phones = list(pool.map(lambda pair: self._log_in(pair[0], "logins at once", pair[1]), pairs))
        users = {(phone.openid, phone.user) for phone in phones if phone}
        if len(users) > len(people):
            self.report.problems["a person became two users"] += 1
        return phones

    def _log_in(self, server: Server, what: str, openid: str = "") -> Phone | None:
        openid = openid or f"o-{next(self._numbers)}"
        code = self.wechat.code_for(openid, APPID)
        return self.report.run(server.version, what, server.log_in, openid, code)

    def _each(
        self, server: Server, phones: list[Phone | None], acts: dict[str, Callable[[Phone], None]]
    ) -> None:
        """Do all acts with each phone, in order. A phone whose login failed has none to do."""
        for phone, (what, act) in itertools.product(filter(None, phones), acts.items()):
            self.report.run(server.version, what, act, phone)


@contextmanager
def prepared(revision: str, folder: Path, wechat: FakeWeChat, rounds: int) -> Iterator[Upgrade]:
    """Export ``revision`` and make an empty database. Raises ``LeftOut`` if the revision isn't here."""
    root = History().export(revision, folder / "before")
    with empty_database(folder) as url:
        environment = {
            "DJANGO_SECRET_KEY": "a-made-up-key-that-is-long-enough-for-everything",
            "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
            "DATABASE_URL": url,
            "WECHAT_APPID": APPID,
            "WECHAT_SECRET": "0123456789abcdef0123456789abcdef",
            "WECHAT_API_BASE": wechat.url,
            "WXLOGIN_ENCRYPTION_KEYS": base64.b64encode(b"made up" * 4 + b"1234").decode(),
            **dict.fromkeys(("WXLOGIN_LOGIN_RATE", "WXLOGIN_REFRESH_RATE", "WXLOGIN_DATA_RATE"), NO_LIMIT),
        }
        before, now = Version(BEFORE, root, environment), Version(NOW, ROOT, environment)
        yield Upgrade(before, now, wechat, folder, rounds)
