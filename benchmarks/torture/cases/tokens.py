"""Forged tokens, and refreshes that race with each other."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt

from ..answers import Answer, call
from ..clients import API, Person
from ..crowd import at_once
from ..registry import BOTH, case
from ..stack import LONE_APPID, SECRET_KEY, Run
from ..verify import verify

OTHER_KEY = "some-other-key-that-is-long-enough-for-hs256-too"
Payload = dict[str, Any]


def encoded(payload: Payload, key: str = SECRET_KEY, algorithm: str = "HS256", **headers: Any) -> str:
    return jwt.encode(payload, key, algorithm, headers=headers or None)


def part(data: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def forged(token: str) -> Iterator[tuple[str, str]]:
    """Yield bad tokens made from a good one, each with the name of its trick. None knows the signing key."""
    payload: Payload = jwt.decode(token, options={"verify_signature": False})
    head, body, signature = token.split(".")
    for algorithm in ("none", "None", "NONE", ""):
        unsigned = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{body}."
        yield f"alg {algorithm or 'empty'}", unsigned
        yield f"alg {algorithm or 'empty'} with the signature", unsigned + signature
    for key in (OTHER_KEY, SECRET_KEY[:-1], SECRET_KEY.upper(), "x" * 64):
        yield "another key", encoded(payload, key)
    for algorithm in ("HS384", "HS512"):
        yield f"another key with {algorithm}", encoded(payload, "x" * 64, algorithm)
    yield "the header of RS256", f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{body}.{signature}"
    yield "a key in the header", encoded(payload, OTHER_KEY, jwk={"kty": "oct", "k": "eA"})
    yield "a path as kid", encoded(payload, OTHER_KEY, kid="../../dev/null")
    for name, value in edits(payload):
        yield f"an edited {name}", f"{head}.{part({**payload, name: value})}.{signature}"
    for cut in (1, 5, 20, len(signature)):
        yield "a truncated signature", token[:-cut]
    yield "a longer signature", token + "AA"
    yield (
        "a changed signature",
        f"{head}.{body}.{signature[:8]}{'A' if signature[8] != 'A' else 'B'}{signature[9:]}",
    )
    yield "two parts", f"{head}.{body}"
    yield "four parts", f"{token}.{signature}"
    yield "no JSON", f"{head}.{base64.urlsafe_b64encode(b'{').decode()}.{signature}"
    yield "a deep payload", f"{head}.{part_of_depth(2000)}.{signature}"
    yield from ((f"the text {text[:8]!r}", text) for text in ("null", "..", "Bearer", "x" * 5000, "é"))


def edits(payload: Payload) -> Iterator[tuple[str, Any]]:
    for name, value in payload.items():
        yield name, value + 1 if isinstance(value, int) else f"{value}1"
    yield "exp", payload["exp"] + 10**6
    yield "wx_session", "0" * 32
    yield "user_id", "1"


def part_of_depth(depth: int) -> str:
    return base64.urlsafe_b64encode(("[" * depth + "]" * depth).encode()).rstrip(b"=").decode()


def misused(person: Person, other: Person) -> Iterator[tuple[str, str, str]]:
    """Yield tokens that the service signed and that mean something else: name, as access, as refresh."""
    login = person.login
    yield "access and refresh swapped", login.refresh, login.access
    access: Payload = jwt.decode(login.access, options={"verify_signature": False})
    refresh: Payload = jwt.decode(login.refresh, options={"verify_signature": False})
    # As a refresh, an expired token would be an honest end of the session.
    yield "a signed token of the past", encoded({**access, "iat": 1, "exp": int(time.time()) - 4000}), "x"
    theirs: Payload = jwt.decode(other.login.access, options={"verify_signature": False})
    changes: list[tuple[str, Payload]] = [
        ("of an unknown session", {"wx_session": "0" * 32}),
        ("of another type", {"token_type": "sliding"}),
        ("without a type", {"token_type": None}),
        ("of a session as a number", {"wx_session": 1}),
    ]
    for name, change in changes:
        yield f"a signed token {name}", encoded({**access, **change}), encoded({**refresh, **change})
    mixed = {**access, "wx_session": theirs["wx_session"]}
    yield "a signed token of another's session", encoded(mixed), "x"
    foreign = {name: value for name, value in access.items() if name != "wx_session"}
    yield "a signed token without a session", encoded(foreign), encoded(foreign)
    yield "a signed token of a later generation", "x", encoded({**refresh, "generation": 7})


@case(
    "tokens-forged",
    "Tokens with alg none, other keys, edited claims, cut signatures, swapped kinds, or of another app or user",
    "伪造令牌：alg 为 none、其他密钥、篡改声明、截断签名、互换类型、其他应用或用户的令牌",
    quick=True,
)
def tokens_forged(run: Run) -> None:
    with run.group(1) as group:
        alice, bob = run.logged_in(group.port, 2)
        stranger = run.person(group.port, "of-another-app", appid=LONE_APPID)
        stranger.log_in()
        tricks = [(name, bad, "access") for name, bad in forged(alice.login.access)]
        tricks += [(name, bad, "refresh") for name, bad in forged(alice.login.refresh)]
        for name, access, refresh in misused(alice, bob):
            tricks += [(name, access, "access"), (name, refresh, "refresh")]
        for name, bad, kind in tricks:
            for what, answer in tried(group.port, bad, kind):
                run.ledger.take(what, answer, also=("token_invalid", "session_ended", "invalid_request"))
                if answer.ok:
                    run.ledger.surprise(f"{what} lets {name} in")
        # The tokens of each app belong to their own people, whatever was tried.
        for person in (alice, bob, stranger):
            person.look()
        verify(run.ledger, run.database)


def tried(port: int, bad: str, kind: str) -> Iterator[tuple[str, Answer]]:
    if kind == "refresh":
        yield "POST token/refresh/", call(port, "POST", API + "token/refresh/", {"refresh": bad})
    # A header can hold nothing else.
    elif bad.isascii():
        for method, path in (("GET", "me/"), ("POST", "logout/"), ("DELETE", "me/"), ("GET", "sessions/")):
            yield f"{method} {path}", call(port, method, API + path, None if method == "GET" else {}, bad)


@case(
    "refresh-stampede",
    "Eight parallel refreshes with one token, the parent once more after each round, an older one at the end",
    "同一令牌并发刷新八次，每轮之后再用上一代令牌刷新一次，最后使用更旧的令牌",
    databases=BOTH,
    quick=True,
)
def stampede(run: Run) -> None:
    with run.group(2) as group:
        for person in run.logged_in(group.port, 4 if run.quick else 12):
            login = person.login
            for _ in range(3):
                parent = login.refresh

                def again(person: Person = person, parent: str = parent) -> Answer:
                    return person.post("token/refresh/", {"refresh": parent})

                calls: list[Callable[[], Answer]] = [again] * 8
                answers = [*at_once(calls), again()]
                successors = {successor(answer["refresh"]) for answer in answers if answer.ok}
                run.ledger.acknowledge(sum(answer.ok for answer in answers))
                run.ledger.require(len(successors) == 1, f"one token has {len(successors)} successors")
                login.access, login.refresh = answers[-1]["access"], answers[-1]["refresh"]
                person.look()
                login.spent.append(parent)
            reuse_ends_the_session(run, person)
        verify(run.ledger, run.database)


def successor(token: str) -> tuple[int, str]:
    """Return what makes a refresh token the same one: its generation and its id."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return claims["generation"], claims["jti"]


def reuse_ends_the_session(run: Run, person: Person) -> None:
    """Send a token that is older than the parent: it must be a stolen copy."""
    answer = person.post("token/refresh/", {"refresh": person.login.spent[0]}, also=("session_ended",))
    run.ledger.require(answer.reason == "reused_refresh", f"an old token is answered with {answer.status}")
    run.ledger.acknowledge()
    person.login.ended = "reused_refresh"
