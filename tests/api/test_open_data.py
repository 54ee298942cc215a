import base64
import hashlib
import json
import time
from typing import Any

import pytest
from Crypto.Cipher import AES

from tests.conftest import Api
from tests.settings import APPID
from wxlogin.models import WeChatUser
from wxlogin.services.open_data import PLACEHOLDER

OTHER = "wx00000000000000bb"
USER_INFO = {
    "openId": "o-alice",
    "nickName": "阿丽 🍵",
    "gender": 0,
    "avatarUrl": "https://thirdwx.qlogo.cn/x/132",
}
WERUN = {"stepInfoList": [{"timestamp": 1445866601, "step": 100}]}
GROUP = {"opengid": "tGrOuP"}


def signed(api: Api, data: Any = None, **kwargs: Any) -> dict[str, str]:
    return dict(api.wechat.open_data("o-alice", USER_INFO if data is None else data, **kwargs))


def unsigned(api: Api, data: Any = None, **kwargs: Any) -> dict[str, str]:
    body = signed(api, data, **kwargs)
    return {"encryptedData": body["encryptedData"], "iv": body["iv"]}


def encrypted(api: Api, plaintext: bytes, *, pad: bool = True) -> dict[str, str]:
    """Any bytes as open data, encrypted with the right key: the sender knows it or has guessed it."""
    key = base64.b64decode(api.wechat.session_key_of("o-alice", APPID))
    if pad:
        missing = 16 - len(plaintext) % 16
        plaintext += bytes([missing]) * missing
    cipher = AES.new(key, AES.MODE_CBC, iv=bytes(16))
    return {
        "encryptedData": base64.b64encode(cipher.encrypt(plaintext)).decode(),
        "iv": base64.b64encode(bytes(16)).decode(),
    }


def watermarked(**changes: Any) -> dict[str, Any]:
    return {**USER_INFO, "watermark": {"timestamp": int(time.time()), "appid": APPID, **changes}}


def flipped(text: str) -> str:
    data = bytearray(base64.b64decode(text))
    data[-1] ^= 1
    return base64.b64encode(bytes(data)).decode()


@pytest.mark.parametrize(
    "data", [USER_INFO, WERUN, GROUP, {"nickName": "阿丽"}], ids=["user", "werun", "group", "profile"]
)
@pytest.mark.parametrize("make", [signed, unsigned])
def test_the_object_is_answered_as_wechat_made_it(alice: Api, make: Any, data: dict[str, Any]) -> None:
    answer = alice.post("open-data/", make(alice, data))

    assert answer.status_code == 200
    watermark = answer.json()["data"].pop("watermark")
    assert answer.json().keys() == {"data"}
    assert {key: value for key, value in answer.json()["data"].items() if key != "watermark"} == data
    assert watermark["appid"] == APPID


def test_the_nickname_of_a_user_info_is_kept(alice: Api) -> None:
    alice.post("open-data/", signed(alice))

    assert alice.get("me/").json()["nickname"] == "阿丽 🍵"


@pytest.mark.parametrize("nickname", [PLACEHOLDER, "", " \u202e ", "x" * 65, 7, None, ["a"]])
def test_a_placeholder_and_what_is_no_name_change_nothing(alice: Api, nickname: Any) -> None:
    alice.put("me/", {"nickname": "Anna"})

    answer = alice.post("open-data/", unsigned(alice, {**USER_INFO, "nickName": nickname}))

    assert answer.status_code == 200
    assert alice.get("me/").json()["nickname"] == "Anna"


def test_the_unionid_in_open_data_is_not_stored(alice: Api) -> None:
    alice.post("open-data/", unsigned(alice, {**USER_INFO, "unionId": "u-of-somebody-else"}))

    assert WeChatUser.objects.get(openid="o-alice").unionid == ""


# Unusable open data. The answer never tells what is wrong with it.

BROKEN: dict[str, Any] = {
    "no base64": lambda api: {**unsigned(api), "encryptedData": "%%%"},
    "no block": lambda api: {**unsigned(api), "encryptedData": "YQ=="},
    "no iv": lambda api: {**unsigned(api), "iv": "YQ=="},
    "wrong padding": lambda api: encrypted(api, b"x" * 31 + b"\x00", pad=False),
    "padding of 17": lambda api: encrypted(api, b"x" * 15 + bytes([17]) * 17, pad=False),
    "another key": lambda api: unsigned_for(api, "o-bob"),
    "last byte flipped": lambda api: {
        **unsigned(api),
        "encryptedData": flipped(unsigned(api)["encryptedData"]),
    },
    "no UTF-8": lambda api: encrypted(api, b"\xff\xfe{}"),
    "no JSON": lambda api: encrypted(api, b"not json"),
    "no object": lambda api: encrypted(api, b"[]"),
    "no watermark": lambda api: encrypted(api, json.dumps(USER_INFO).encode()),
    "watermark is text": lambda api: unsigned(api, {**USER_INFO, "watermark": "mine"}),
    "another app's": lambda api: unsigned(api, watermarked(appid=OTHER)),
    "another person's": lambda api: unsigned(api, {**USER_INFO, "openId": "o-bob"}),
    "openId is null": lambda api: unsigned(api, {**USER_INFO, "openId": None}),
    "no time": lambda api: unsigned(api, watermarked(timestamp=None)),
    "time as text": lambda api: unsigned(api, watermarked(timestamp=str(int(time.time())))),
    "too old": lambda api: unsigned(api, watermarked(timestamp=int(time.time()) - 601)),
    "from no time at all": lambda api: unsigned(api, watermarked(timestamp=10**400)),
    "from before time": lambda api: unsigned(api, watermarked(timestamp=-(10**4000))),
    "a time in pieces": lambda api: unsigned(api, watermarked(timestamp=1e400)),
    "from the future": lambda api: unsigned(api, watermarked(timestamp=int(time.time()) + 301)),
    "wrong signature": lambda api: {**signed(api), "signature": "0" * 40},
    "signature of something else": lambda api: {**signed(api), "rawData": "{}"},
    "signature in Chinese": lambda api: {**signed(api), "signature": "签名"},
}


