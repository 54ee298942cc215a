"""Sealed values are moved between rows or changed, and re-encryption is killed."""

import base64
import os
from collections.abc import Callable, Iterator
from typing import Any

from wxlogin.secret import Secret
from wxlogin.vault import CannotOpen, Vault

from ..clients import Person
from ..crowd import at_once
from ..registry import BOTH, case
from ..stack import ENCRYPTION_KEY, Run
from ..verify import verify
from .wechat_slow import bind_phone

NEW_KEY = base64.b64encode(b"another made-up key for a torture"[:32]).decode()
# One byte in each part of a sealed value: version, key id, nonce, tag, ciphertext.
PARTS = {"version": 0, "key id": 2, "nonce": 8, "tag": 20, "ciphertext": 34}


def changed(sealed: bytes, others: bytes) -> Iterator[tuple[str, bytes]]:
    yield "another row's", others
    for name, place in PARTS.items():
        yield f"a changed {name}", sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
    for length in (1, 5, 20, 32, len(sealed) - 1):
        yield f"cut to {length}", sealed[:length]
    yield "longer", sealed + b"\0"
    yield "zeros", bytes(len(sealed))
    yield "noise", os.urandom(len(sealed))


@case(
    "tampering",
    "Sealed session keys and phone numbers in the database are swapped between rows, changed, cut or replaced",
    "数据库中密封的 session_key 和手机号在行间调换、被改动、截断或替换",
    databases=BOTH,
)
def tampering(run: Run) -> None:
    with run.group(1) as group:
        alice, bob = run.logged_in(group.port, 2)
        for person in (alice, bob):
            bind_phone(person)
        keys, phones = session_key_of(run), phone_of(run)
        for name, bad in changed(keys(alice), keys(bob)):
            store(run, "wxlogin_sessionkey", "sealed", "wechat_user_id", alice, bad)
            use_everything(run, alice, f"{name} session key")
        alice.log_in()
        answer = open_data(run, alice)
        run.ledger.require(answer.ok, f"after a new login, open-data/ is {answer.code}")
        for name, bad in changed(phones(alice), phones(bob)):
            store(run, "wxlogin_wechatuser", "sealed_phone", "id", alice, bad)
            use_everything(run, alice, f"{name} phone")
            export = alice.get("me/export/", alice.login)
            shown = export.ok and export["identities"][0]["phone"]
            run.ledger.require(not shown, f"the export shows {name} phone")
        bind_phone(alice)
        verify(run.ledger, run.database)


def use_everything(run: Run, person: Person, name: str) -> None:
    """Call what reads sealed values. No call may fail but for the key, and a bad key opens nothing."""
    is_about_the_key = name.endswith("key")
    refusals = ("session_key_missing",) if is_about_the_key else ()
    answers = [
        open_data(run, person, also=refusals),
        person.send("POST", "session-key/check/", {}, person.login, also=refusals),
        person.send("POST", "session-key/reset/", {}, person.login, also=refusals),
    ]
    person.get("session-key/", person.login)
    person.look()
    if is_about_the_key and any(answer.ok for answer in answers):
        run.ledger.lose(f"{name} is used")


def open_data(run: Run, person: Person, *, also: tuple[str, ...] = ()) -> Any:
    sent = run.wechat.open_data(person.openid, {"nickName": "made up"})
    body = {"encryptedData": sent["encryptedData"], "iv": sent["iv"]}
    return person.send("POST", "open-data/", body, person.login, also=also)


def session_key_of(run: Run) -> Callable[[Person], bytes]:
    sql = (
        "SELECT sealed FROM wxlogin_sessionkey held "
        "JOIN wxlogin_wechatuser person ON held.wechat_user_id = person.id WHERE openid = %s"
    )
    return lambda person: bytes(run.database.ask(sql, [person.openid])[0][0])


def phone_of(run: Run) -> Callable[[Person], bytes]:
    sql = "SELECT sealed_phone FROM wxlogin_wechatuser WHERE openid = %s"
    return lambda person: bytes(run.database.ask(sql, [person.openid])[0][0])


def store(run: Run, table: str, column: str, key: str, person: Person, value: bytes) -> None:
    whose = "SELECT id FROM wxlogin_wechatuser WHERE openid = %s"
    ((number,),) = run.database.ask(whose, [person.openid])
    run.database.ask(f"UPDATE {table} SET {column} = %s WHERE {key} = %s", [value, number])


@case(
    "reencrypt-killed",
    "wxlogin_reencrypt is killed (SIGKILL) three times while people log in, then runs to its end",
    "在用户登录的同时三次杀死 wxlogin_reencrypt（SIGKILL），然后让它运行完毕",
    databases=BOTH,
)
def reencrypt_killed(run: Run) -> None:
    ledger, database = run.ledger, run.database
    # People log in again and again, and no session may end for that.
    many = {"WXLOGIN_MAX_SESSIONS": "100000"}
    with run.group(2, **many) as group:
        people = [run.person(group.port, f"before-{number}") for number in range(160)]
        for start in range(0, len(people), 8):
            at_once([person.log_in for person in people[start : start + 8]])
    both = {"WXLOGIN_ENCRYPTION_KEYS": f"{NEW_KEY},{ENCRYPTION_KEY}"}
    with run.group(2, **both, **many) as group:
        for person in people:
            person.port = group.port
        for wanted in (20, 60, 100):
            command = run.stack.start_command(database, "wxlogin_reencrypt", **both)
            while command.is_running and moved(run) < wanted:
                at_once([person.log_in for person in people[:4]])
            command.kill()
            ledger.show(f"killed with {moved(run)} of {len(people)} session keys moved")
            check_values(run)
        run.stack.manage(database, "wxlogin_reencrypt", **both)
    ledger.require(moved(run) == len(people), "a session key wasn't moved")
    check_values(run)
    # The old key is gone for good.
    with run.group(1, WXLOGIN_ENCRYPTION_KEYS=NEW_KEY) as group:
        for person in people:
            person.port = group.port
        for person in people[:40]:
            answer = open_data(run, person)
            if not answer.ok:
                ledger.lose(f"open-data/ after the last run is {answer.code}")
        verify(ledger, database)


def sealed_keys(run: Run) -> list[tuple[str, str, bytes]]:
    return [
        (appid, openid, bytes(sealed))
        for appid, openid, sealed in run.database.ask(
            "SELECT appid, openid, sealed FROM wxlogin_sessionkey held "
            "JOIN wxlogin_wechatuser person ON held.wechat_user_id = person.id"
        )
    ]


def moved(run: Run) -> int:
    vault = Vault([Secret(base64.b64decode(NEW_KEY))])
    return sum(vault.is_current(sealed) for _, _, sealed in sealed_keys(run))


def check_values(run: Run) -> None:
    vault = Vault([Secret(base64.b64decode(NEW_KEY)), Secret(base64.b64decode(ENCRYPTION_KEY))])
    for appid, openid, sealed in sealed_keys(run):
        run.ledger.rounds += 1
        try:
            vault.open(sealed, bound_to=("session_key", appid, openid))
        except CannotOpen:
            run.ledger.lose("a session key doesn't open")
