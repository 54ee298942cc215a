"""WeChat's answers are broken, and its certificates wrong."""

import json
from typing import Any

from ..clients import Person
from ..registry import case
from ..stack import Group, Run
from ..tls import KINDS, TlsFront, make_certificates
from ..verify import verify
from ..wechat import LOGIN_PATH, PHONE_PATH
from .wechat_slow import bind_phone

BAD = ("wechat_bad_response",)
GONE = ("wechat_unavailable", "wechat_timeout")
KEY = "c2Vzc2lvbi1rZXktMTIzNA=="


def session(**changes: Any) -> dict[str, str]:
    """Return a fault whose body is a code2session answer with some members changed."""
    answer = {"openid": "o-shape", "session_key": KEY, **changes}
    return {"body": json.dumps({name: value for name, value in answer.items() if value != "missing"})}


# Each shape: its name, the fault of the fake, and the codes that fit.
ANY_PATH: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("500 with HTML", {"status": 500, "body": "<html>oops</html>"}, BAD),
    ("502 without a body", {"status": 502, "body": ""}, BAD),
    ("404", {"status": 404}, BAD),
    ("a redirect", {"status": 302, "body": "moved"}, BAD),
    ("204", {"status": 204, "body": ""}, BAD),
    ("an empty body", {"body": ""}, BAD),
    ("blanks", {"body": "  \r\n"}, BAD),
    ("HTML with 200", {"body": "<!doctype html><title>login</title>"}, BAD),
    ("truncated JSON", {"body": '{"openid": "o-shape", "session_'}, BAD),
    ("a list", {"body": "[]"}, BAD),
    ("a string", {"body": '"ok"'}, BAD),
    ("null", {"body": "null"}, BAD),
    ("a number", {"body": "0"}, BAD),
    ("NaN", {"body": "NaN"}, BAD),
    ("an empty object", {"body": "{}"}, BAD),
    ("1 MB of JSON", {"body": json.dumps({"openid": "o" * 1_000_000})}, BAD),
    ("deeply nested JSON", {"body": "[" * 30_000}, BAD),
    ("a huge errcode", {"body": '{"errcode": 1' + "0" * 6000 + "}"}, BAD),
    ("an errcode of the wrong type", {"body": '{"errcode": [40029]}'}, BAD),
    ("an unknown errcode", {"errcode": 99999}, BAD),
    ("errcode -1", {"errcode": -1}, GONE),
    ("errcode 45011", {"errcode": 45011}, ("wechat_too_frequent",)),
    ("errcode 40013", {"errcode": 40013}, ("wechat_misconfigured",)),
    ("errcode 48001", {"errcode": 48001}, ("wechat_misconfigured",)),
    ("a reset connection", {"reset": True}, GONE),
    ("no answer", {"delay": 60}, GONE),
    ("a byte every 0.3 s", {"drip": 0.3}, GONE),
]
LOGIN_ONLY: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("errcode 40029", {"errcode": 40029}, ("code_invalid",)),
    ("errcode 40163", {"errcode": 40163}, ("code_invalid",)),
    ("errcode as a string", {"errcode": "40029"}, ("code_invalid",)),
    ("errcode 40226", {"errcode": 40226}, ("user_blocked",)),
    ("no openid", session(openid="missing"), BAD),
    ("an empty openid", session(openid=""), BAD),
    ("a number as openid", session(openid=12), BAD),
    ("null as openid", session(openid=None), BAD),
    ("a list as openid", session(openid=["o"]), BAD),
    ("a long openid", session(openid="o" * 300), BAD),
    ("a NUL in the openid", session(openid="o\0x"), BAD),
    ("half a surrogate in the openid", session(openid="o\ud800"), BAD),
    ("no session_key", session(session_key="missing"), BAD),
    ("a number as session_key", session(session_key=12), BAD),
    ("an object as unionid", session(unionid={"a": 1}), BAD),
]


@case(
    "wechat-misbehaves",
    f"{len(ANY_PATH) + len(LOGIN_ONLY)} shapes of bad answers to code2session, {len(ANY_PATH)} of them also to "
    "getuserphonenumber; UPSTREAM_DEADLINE 2",
    f"code2session 返回 {len(ANY_PATH) + len(LOGIN_ONLY)} 种错误应答，其中 {len(ANY_PATH)} 种也用于 "
    "getuserphonenumber；UPSTREAM_DEADLINE 为 2",
    deadline=2.0,
)
def misbehaves(run: Run) -> None:
    # The breaker would answer for WeChat after a few hangs.
    with run.group(1, WXLOGIN_BREAKER_FAILURES="0") as group:
        (bound,) = run.logged_in(group.port, 1)
        bind_phone(bound)
        for number, (shape, fault, codes) in enumerate([*ANY_PATH, *LOGIN_ONLY]):
            run.wechat.break_path(LOGIN_PATH, **fault)
            person = run.person(group.port, f"shape-{number}")
            refused(run, f"login/ with {shape}", person.log_in(also=codes).code, codes)
            run.wechat.heal_path(LOGIN_PATH)
            person.log_in()
        for shape, fault, codes in ANY_PATH:
            run.wechat.break_path(PHONE_PATH, **fault)
            refused(run, f"phone/ with {shape}", bind_phone(bound, also=codes).code, codes)
            run.wechat.heal_path(PHONE_PATH)
        bind_phone(bound)
        strangers = run.database.ask("SELECT count(*) FROM wxlogin_wechatuser WHERE openid LIKE 'o-shape%%'")
        run.ledger.require(strangers[0][0] == 0, "a bad answer made a person")
        verify(run.ledger, run.database)


def refused(run: Run, what: str, code: str, codes: tuple[str, ...]) -> None:
    if code not in codes:
        run.ledger.surprise(f"{what}: {code or 'accepted'}")


@case(
    "wechat-tls",
    "WeChat's certificate is expired, for another name, self-signed, or of an unknown authority",
    "微信的证书过期、域名不符、自签名，或由未知机构签发",
)
def tls(run: Run) -> None:
    certificates = make_certificates(run.stack.home / f"tls-{next(run.stack.numbers)}")
    with (
        TlsFront(run.wechat.port, certificates) as front,
        run.group(
            1,
            WECHAT_API_BASE=f"https://127.0.0.1:{front.port}",
            WECHAT_CA_BUNDLE=str(certificates.ca),
            WXLOGIN_BREAKER_FAILURES="0",
        ) as group,
    ):
        for kind in KINDS:
            front.kind = kind
            for turn in range(3):
                try_login(run, group, kind, run.person(group.port, f"{kind}-{turn}"))
        verify(run.ledger, run.database)


def try_login(run: Run, group: Group, kind: str, person: Person) -> None:
    answer = person.log_in(also=() if kind == "good" else ("wechat_unavailable",))
    if answer.ok != (kind == "good"):
        run.ledger.surprise(f"certificate {kind}: {answer.status} {answer.code}")
