"""Compare what the service acknowledged with its database and with what it answers afterwards."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .answers import call
from .clients import API, Login, Person
from .databases import Database
from .ledger import Ledger

# An acknowledged person with an open login is asked for over HTTP too; more than this many only in the database.
ASKED = 150
BATCH = 500


@dataclass(frozen=True)
class StoredSession:
    openid: str | None
    user: str | None
    is_open: bool
    reason: str


def verify(ledger: Ledger, database: Database) -> None:
    """Count as lost what was acknowledged and isn't there, or came back."""
    people = [person for person in ledger.people if person.logins]
    stored = dict(stored_sessions(database, [login.id for each in people for login in each.logins]))
    for person in people:
        for login in person.logins:
            if problem := difference(person, login, stored.get(login.id)):
                ledger.lose(problem)
    count_halves(ledger, database)
    ask_everybody(ledger, people)


def difference(person: Person, login: Login, row: StoredSession | None) -> str:
    if row is None:
        return "a login has no session"
    if login.ended:
        return f"a session is open again after {login.ended}" if row.is_open else ""
    if login.may_be_over or person.may_be_erased:
        return ""
    if not row.is_open:
        return f"a session is over ({row.reason}) and its person didn't end it"
    if row.openid != person.openid:
        return "a session belongs to another person"
    if person.login is login and row.user != str(person.user):
        return "an identity belongs to another user"
    return ""


def stored_sessions(database: Database, ids: list[str]) -> Iterator[tuple[str, StoredSession]]:
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        marks = ", ".join(["%s"] * len(some))
        rows = database.ask(
            "SELECT public_id, openid, user_id, ended_at, end_reason FROM wxlogin_loginsession session "
            "LEFT JOIN wxlogin_wechatuser person ON session.wechat_user_id = person.id "
            f"WHERE public_id IN ({marks})",
            some,
        )
        for public_id, openid, user, ended_at, reason in rows:
            yield public_id, StoredSession(openid, _text(user), ended_at is None, reason)


def count_halves(ledger: Ledger, database: Database) -> None:
    """Look for people who were stored twice or in part."""
    twice = database.ask("SELECT openid FROM wxlogin_wechatuser GROUP BY appid, openid HAVING count(*) > 1")
    ledger.surprise("an identity is stored twice", len(twice))
    keyless = database.ask(
        "SELECT person.id FROM wxlogin_wechatuser person "
        "LEFT JOIN wxlogin_sessionkey held ON held.wechat_user_id = person.id "
        "WHERE held.id IS NULL AND person.blocked_at IS NULL"
    )
    ledger.surprise("a person is stored without a session key", len(keyless))


def ask_everybody(ledger: Ledger, people: Iterable[Person]) -> None:
    """Refresh the open logins and try the ended ones, over HTTP. None of these calls counts for the time."""
    chosen = [(person, login) for person in people for login in person.logins][-ASKED:]
    with ThreadPoolExecutor(4) as pool:
        for problem in pool.map(lambda pair: ask(*pair), chosen):
            if problem:
                ledger.lose(problem)


def ask(person: Person, login: Login) -> str:
    seen = call(person.port, "GET", API + "me/", None, login.access)
    if login.ended:
        wrong = seen.ok or seen.code != "session_ended"
        return f"after {login.ended}, me/ is {seen.status} {seen.code}" if wrong else ""
    if login.may_be_over or person.may_be_erased:
        return ""
    if not seen.ok or str(seen["id"]) != str(person.user):
        return f"me/ of a live login is {seen.status} {seen.code} {seen.reason}"
    renewed = call(person.port, "POST", API + "token/refresh/", {"refresh": login.refresh})
    if not renewed.ok:
        return f"token/refresh/ of a live login is {renewed.status} {renewed.code} {renewed.reason}"
    login.access, login.refresh = renewed["access"], renewed["refresh"]
    return ""


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
