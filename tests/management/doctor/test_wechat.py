import json
import time

import pytest

from tests.settings import APPID
from wxlogin.fakewechat.apps import known_apps

from .command import ACCESS_TOKEN, AES_KEY, LOGIN, line_with, run

pytestmark = pytest.mark.django_db


def test_wechat_is_asked_once_for_a_login_and_once_for_a_token(wechat):
    run()

    assert [(call.path, call.errcode) for call in wechat.calls] == [(LOGIN, 40029), (ACCESS_TOKEN, None)]


def test_a_wrong_secret_is_reported(wechat):
    wechat.apps = known_apps({APPID: "another-secret"})

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with("Logins fail: /sns/jscode2session: errcode 40125, rid ", printed)
    assert "Compare the AppSecret" in printed
    assert "problems: 2" in printed


@pytest.mark.parametrize(
    ("errcode", "hint"),
    [
        (40013, "Compare the AppID"),
        (40125, "Compare the AppSecret"),
        (40164, "IP whitelist"),
        (61004, "IP whitelist"),
        (40243, "frozen: unfreeze or reset"),
        (89501, "administrator has to consent"),
        (50002, "what the WeChat console says"),
        (45011, "Try again"),
        (-1, "Try again"),
        (40097, "Look the errcode up"),
        (99999, "Look the errcode up"),
    ],
)
def test_each_refusal_of_a_login_comes_with_what_to_do(wechat, errcode, hint):
    wechat.fault(LOGIN, errcode=errcode)

    printed, is_well = run()

    assert not is_well
    assert f"errcode {errcode}" in line_with("Logins fail", printed)
    assert hint in printed
    assert line_with("access_token", printed).startswith("ok")


def test_without_an_access_token_people_can_still_log_in(wechat):
    wechat.fault(ACCESS_TOKEN, errcode=40164)

    printed, is_well = run()

    assert not is_well
    assert line_with("people can log in", printed).startswith("ok")
    assert "PROBLEM" in line_with("logins don't need it: /cgi-bin/stable_token: errcode 40164", printed)
    assert "IP whitelist" in printed


@pytest.mark.parametrize(
    ("fault", "text", "hint"),
    [
        ({"reset": True}, "ConnectionError", "Check API_BASE and CA_BUNDLE"),
        ({"status": 502}, "HTTP 502", "Something else than WeChat"),
        ({"body": "<html>hotel</html>"}, "not a JSON object", "Something else than WeChat"),
        (
            {"body": json.dumps({"openid": "o-x", "session_key": "k"})},
            "that WeChat never gave was accepted",
            "Something else",
        ),
    ],
)
def test_an_answer_that_is_not_wechats_is_reported(wechat, fault, text, hint):
    wechat.fault(LOGIN, **fault)

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with(text, printed)
    assert hint in printed


def test_a_wechat_that_hangs_costs_a_deadline_a_call(wechat, configure):
    configure(UPSTREAM_DEADLINE=0.3)
    wechat.fault(LOGIN, delay=5)
    wechat.fault(ACCESS_TOKEN, drip=0.2)
    started = time.monotonic()

    printed, is_well = run()

    assert time.monotonic() - started < 4
    assert not is_well
    assert printed.count("WeChatTimeout") == 2
    assert "Check API_BASE and CA_BUNDLE" in printed


def test_each_app_is_asked_for(wechat, two_apps):
    wechat.apps = known_apps({two_apps[0]: "secret-a", two_apps[1]: "rotated"})

    printed, is_well = run()

    assert not is_well
    assert line_with(f"{two_apps[0]}: WeChat accepts", printed).startswith("ok")
    assert "PROBLEM" in line_with(f"Book Shop ({two_apps[1]}): Logins fail", printed)


@pytest.mark.parametrize(
    ("push", "verdict", "text"),
    [
        ({}, "ok ", "is not received"),
        ({"PUSH_TOKEN": "token"}, "note ", "plain mode"),
        ({"PUSH_TOKEN": "token", "PUSH_AES_KEY": AES_KEY}, "ok ", "secure mode"),
    ],
)
def test_pushes_are_no_problem_whatever_is_set(configure, push, verdict, text):
    configure(APPS={APPID: {"SECRET": "made-up", **push}})

    printed, is_well = run()

    assert is_well
    assert [line for line in printed.splitlines() if line.startswith(verdict) and text in line]
