"""Phone numbers as WeChat gives them to a mini-program."""

from typing import Any

from tests.conftest import Api

PHONE_PATH = "/wxa/business/getuserphonenumber"
NUMBER = "13580006666"


def phone_open_data(api: Api, data: dict[str, Any] | None = None) -> dict[str, str]:
    """The phone number as open data, which older clients send instead of a code."""
    phone = {"phoneNumber": NUMBER, "purePhoneNumber": NUMBER, "countryCode": "86"}
    body = api.wechat.open_data("o-alice", phone if data is None else data)
    return {"encryptedData": body["encryptedData"], "iv": body["iv"]}
