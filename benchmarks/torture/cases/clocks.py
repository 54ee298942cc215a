"""Two groups of processes whose clocks differ."""

from contextlib import ExitStack

from ..clients import Person
from ..gunicorn_conf import AHEAD
from ..registry import BOTH, case
from ..stack import Group, Run
from ..verify import verify

HOUR, DAY = 3600, 86_400
SECONDS_APART = (1, 5, 25, -HOUR)
# More than REFRESH_GRACE and the leeway for tokens.
FAR_APART = 40
PEOPLE = 12


def shifted(seconds: int) -> dict[str, str]:
    """Return the environment in which the workers' clocks are ``seconds`` ahead, or behind."""
    return {AHEAD: str(seconds)}


@case(
    "clocks-apart",
    "Two groups whose clocks are 1, 5, 25 and 40 s apart or an hour behind, then one that was 1 or 8 days ahead",
    "两组进程的时钟相差 1、5、25、40 秒或慢一小时；之后一台曾快一天或八天的主机恢复正常",
    databases=BOTH,
)
def clocks_apart(run: Run) -> None:
    with ExitStack() as stack:
        right = stack.enter_context(run.group(1, WXLOGIN_MAX_SESSIONS="2"))
        for seconds in SECONDS_APART:
            with run.group(1, **shifted(seconds)) as ahead:
                people = tokens_move(run, ahead, right, f"{seconds}")
                people += tokens_move(run, right, ahead, f"-{seconds}")
            for person in people:
                person.port = right.port
        with run.group(1, **shifted(FAR_APART)) as ahead:
            lost_answers_are_repeated(run, ahead, right)
        for days in (1, 8):
            with run.group(1, **shifted(days * DAY)) as ahead:
                once_ahead(run, ahead, right, f"once-{days}")
        verify(run.ledger, run.database)


def tokens_move(run: Run, first: Group, second: Group, name: str) -> list[Person]:
    """Log in at one group, and use the fresh tokens at the other one at once, there and back."""
    people = [run.person(first.port, f"{name}-{number}") for number in range(PEOPLE)]
    for person in people:
        person.log_in()
        for group in (second, first, second):
            person.port = group.port
            person.look()
            person.renew()
            person.look()
    return people


def lost_answers_are_repeated(run: Run, ahead: Group, right: Group) -> None:
    """Refresh at one group, lose the answer, and send the same token to the other: the grace covers it."""
    for number in range(PEOPLE):
        for here, there in ((ahead, right), (right, ahead)):
            person = run.person(here.port, f"repeated-{number}-{here.port}")
            person.log_in()
            parent = person.login.refresh
            person.renew()
            person.port = there.port
            person.login.refresh = parent
            person.renew()
            person.port = right.port
            person.renew()


def once_ahead(run: Run, ahead: Group, right: Group, name: str) -> None:
    """Log in at a host that is days ahead, then at one that is right: the later login counts."""
    for number in range(PEOPLE):
        person = run.person(ahead.port, f"{name}-{number}")
        person.log_in()
        person.log_in()
        person.port = right.port
        person.log_in()
        # MAX_SESSIONS is 2. What the wrong clock made may end, the login just made may not.
        for earlier in person.logins[:-1]:
            earlier.may_be_over = True
        person.look()
        # Data is encrypted with the key of the latest login.
        sent = run.wechat.open_data(person.openid, {"nickName": "made up"})
        body = {"encryptedData": sent["encryptedData"], "iv": sent["iv"]}
        person.send("POST", "open-data/", body, person.login)
        person.send("POST", "session-key/check/", {}, person.login)
