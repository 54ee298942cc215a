import os
import time

import pytest

from wxlogin import gateway
from wxlogin.deadline import request_deadline
from wxlogin.exceptions import UnknownApp
from wxlogin.fakewechat.apps import known_apps
from wxlogin.secret import Secret
from wxlogin.wechat.errors import Misconfigured, WeChatTimeout


@pytest.fixture(autouse=True)
def _no_transports_of_other_tests():
    gateway._transport.cache_clear()
    yield
    gateway._transport.cache_clear()


def transport(appid):
    return gateway.get_client(appid)._transport


@pytest.mark.parametrize("appid", ["", "wx-unknown", "SECRET"])
def test_an_app_that_is_not_listed_has_no_client(two_apps, appid):
    with pytest.raises(UnknownApp):
        gateway.get_client(appid)


def test_a_client_speaks_for_its_own_app(two_apps, wechat, monkeypatch):
    monkeypatch.setattr(
        wechat, "apps", known_apps(dict(zip(two_apps, ["secret-a", "secret-b"], strict=True)))
    )

    for appid in two_apps:
        gateway.get_client(appid).code2session(Secret(wechat.code_for("o-alice", appid=appid)))

    assert [call.query["appid"] for call in wechat.calls] == list(two_apps)


def test_a_call_ends_with_the_request_that_waits_for_it(two_apps, wechat):
    code = wechat.code_for("o-alice", two_apps[0])
    wechat.fault(delay=3)
    began = time.monotonic()

    with request_deadline(0.3), pytest.raises(WeChatTimeout):
        gateway.get_client(two_apps[0]).code2session(Secret(code))

    assert time.monotonic() - began < 2


def test_all_apps_share_connections_and_bounds(two_apps):
    one, other = two_apps

    assert transport(one) is transport(other)


def test_the_same_settings_keep_the_transport(two_apps):
    assert transport(two_apps[0]) is transport(two_apps[0])


@pytest.mark.parametrize(
    "change",
    [
        {"API_BASE": "http://127.0.0.1:9"},
        {"UPSTREAM_DEADLINE": 1.5},
        {"UPSTREAM_CONCURRENCY": 3},
        {"BREAKER_FAILURES": 3},
        {"BREAKER_PAUSE": 3},
        {"CA_BUNDLE": "/made/up/ca.pem"},
    ],
)
def test_other_settings_make_another_transport(two_apps, configure, change):
    before = transport(two_apps[0])

    configure(**change)

    assert transport(two_apps[0]) is not before


def test_a_changed_secret_is_used_at_once(two_apps, configure, wechat, monkeypatch):
    appid = two_apps[0]
    monkeypatch.setattr(wechat, "apps", known_apps({appid: "a-new-secret"}))
    with pytest.raises(Misconfigured):
        gateway.get_client(appid).code2session(Secret(wechat.code_for("o-alice", appid=appid)))

    configure(APPS={appid: {"SECRET": "a-new-secret"}})
    identity = gateway.get_client(appid).code2session(Secret(wechat.code_for("o-alice", appid=appid)))

    assert identity.openid == "o-alice"


def test_a_forked_process_gets_a_transport_of_its_own(two_apps, monkeypatch):
    before, parent = transport(two_apps[0]), os.getpid()

    monkeypatch.setattr(gateway.os, "getpid", lambda: parent + 1)

    assert transport(two_apps[0]) is not before
