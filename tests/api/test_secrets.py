"""Recognisable secrets are put in everywhere. They must not come out in an answer, a page or a log line."""

import json
import logging
import re
import traceback
from html import unescape
from typing import Any
from urllib.parse import urljoin

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.conftest import Api
from tests.helpers import dumps
from tests.settings import APPID
from wxlogin.caller import Caller
from wxlogin.secret import Secret
from wxlogin.services import login
from wxlogin.wechat.crypto import encrypt_push
from wxlogin.wechat.errors import WeChatError

APP_SECRET = "PLANTEDAPPSECRETPLANTEDAPPSECRET"
PUSH_TOKEN = "PLANTEDTOKEN"
PUSH_AES_KEY = "PLANTEDKEY" + "a" * 33
NUMBER = "13580006666"
CODE = "PLANTEDCODE-that-wechat-never-gave"
FAULTS: list[dict[str, Any]] = [
    {},
    {"errcode": 40029},
    {"errcode": 40125},
    {"errcode": 40226},
    {"errcode": -1},
    {"reset": True},
    {"delay": 3},
    {"drip": 0.05},
    {"status": 500},
    {"status": 302},
    {"body": f"<html>{APP_SECRET} {CODE}</html>"},
    {"body": json.dumps({"errcode": 40164, "errmsg": f"{APP_SECRET} {CODE}"})},
]


@pytest.fixture
def planted(api: Api, configure: Any, caplog: pytest.LogCaptureFixture) -> tuple[Api, set[str]]:
    """An API and the secrets known so far, with every logger at DEBUG."""
    app = {"SECRET": APP_SECRET, "PUSH_TOKEN": PUSH_TOKEN, "PUSH_AES_KEY": PUSH_AES_KEY}
    configure(APPS={APPID: app}, UPSTREAM_DEADLINE=0.3)
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "urllib3.connectionpool", "requests", "django", "django.db.backends", "wxlogin"):
        caplog.set_level(logging.DEBUG, logger=name)
    return api, {APP_SECRET, CODE, PUSH_TOKEN, PUSH_AES_KEY, NUMBER}


def live_through_everything(api: Api, secrets: set[str]) -> list[bytes]:
    """Log in in every way and call every endpoint. Return the answers that must not hold a token."""
    answers = []
    for fault in FAULTS:
        if fault:
            api.wechat.fault(**fault, times=2)
        answers.append(api.send_code(CODE).content)
        api.wechat.fault(times=0, errcode=-1)
    code = api.wechat.code_for("o-alice")
    alice = Api(api.wechat, api.send_code(code).json(), api.client)
    renewed = alice.refresh().json()
    secrets |= {code, api.wechat.session_key_of("o-alice", APPID) or "never"}
    secrets |= {alice.tokens["access"], alice.tokens["refresh"], renewed["access"], renewed["refresh"]}
    answers += [alice.get(path).content for path in ("me/", "sessions/", "nowhere/", "session-key/")]
    answers += _beside_login(alice, secrets)
    answers.append(alice.put("me/", {"nickname": "Anna"}).content)
    answers.append(alice.refresh("not-" + alice.tokens["refresh"]).content)
    answers.append(alice.post("logout/").content)
    answers.append(alice.refresh().content)
    return answers


def _beside_login(alice: Api, secrets: set[str]) -> list[bytes]:
    """Call the endpoints that need WeChat's session_key or access_token, with good and bad bodies."""
    wechat = alice.wechat
    wechat.person("o-alice", phone=NUMBER)
    phone_code = wechat.phone_code_for("o-alice")
    sealed = wechat.open_data("o-alice", {"openId": "o-alice", "nickName": "Anna"})
    calls: list[tuple[str, dict[str, str]]] = [
        ("open-data/", sealed),
        ("open-data/", {**sealed, "signature": "0" * 40}),
        ("phone/", {"code": phone_code}),
        ("phone/", {"code": phone_code}),
        ("session-key/check/", {}),
        ("session-key/reset/", {}),
    ]
    answers = [alice.post(path, body).content for path, body in calls]
    secrets |= {
        phone_code,
        wechat.access_token_for(APPID)[0],
        wechat.session_key_of("o-alice", APPID) or "never",
    }
    wechat.expire_access_tokens()
    for fault in (
        {"errcode": 40001},
        {"errcode": 48001},
        {"body": "<html>"},
        {"reset": True},
        {"drip": 0.05},
    ):
        wechat.fault("/wxa/checksession", times=1, **fault)
        answers.append(alice.post("session-key/check/").content)
    secrets.add(wechat.access_token_for(APPID)[0])
    encrypt = encrypt_push(PUSH_AES_KEY, json.dumps({"Event": "x", "OpenID": "o-alice"}), APPID)
    for appid in (APPID, "wx-unknown"):
        answers.append(
            alice.post(f"events/{appid}/?signature=x&msg_signature=y", {"Encrypt": encrypt}).content
        )
    answers.append(alice.get("me/export/").content.replace(NUMBER.encode(), b"told to its owner"))
    return [answer for answer in answers if NUMBER.encode() not in answer]


