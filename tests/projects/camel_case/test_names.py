import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.conftest import API, Api
from tests.settings import APPID

ORDERS = "/api/orders/"
# What wx.getUserInfo gives, as it stands.
NAMES_OF_WECHAT = {"encryptedData", "rawData"}


@pytest.fixture
def document(client: Client) -> Any:
    """The schema that the project serves, with its hooks."""
    return json.loads(client.get("/api/schema/?format=json").content)


def names_in(data: Any) -> Iterator[str]:
    for value in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from names_in(value)
    if isinstance(data, dict):
        yield from data


def is_camel_case(name: str) -> bool:
    return name != name.lower()


def order(api: Api, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {api.tokens.get('access', 'wrong')}"}
    return api.client.post(ORDERS, body, content_type="application/json", headers=headers)


def test_our_calls_answer_in_snake_case(api: Api) -> None:
    api.wechat.person("o-alice", phone="13580006666")

    login = api.send_code(phone_code=api.wechat.phone_code_for("o-alice"))
    alice = Api(api.wechat, login.json(), api.client)
    answers = [login, *(alice.get(path) for path in ("me/", "sessions/", "session-key/", "me/export/"))]

    assert login.json()["user"]["phone_bound"] is True
    for answer in answers:
        assert answer.status_code == 200
        assert not [name for name in names_in(answer.json()) if is_camel_case(name)]


def test_our_refusals_keep_their_form(alice: Api) -> None:
    refused = [
        alice.post("login/", {"phoneCode": "x"}),
        alice.get("me/", access="wrong"),
        alice.get("nowhere/"),
    ]

    assert [answer.json()["code"] for answer in refused] == ["invalid_request", "token_invalid", "not_found"]
    assert set(refused[0].json()) == {"code", "detail", "fields"}


def test_a_body_in_camel_case_is_not_ours(api: Api) -> None:
    answer = api.send_code(phoneCode="x")

    assert answer.status_code == 200
    assert "phone_error" not in answer.json()


def test_open_data_keeps_the_names_of_wechat(alice: Api) -> None:
    data = alice.wechat.open_data("o-alice", {"nickName": "韩梅梅", "snake_case": 1})

    answer = alice.post("open-data/", {"encryptedData": data["encryptedData"], "iv": data["iv"]})

    assert answer.status_code == 200
    assert {"nickName", "snake_case", "watermark"} <= set(answer.json()["data"])


def test_a_push_is_verified_although_the_query_was_rewritten(api: Api, live_server: Any) -> None:
    sent = api.wechat.push(
        f"{live_server.url}{API}events/{APPID}/",
        "user_authorization_revoke",
        "o-alice",
        "secure",
        RevokeInfo="8",
    )

    assert (sent["status"], sent["body"]) == (200, "success")


def test_the_projects_own_calls_speak_camel_case(alice: Api) -> None:
    answer = order(alice, teaName="Longjing", isPaid=True)

    assert (answer.status_code, answer.json()) == (200, {"teaName": "Longjing", "isPaid": True})


def test_the_projects_own_errors_have_its_own_form(alice: Api, api: Api) -> None:
    assert order(alice).json() == {"errorText": {"teaName": ["This field is required."]}}
    refused = order(Api(api.wechat, {}, api.client))
    assert (refused.status_code, refused.json()["errorText"]["code"]) == (401, "token_invalid")


def test_the_schema_says_what_each_side_speaks(document: Any) -> None:
    shapes = document["components"]["schemas"]
    ours = {name: shape for name, shape in shapes.items() if name.startswith(("WeChat", "Refusal"))}

    assert {"teaName", "isPaid"} == set(shapes["Order"]["properties"])
    assert shapes["Order"]["required"] == ["teaName"]
    assert {"expires_in", "refresh_expires_in"} <= set(ours["WeChatTokens"]["properties"])
    assert len(ours) > 10
    for shape in ours.values():
        names = {*shape.get("properties", ()), *shape.get("required", ())}
        assert not [name for name in names if is_camel_case(name) and name not in NAMES_OF_WECHAT]
