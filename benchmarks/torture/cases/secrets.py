"""Planted secrets are looked for in logs, answers, the database and Redis."""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..clients import Person
from ..registry import BOTH, case
from ..stack import APPS, ENCRYPTION_KEY, SECRET_KEY, Run
from ..verify import verify
from ..wechat import LOGIN_PATH, PHONE_PATH

TOKEN_PATH = "/cgi-bin/stable_token"  # noqa: S105
PHONE = "13898765432"


@dataclass(frozen=True)
class Secret:
    """``allowed``: the places where it may stand."""

    name: str
    text: str
    allowed: tuple[str, ...] = ()

    def forms(self) -> set[bytes]:
        """Return the text as it is, and as URLs, base64 and hex write it."""
        raw = self.text.encode()
        return {
            raw,
            quote(self.text, safe="").encode(),
            *base64_forms(raw),
            raw.hex().encode(),
        }


def base64_forms(raw: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of ``raw`` wherever it stands in a longer text, without the neighbours' bits."""
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        yield base64.b64encode(bytes(before) + raw)[first:last]


def planted(number: int) -> dict[str, str]:
    return {
        "openid": f"o-planted-openid-{number}",
        "session_key": base64.b64encode(f"planted-key-{number:04}".encode()).decode(),
        "code": f"planted-code-{number}",
        "phone code": f"planted-phone-code-{number}",
        "phone": str(int(PHONE) + number),
    }


@case(
    "secrets",
    "Planted secrets, with DEBUG logs, good and refused calls, WeChat's and the database's errors: swept everywhere",
    "植入秘密，开启 DEBUG 日志，经历成功与被拒的调用以及微信和数据库的错误，然后在各处搜寻",
    databases=BOTH,
    quick=True,
)
def secrets(run: Run) -> None:
    found = [Secret(f"the AppSecret of {appid}", str(app["SECRET"])) for appid, app in APPS.items()]
    found += [Secret("SECRET_KEY", SECRET_KEY), Secret("an encryption key", ENCRYPTION_KEY)]
    found.append(Secret("an access_token", "planted-access-token-in-the-cache"))
    with run.group(2, DJANGO_LOG_LEVEL="DEBUG", WXLOGIN_UPSTREAM_DEADLINE="1") as group:
        for number in range(2 if run.quick else 8):
            found += live(run, group.port, number)
        answers = b"\n".join(each.answer.raw for each in run.ledger.timed)
        issuing = {"POST login/", "POST token/refresh/"}
        others = b"\n".join(each.answer.raw for each in run.ledger.timed if each.what not in issuing)
        places = {
            "logs": group.process.log.encode(),
            "answers": answers,
            "answers that issue no tokens": others,
            "the database": run.database.dump(),
            "Redis": redis_dump(run),
        }
        run.ledger.show(
            f"{len(found)} secrets looked for in "
            + ", ".join(f"{len(text) // 1024} KB of {name}" for name, text in places.items())
        )
        sweep(run, found, places)
        verify(run.ledger, run.database)


def sweep(run: Run, secrets: list[Secret], places: dict[str, bytes]) -> None:
    allowed = 0
    for secret in secrets:
        for name, text in places.items():
            run.ledger.rounds += 1
            if any(form in text for form in secret.forms()):
                allowed += name in secret.allowed
                if name not in secret.allowed:
                    run.ledger.lose(f"{secret.name} stands in {name}")
    # A person's own number and tokens are in their answers. If they weren't found there, the sweep would be blind.
    run.ledger.show(f"found {allowed} times where they may stand")
    run.ledger.require(allowed > 0, "the sweep finds nothing at all")


def live(run: Run, port: int, number: int) -> list[Secret]:
    """Live a life with planted values, and return them together with the tokens of it."""
    value = planted(number)
    wechat, person = run.wechat, run.person(port, f"secret-{number}")
    person.openid = value["openid"]
    answers_with(run, value)
    tokens = [*log_in(person, value["code"])]
    person.post("login/", {"code": value["code"], "phone_code": value["phone code"], "appid": person.appid})
    person.send("POST", "phone/", {"code": value["phone code"]}, person.login)
    person.look()
    for fault, code in (
        ({"reset": True}, "wechat_unavailable"),
        ({"delay": 30}, "wechat_timeout"),
        ({"errcode": 40029}, "code_invalid"),
        ({"errcode": 40125}, "wechat_misconfigured"),
        ({"status": 500, "body": json.dumps(value)}, "wechat_bad_response"),
    ):
        wechat.break_path(LOGIN_PATH, times=1, **fault)
        person.post(
            "login/", {"code": value["code"], "appid": person.appid}, also=(code, "wechat_unavailable")
        )
    for bad in ({"code": [value["code"]]}, {"code": value["code"], "appid": "wx-unknown"}):
        person.post("login/", bad, also=("invalid_request", "unknown_app"))
    person.send(
        "POST",
        "open-data/",
        {"encryptedData": "AAAA", "iv": "AAAA"},
        person.login,
        also=("open_data_invalid",),
    )
    run.database.set_read_only(True)
    time.sleep(0.3)
    person.post("login/", {"code": value["code"], "appid": person.appid}, also=("storage_unavailable",))
    person.post("token/refresh/", {"refresh": person.login.refresh}, also=("storage_unavailable",))
    run.database.set_read_only(False)
    time.sleep(0.3)
    person.renew()
    tokens += [person.login.access, person.login.refresh]
    person.get("me/export/", person.login)
    wechat.heal_path(LOGIN_PATH)
    own = ("answers", "answers that issue no tokens")
    return [
        Secret("a session_key", value["session_key"]),
        Secret("a code", value["code"]),
        Secret("a phone code", value["phone code"]),
        Secret("a phone number", value["phone"], own),
        Secret("an openid", value["openid"], (*own, "the database")),
        *(Secret("a token", token, ("answers",)) for token in tokens),
    ]


def log_in(person: Person, code: str) -> list[str]:
    person.fixed_code = code
    answer = person.log_in()
    return [answer["access"], answer["refresh"]] if answer.ok else []


def answers_with(run: Run, value: dict[str, str]) -> None:
    session = {"openid": value["openid"], "session_key": value["session_key"]}
    watermark = {"timestamp": int(time.time()), "appid": run.wechat.appid}
    number = {"phoneNumber": value["phone"], "purePhoneNumber": value["phone"], "countryCode": "86"}
    token = {"access_token": "planted-access-token-in-the-cache", "expires_in": 7200}
    bodies: dict[str, Any] = {
        LOGIN_PATH: session,
        TOKEN_PATH: token,
        PHONE_PATH: {"errcode": 0, "errmsg": "ok", "phone_info": {**number, "watermark": watermark}},
    }
    for path, body in bodies.items():
        run.wechat.heal_path(path)
        run.wechat.break_path(path, body=json.dumps(body))


def redis_dump(run: Run) -> bytes:
    client = run.redis.client()
    return b"\n".join(part for key in client.keys("*") for part in (key, client.get(key) or b""))
