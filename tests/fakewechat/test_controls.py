import json

import pytest

# A valid push, which the cases below change.
PUSH = {"url": "http://127.0.0.1:1/wx-shop/", "event": "debug_demo", "openid": "o-alice", "token": "t"}


def test_a_whole_login_driven_over_http(client, exchange):
    alice = client.post("/_fake/people", {"unionid": "o-union", "nickname": "阿丽"})
    code = client.post("/_fake/codes", {"openid": alice.json()["openid"], "appid": "wx-shop"})

    assert alice.headers["Content-Type"] == code.headers["Content-Type"] == "application/json"
    assert alice.json() == {
        "openid": alice.json()["openid"],
        "unionid": "o-union",
        "phone": None,
        "nickname": "阿丽",
    }
    session = exchange(code.json()["code"])
    assert (session["openid"], session["unionid"]) == (alice.json()["openid"], "o-union")


def test_posting_a_person_again_changes_the_given_fields_and_null_clears(client):
    client.post("/_fake/people", {"openid": "o-alice", "unionid": "o-union", "phone": "13580006666"})

    alice = client.post("/_fake/people", {"openid": "o-alice", "phone": None, "nickname": "Alice"}).json()

    assert alice == {"openid": "o-alice", "unionid": "o-union", "phone": None, "nickname": "Alice"}


def test_a_code_for_somebody_unknown_makes_the_person(client, exchange):
    code = client.post("/_fake/codes", {"openid": "o-new"}).json()["code"]

    assert exchange(code)["openid"] == "o-new"


def test_a_code_keeps_to_the_app_it_was_asked_for(client, exchange):
    code = client.post("/_fake/codes", {"openid": "o-alice", "appid": "wx-other"}).json()["code"]

    assert exchange(code)["errcode"] == 40029


def test_expiring_a_session_key(fake, client, exchange):
    exchange(fake.code_for("o-alice", "wx-shop"))

    assert client.post("/_fake/expire-session-key", {"openid": "o-alice"}).status == 200
    assert fake.session_key_of("o-alice", "wx-shop") is None


def test_calls_are_listed_with_their_secrets_masked(fake, client, exchange, clock):
    code = fake.code_for("o-alice")
    exchange(code)
    exchange(code, extra="kept", access_token="made-up-token")
    fake.fault(status=502)
    client.code2session(code)

    reply = client.get("/_fake/calls")

    first, second, third = reply.json()
    assert first == {
        "method": "GET",
        "path": "/sns/jscode2session",
        "query": {"appid": "wx-shop", "secret": "***", "js_code": "***", "grant_type": "authorization_code"},
        "time": clock.time,
        "status": 200,
        "errcode": None,
    }
    assert (second["errcode"], second["query"]["extra"]) == (40163, "kept")
    assert (third["status"], third["errcode"]) == (502, None)
    for secret in ["shop-secret", code, "made-up-token"]:
        assert secret not in reply.body.decode()


def test_the_controls_themselves_are_no_calls(client):
    client.post("/_fake/people", {})

    assert client.get("/_fake/calls").json() == []


def test_calls_in_python_are_copies(fake, exchange):
    exchange("no-such-code")

    fake.calls[0].query.clear()

    assert fake.calls[0].query["appid"] == "wx-shop"
    assert fake.calls[0].errcode == 40029


def test_reset_forgets_everything(fake, client, exchange):
    fake.person(openid="o-alice", nickname="Alice")
    code, spent = fake.code_for("o-alice", "wx-shop"), fake.code_for("o-alice", "wx-shop")
    exchange(spent)
    fake.fault(errcode=45011)

    assert client.post("/_fake/reset").status == 200

    assert fake.calls == []
    assert fake.session_key_of("o-alice", "wx-shop") is None
    assert fake.person(openid="o-alice").nickname is None
    assert exchange(code)["errcode"] == 40029


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("people", b"{"),
        ("people", b"\xff"),
        ("people", b"[]"),
        ("people", {"openid": 7}),
        ("people", {"openid": ""}),
        ("people", {"name": "Alice"}),
        ("codes", {}),
        ("codes", {"openid": None}),
        ("codes", {"openid": "o-alice", "appid": 7}),
        ("codes", {"openid": "o-alice", "app": "wx-shop"}),
        ("phone-codes", {}),
        ("phone-codes", {"openid": 7}),
        ("phone-codes", {"openid": "o-alice", "appid": ""}),
        ("phone-codes", {"openid": "o-alice", "phone": "13580006666"}),
        ("open-data", {"openid": "o-alice"}),
        ("open-data", {"openid": "o-alice", "data": []}),
        ("open-data", {"openid": "o-alice", "data": "{}"}),
        ("open-data", {"openid": 7, "data": {}}),
        ("open-data", {"data": {}}),
        ("open-data", {"openid": "o-alice", "data": {}, "appid": 7}),
        ("open-data", {"openid": "o-alice", "data": {}, "iv": "r7BXXKkLb8qrSNn05n0qiA=="}),
        ("open-data", {"openid": "o-alice", "data": {"nickName": "\ud800"}}),
        ("open-data", {"openid": "o-stranger", "data": {}}),
        ("push", {}),
        ("push", PUSH | {"url": None}),
        ("push", PUSH | {"event": None}),
        ("push", PUSH | {"openid": None}),
        ("push", PUSH | {"openid": 7}),
        ("push", PUSH | {"mode": 7}),
        ("push", PUSH | {"format": ["json"]}),
        ("push", PUSH | {"token": 7}),
        ("push", PUSH | {"fields": []}),
        ("push", PUSH | {"fields": {"event": "debug_demo"}}),
        ("push", PUSH | {"RevokeInfo": "1"}),
        ("push", PUSH | {"url": "http://example.com/wx-shop/"}),
        ("expire-access-tokens", {"appid": "wx-shop"}),
        ("expire-session-key", {}),
        ("expire-session-key", {"openid": "o-stranger"}),
        ("faults", {"errcode": 40029}),
        ("faults", {"path": "/sns/jscode2session"}),
        ("faults", {"path": "/sns/jscode2session", "times": 1}),
        ("faults", {"path": "/sns/jscode2session", "sleep": 1}),
    ],
)
def test_bad_input_is_a_400_that_says_why(fake, client, path, body):
    fake.code_for("o-alice", "wx-shop")
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    reply = client.send("POST", f"/_fake/{path}", raw)

    assert (reply.status, reply.headers["Content-Type"]) == (400, "application/json")
    assert reply.json()["error"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/_fake/nothing"), ("GET", "/_fake/people"), ("POST", "/_fake/calls")]
)
def test_an_unknown_control_is_a_404(client, method, path):
    reply = client.send(method, path)

    assert reply.status == 404
    assert path in reply.json()["error"]
