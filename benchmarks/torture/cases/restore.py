"""The database is put back to an older dump: nobody is in who was out."""

from datetime import UTC, datetime

from ..answers import Answer, call
from ..clients import API, Person
from ..crowd import at_once
from ..registry import BOTH, case
from ..stack import Group, Run
from ..staff import StaffProcess

OUT = ("session_ended", "token_invalid")
NEW_SIGNING_KEY = "another-made-up-key-that-is-long-enough-for-everything"
ENDED, ERASED = 20, 15


@case(
    "restore",
    f"The database is put back to a dump, {ENDED + ERASED} sessions having ended since; then wxlogin_after_restore",
    f"把数据库恢复到备份（此后已有 {ENDED + ERASED} 个会话结束），再运行 wxlogin_after_restore",
    databases=BOTH,
)
def restore(run: Run) -> None:
    with run.group(2) as group, run.staff() as staff:
        ended, erased = run.logged_in(group.port, ENDED, "ended"), run.logged_in(group.port, ERASED, "erased")
        blocked, others = run.logged_in(group.port, 5, "blocked"), run.logged_in(group.port, 5, "other")
        # Two runs at once meet at these: the one may disable whom the other erases.
        gone = run.logged_in(group.port, 10, "gone")
        dump_time, dump = datetime.now(UTC).isoformat(), run.database.dump()
        go_on(run, ended, erased, blocked, gone, staff)
        late = run.logged_in(group.port, 3, "late")
        log = group.process.log + staff.log
    run.database.restore(dump)
    with run.group(2) as group:
        revived = [person for person in [*ended, *erased] if get_me(person, group).ok]
        run.ledger.show(
            f"without the command, {len(revived)} of {ENDED + ERASED} ended sessions are open again"
        )
        run.ledger.require(len(revived) == ENDED + ERASED, "the dump holds too little")
    file = run.stack.home / "restore.log"
    file.write_text(log, encoding="utf-8")
    options = ["--dump-time", dump_time, "--log", str(file), "--redo"]
    # Two at once, since a hurried operator may run it twice.
    run.stack.manage(run.database, "wxlogin_after_restore", "--dump-time", dump_time, "--dry-run")
    at_once([lambda: run.stack.manage(run.database, "wxlogin_after_restore", *options)] * 2)
    everybody = [*ended, *erased, *blocked, *gone, *others, *late]
    with run.group(2) as group:
        refuse_old_tokens(run, group, everybody)
    with run.group(2, DJANGO_SIGNING_KEY=NEW_SIGNING_KEY) as group:
        refuse_old_tokens(run, group, everybody)
        check(run, everybody, erased + gone, blocked + gone)


def go_on(
    run: Run,
    ended: list[Person],
    erased: list[Person],
    blocked: list[Person],
    gone: list[Person],
    staff: StaffProcess,
) -> None:
    for person in ended[::2]:
        person.log_out()
    for person in ended[1::2]:
        staff.do("end_sessions", openid=person.openid)
    for person in erased[::2]:
        person.erase()
    for person in erased[1::2]:
        staff.do("erase", openid=person.openid)
    for person in blocked:
        staff.do("block", openid=person.openid)
    for person in gone:
        staff.do("disable", openid=person.openid)
        staff.do("erase", openid=person.openid)
    run.ledger.acknowledge(len(ended[1::2]) + len(erased[1::2]) + len(blocked) + 2 * len(gone))


def refuse_old_tokens(run: Run, group: Group, everybody: list[Person]) -> None:
    for person in everybody:
        person.port = group.port
        if get_me(person, group).ok:
            run.ledger.lose("a token from before the restore is accepted")
        person.post("token/refresh/", {"refresh": person.login.refresh}, also=OUT)


def check(run: Run, everybody: list[Person], erased: list[Person], kept_out: list[Person]) -> None:
    known = {openid for (openid,) in run.database.ask("SELECT openid FROM wxlogin_wechatuser")}
    run.ledger.lose("an erased person is back", len(known & {person.openid for person in erased}))
    for person in kept_out:
        answer = person.log_in(also=("account_disabled",))
        if answer.ok:
            run.ledger.lose("a blocked or disabled person is in again")
    for person in set(everybody) - set(kept_out):
        person.user = None
        run.ledger.require(person.log_in().ok, "somebody who isn't blocked can't log in")


def get_me(person: Person, group: Group) -> Answer:
    return call(group.port, "GET", API + "me/", None, person.login.access)
