"""A refresh races with ten ways to end a session: no token outlives the end."""

import threading
from collections.abc import Callable

from ..answers import call
from ..clients import API, Login, Person
from ..crowd import at_once
from ..registry import BOTH, case
from ..stack import Run
from ..staff import StaffProcess
from ..verify import stored_sessions

OVER = ("session_ended", "token_invalid")
# A way to end the first login of a person. It returns True once the end is acknowledged.
End = Callable[[Person, StaffProcess], bool]


def log_out(person: Person, staff: StaffProcess) -> bool:
    return person.send("POST", "logout/", {}, person.logins[0], also=OVER).ok


def log_out_everywhere(person: Person, staff: StaffProcess) -> bool:
    return person.send("POST", "logout/", {"everywhere": True}, person.logins[-1], also=OVER).ok


def end_own_session(person: Person, staff: StaffProcess) -> bool:
    path = f"sessions/{person.logins[0].id}/"
    return person.send("DELETE", path, None, person.logins[-1], also=OVER).ok


def erase(person: Person, staff: StaffProcess) -> bool:
    return person.send("DELETE", "me/", None, person.logins[-1], also=OVER).ok


def reuse(person: Person, staff: StaffProcess) -> bool:
    """Send a refresh token that is two generations old."""
    first = person.logins[0]
    answer = person.post("token/refresh/", {"refresh": first.spent[0]}, also=OVER)
    return answer.code == "session_ended"


def crowd_out(person: Person, staff: StaffProcess) -> bool:
    """Log in until ``MAX_SESSIONS`` ends the oldest session."""
    return all(person.log_in().ok for _ in range(3))


def by_staff(act: str) -> End:
    def end(person: Person, staff: StaffProcess) -> bool:
        staff.do(act, openid=person.openid)
        return True

    return end


WAYS: dict[str, End] = {
    "logout": log_out,
    "logout everywhere": log_out_everywhere,
    "sessions/<id>/": end_own_session,
    "erasure": erase,
    "reuse of an old refresh": reuse,
    "too many sessions": crowd_out,
    "ended by staff": by_staff("end_sessions"),
    "blocked": by_staff("block"),
    "disabled": by_staff("disable"),
    "deleted user": by_staff("delete"),
}


@case(
    "refresh-against-ends",
    f"{len(WAYS)} ways to end a session, each while four refreshes of it run",
    f"以 {len(WAYS)} 种方式结束会话，同时该会话有四个刷新请求",
    databases=BOTH,
)
def refresh_against_ends(run: Run) -> None:
    with run.group(2, WXLOGIN_MAX_SESSIONS="3") as group, run.staff() as staff:
        for way, end in WAYS.items():
            for turn in range(4):
                person = run.person(group.port, f"{list(WAYS).index(way)}-{turn}")
                person.log_in()
                person.log_in()
                person.renew(person.logins[0])
                person.renew(person.logins[0])
                race(run, way, person, lambda person=person, end=end: end(person, staff))


def race(run: Run, way: str, person: Person, end: Callable[[], bool]) -> None:
    first = person.logins[0]
    won: list[Login] = []
    ended = threading.Event()

    def refresh_until_over() -> bool:
        """Refresh in rounds of four with one token, as phones do: so no refresh ends the session by itself."""
        mine = first
        while not ended.is_set():
            body = {"refresh": mine.refresh}
            answers = at_once([lambda body=body: person.post("token/refresh/", body, also=OVER)] * 4)
            if not (renewed := [answer for answer in answers if answer.ok]):
                break
            mine = Login(first.id, renewed[0]["access"], renewed[0]["refresh"])
            won.append(mine)
        return True

    def end_it() -> bool:
        try:
            return end()
        finally:
            ended.set()

    acknowledged, _ = at_once([end_it, refresh_until_over])
    run.ledger.require(acknowledged, f"{way} wasn't acknowledged")
    run.ledger.acknowledge()
    for login in [first, *won]:
        for method, path, body in (
            ("GET", "me/", None),
            ("POST", "token/refresh/", {"refresh": login.refresh}),
        ):
            answer = call(person.port, method, API + path, body, login.access if method == "GET" else "")
            run.ledger.take(f"{method} {path} after {way}", answer, also=OVER)
            if answer.ok:
                run.ledger.lose(f"after {way}, a token still works")
    row = dict(stored_sessions(run.database, [first.id])).get(first.id)
    if row and row.is_open:
        run.ledger.lose(f"after {way}, the session is open")