def unsigned_for(api: Api, openid: str) -> dict[str, str]:
    body = api.wechat.open_data(openid, {**USER_INFO, "openId": "o-alice"})
    return {"encryptedData": body["encryptedData"], "iv": body["iv"]}


def test_whatever_is_wrong_the_answer_is_the_same_byte_for_byte(alice: Api, bob: Api) -> None:
    answers = {
        name: alice.post("open-data/", make(alice), headers={"X-Request-ID": "same"})
        for name, make in BROKEN.items()
    }

    seen = {name: (each.status_code, each.content, dict(each.headers)) for name, each in answers.items()}
    assert len(seen) > 8
    first = next(iter(seen.values()))
    assert first[0] == 400
    assert json.loads(first[1])["code"] == "open_data_invalid"
    assert {name for name, each in seen.items() if each != first} == set()


def test_a_failure_changes_no_state(alice: Api, bob: Api) -> None:
    before = alice.get("session-key/").json()

    for make in BROKEN.values():
        alice.post("open-data/", make(alice))

    assert alice.get("session-key/").json() == before
    assert alice.post("open-data/", signed(alice)).status_code == 200
    assert not alice.wechat.calls[-1].path.startswith("/wxa/"), "nobody was asked"


def test_a_loop_of_guesses_meets_429_whatever_address_it_comes_from(
    alice: Api, configure: Any, address: str
) -> None:
    configure(DATA_RATE="20/min")

    answers = [
        alice.post(
            "open-data/",
            BROKEN["wrong padding"](alice),
            REMOTE_ADDR=f"2001:db8:{number}::{address[3:].replace('.', ':')}",
        ).status_code
        for number in range(25)
    ]

    assert answers == [400] * 20 + [429] * 5
    other = alice.log_in("o-alice").post("open-data/", signed(alice), REMOTE_ADDR=address)
    assert other.status_code == 200, "another session"


def test_a_loop_of_guesses_meets_429_whatever_session_it_uses(
    alice: Api, configure: Any, address: str
) -> None:
    configure(DATA_RATE="5/min")

    answers = [
        alice.log_in("o-alice").post("open-data/", BROKEN["no JSON"](alice), REMOTE_ADDR=address)
        for _ in range(7)
    ]

    assert [answer.status_code for answer in answers] == [400] * 5 + [429] * 2
    assert answers[-1]["Retry-After"]


@pytest.mark.parametrize("age", [0, 599, -299])
def test_what_is_fresh_enough_opens(alice: Api, age: int) -> None:
    answer = alice.post("open-data/", unsigned(alice, watermarked(timestamp=int(time.time()) - age)))

    assert answer.status_code == 200


def test_the_maximum_age_is_a_setting(alice: Api, configure: Any) -> None:
    configure(OPEN_DATA_MAX_AGE=3600)

    answer = alice.post("open-data/", unsigned(alice, watermarked(timestamp=int(time.time()) - 3000)))

    assert answer.status_code == 200


def test_the_signature_is_over_the_text_as_received(alice: Api) -> None:
    raw = '{ "nickName" : "\\u963f\\u4e3d" }'
    key = alice.wechat.session_key_of("o-alice", APPID)
    signature = hashlib.sha1((raw + key).encode()).hexdigest()  # noqa: S324  WeChat's choice

    answer = alice.post("open-data/", {**unsigned(alice), "rawData": raw, "signature": signature})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "encryptedData"),
        ({"encryptedData": "YQ=="}, "iv"),
        ({"iv": "YQ=="}, "encryptedData"),
        ({"encryptedData": 1, "iv": "YQ=="}, "encryptedData"),
        ({"encryptedData": "YQ==", "iv": None}, "iv"),
        ({"encryptedData": "YQ==", "iv": "YQ==", "rawData": "{}"}, "signature"),
        ({"encryptedData": "YQ==", "iv": "YQ==", "signature": "0"}, "rawData"),
        ({"encryptedData": "\ud800", "iv": "YQ=="}, "encryptedData"),
    ],
)
def test_a_body_of_another_shape_is_named(alice: Api, body: dict[str, Any], field: str) -> None:
    answer = alice.post("open-data/", body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert field in answer.json()["fields"]


def test_without_a_key_there_is_nothing_to_open_it_with(alice: Api) -> None:
    body = signed(alice)
    alice.wechat.expire_session_key("o-alice")
    alice.post("session-key/check/")

    answer = alice.post("open-data/", body)

    assert (answer.status_code, answer.json()["code"]) == (409, "session_key_missing")


def test_each_app_has_a_key_of_its_own(api: Api, two_apps: tuple[str, str]) -> None:
    tea, books = two_apps
    code = api.wechat.code_for("o-alice", books)
    reader = Api(api.wechat, api.send_code(code, appid=books).json(), api.client)
    guest = Api(api.wechat, api.send_code(api.wechat.code_for("o-alice", tea), appid=tea).json(), api.client)
    body = signed(api, appid=books)

    assert reader.post("open-data/", body).status_code == 200
    assert guest.post("open-data/", body).json()["code"] == "open_data_invalid"
