"""The person's row, for tests that look into the database."""

from wxlogin.models import WeChatUser


def person(openid: str = "o-alice") -> WeChatUser:
    return WeChatUser.objects.select_related("user").get(openid=openid)