def test_no_answer_and_no_log_line_holds_a_secret(
    planted: tuple[Api, set[str]], caplog: pytest.LogCaptureFixture
) -> None:
    api, secrets = planted

    answers = live_through_everything(api, secrets)

    logged = caplog.text + " ".join(f"{record.args!r} {record.__dict__!r}" for record in caplog.records)
    assert "urllib3.connectionpool" in logged, "or this test would prove nothing"
    assert "/sns/jscode2session" in logged
    for secret in secrets:
        assert secret not in logged
        assert all(secret.encode() not in answer for answer in answers)
    assert "openid=***" in logged
    assert "o-alice" not in logged


def test_no_exception_holds_a_secret(planted: tuple[Api, set[str]]) -> None:
    api, secrets = planted
    caught = []

    for fault in FAULTS:
        if fault:
            api.wechat.fault(**fault, times=2)
        with pytest.raises(WeChatError) as error:
            login.login_with_code(Secret(CODE), appid=APPID, caller=Caller())
        caught.append(error.value)
        api.wechat.fault(times=0, errcode=-1)

    for exc in caught:
        shown = "".join(traceback.format_exception(exc)) + repr(exc) + repr(exc.args)
        assert exc.__cause__ is None
        assert exc.__context__ is None
        assert not [secret for secret in secrets if secret in shown]


def test_no_admin_page_shows_a_secret(planted: tuple[Api, set[str]]) -> None:
    """Every page that a superuser reaches by links, and the answers to the acts there."""
    api, secrets = planted
    live_through_everything(api, secrets)
    browser = Client()
    browser.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))

    seen = crawl(browser, "/admin/")
    confirmed = {
        page: browser.post(page, {"confirmed": 1, "reason": "asked by phone"}, follow=True).content.decode()
        for page in sorted(seen)
        if "/act/" in page and "/erase/" not in page and "/reveal/" not in page
    }
    examined = {"health": browser.post("/admin/wxlogin/overview/").content.decode()}

    for page, content in {**seen, **confirmed, **examined}.items():
        assert not [secret for secret in secrets if secret in content], page
    assert len(seen) > 60
    assert len(confirmed) > 5
    for needed in ("wechatuser/", "loginsession/", "sessionkey/", "loginfailure/", "staffact/", "overview/"):
        assert f"/admin/wxlogin/{needed}" in seen


def crawl(browser: Client, start: str) -> dict[str, str]:
    """Follow all links. Return the pages by their URLs."""
    seen: dict[str, str] = {}
    ahead = [start]
    while ahead:
        page = ahead.pop()
        if page in seen or page.startswith(("/admin/logout", "/admin/password_change", "/admin/jsi18n")):
            continue
        answer = browser.get(page, follow=True)
        assert answer.status_code == 200, page
        seen[page] = answer.content.decode()
        for href in re.findall(r'href="([^"#]*)', seen[page]):
            there = urljoin(page, unescape(href))
            if there.startswith("/admin/") and "&" not in there and "o=" not in there:
                ahead.append(there)
    return seen


def test_neither_a_column_nor_the_cache_holds_a_secret_in_clear(planted: tuple[Api, set[str]]) -> None:
    api, secrets = planted
    live_through_everything(api, secrets)

    stored = dumps.database() + dumps.cached()

    assert b"o-alice" in stored, "or this test would prove nothing"
    assert not [secret for secret in secrets if secret.encode() in stored]
