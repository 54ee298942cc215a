"""First logins race with each other, and logins with what staff do."""

import threading
from collections.abc import Callable
from typing import Any

from ..answers import Answer, call
from ..clients import API, Person
from ..crowd import at_once
from ..databases import Database
from ..registry import BOTH, case
from ..stack import APPID, OTHER_APPID, Run
from ..staff import StaffProcess
from ..verify import verify

# Django's own delete() of the user takes its locks in another order than a login. A login that meets it twice is
# refused as the contract says; the acts of wxlogin must not do that to anybody.
ALLOWED = {
    "block": ("account_disabled",),
    "disable": ("account_disabled",),
    "delete": ("storage_unavailable",),
    "erase": (),
    "merge": (),
    "split": (),
}
OVER = ("session_ended", "token_invalid")


@case(
    "first-login-races",
    "Eight first logins of one person at once: of one app, and of two apps with one unionid",
    "同一人八次首次登录并发：在同一应用内，以及通过同一 unionid 在两个应用内",
    databases=BOTH,
    quick=True,
)
def first_logins(run: Run) -> None:
    with run.group(2) as group:
        for turn in range(2 if run.quick else 8):
            alone = [run.person(group.port, f"alone-{turn}") for _ in range(8)]
            at_once([person.log_in for person in alone])
            one_user(run, alone)
            joined = [
                run.person(group.port, f"{appid}-{turn}", unionid=f"u-{turn}", appid=appid)
                for appid in (APPID, OTHER_APPID) * 4
            ]
            at_once([person.log_in for person in joined])
            one_user(run, joined)
        verify(run.ledger, run.database)
        run.ledger.surprise("a Django user is left over", users_without_identity(run.database))


def one_user(run: Run, people: list[Person]) -> None:
    users = {person.user for person in people if person.logins}
    run.ledger.require(len(users) == 1, f"one person has {len(users)} users")


def users_without_identity(database: Database) -> int:
    rows = database.ask(
        "SELECT count(*) FROM auth_user account LEFT JOIN wxlogin_wechatuser person "
        "ON person.user_id = account.id WHERE person.id IS NULL"
    )
    return int(rows[0][0])


@case(
    "login-against-staff",
    "Logins of a person while staff erase, block, disable, merge, split or delete them",
    "某人登录的同时，工作人员对其执行清除、封禁、禁用、合并、拆分或删除",
    databases=BOTH,
)
def login_against_staff(run: Run) -> None:
    with run.group(2) as group, run.staff() as staff:
        for act, check in CHECKS.items():
            for turn in range(3):
                name = f"{act}-{turn}"
                person = run.person(group.port, name, unionid=f"u-{name}")
                other = run.person(group.port, f"{name}-other", unionid=f"u-{name}", appid=OTHER_APPID)
                spare = run.person(group.port, f"{name}-spare")
                for each in (person, other, spare):
                    each.log_in()
                race(run, staff, act, person, [other.openid, spare.openid])
                # Afterwards they may be somebody new.
                for each in (person, other, spare):
                    each.user = None
                check(run, person, other)
                # Whoever may log in is somebody again; what the race left is judged by then.
                person.log_in(also=("account_disabled",))
        judge_database(run)


def race(run: Run, staff: StaffProcess, act: str, person: Person, others: list[str]) -> None:
    done = threading.Event()

    def log_in_again() -> list[Answer]:
        answers = []
        while not done.is_set():
            code = person.wechat.code_for(person.openid, person.appid)
            body = {"code": code, "appid": person.appid}
            answer = call(person.port, "POST", API + "login/", body)
            answers.append(run.ledger.take(f"POST login/ while staff {act}", answer, also=ALLOWED[act]))
        return answers

    def do_it() -> list[Answer]:
        arguments: dict[str, Any] = {"openid": person.openid}
        if act == "merge":
            arguments = {"source": person.openid, "target": others[1]}
        try:
            rolled_back = staff.do(act, **arguments)
        finally:
            done.set()
        if act == "delete" and rolled_back:
            run.ledger.show(
                f"a deletion met logins and was rolled back {rolled_back} times before it succeeded"
            )
        run.ledger.acknowledge()
        return []

    at_once([do_it, *[log_in_again] * 3])


def nobody_gets_in(run: Run, person: Person, other: Person) -> None:
    answer = person.log_in(also=("account_disabled",))
    if answer.code != "account_disabled":
        run.ledger.lose("somebody who was refused for good logs in")
    live = run.database.ask(
        "SELECT count(*) FROM wxlogin_loginsession session JOIN wxlogin_wechatuser person "
        "ON session.wechat_user_id = person.id WHERE openid = %s AND ended_at IS NULL",
        [person.openid],
    )
    run.ledger.require(live[0][0] == 0, "a session is open although its person may not log in")


def old_tokens_are_dead(run: Run, person: Person, other: Person) -> None:
    answer = person.look(also=OVER)
    if answer.ok:
        run.ledger.lose("a token outlives its person")


def merged(run: Run, person: Person, other: Person) -> None:
    rows = run.database.ask(
        "SELECT DISTINCT user_id FROM wxlogin_wechatuser WHERE openid IN (%s, %s)",
        [person.openid, person.openid + "-spare"],
    )
    run.ledger.require(len(rows) == 1, "a merge left a person behind")


def split(run: Run, person: Person, other: Person) -> None:
    rows = run.database.ask(
        "SELECT DISTINCT user_id FROM wxlogin_wechatuser WHERE openid IN (%s, %s)",
        [person.openid, other.openid],
    )
    run.ledger.require(len(rows) == 2, "a split left two identities together")


CHECKS: dict[str, Callable[[Run, Person, Person], None]] = {
    "erase": old_tokens_are_dead,
    "block": nobody_gets_in,
    "disable": nobody_gets_in,
    "merge": merged,
    "split": split,
    "delete": old_tokens_are_dead,
}


def judge_database(run: Run) -> None:
    twice = run.database.ask(
        "SELECT appid, openid FROM wxlogin_wechatuser GROUP BY appid, openid HAVING count(*) > 1"
    )
    run.ledger.surprise("an identity is stored twice", len(twice))
    loose = run.database.ask(
        "SELECT id FROM wxlogin_loginsession WHERE wechat_user_id IS NULL AND ended_at IS NULL"
    )
    run.ledger.surprise("an open session belongs to nobody", len(loose))
