"""The data that a person can withdraw: nickname, avatar and phone."""

from tests.api.people import person
from tests.api.uploads import send
from tests.conftest import Api
from tests.helpers.pictures import picture

ALL = {"nickname": True, "avatar": True, "phone": True}
NO_PROFILE = {"nickname": False, "avatar": False, "phone": True}
NO_PHONE = {"nickname": True, "avatar": True, "phone": False}


def fill_profile(api: Api) -> Api:
    """Give the person a nickname, an avatar and a phone."""
    api.put("me/", {"nickname": "阿丽"})
    send(api, picture())
    api.post("phone/", {"code": api.wechat.phone_code_for("o-alice")})
    return api


def data_of(openid: str = "o-alice") -> dict[str, bool]:
    found = person(openid)
    return {"nickname": bool(found.nickname), "avatar": bool(found.avatar), "phone": found.has_phone}
