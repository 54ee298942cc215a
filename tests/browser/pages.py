"""Where the staff pages are."""

from typing import Any

from wxlogin.models import LoginSession, WeChatUser

PEOPLE = "/admin/wxlogin/wechatuser/"
SESSIONS = "/admin/wxlogin/loginsession/"
STAFF_LOG = "/admin/wxlogin/staffact/"
OVERVIEW = "/admin/wxlogin/overview/"
LISTS = [PEOPLE, SESSIONS, "/admin/wxlogin/sessionkey/", "/admin/wxlogin/loginfailure/", STAFF_LOG]
ACTS = [
    "end_sessions",
    "block",
    "unblock",
    "check_session_key",
    "reset_session_key",
    "reveal",
    "erase",
]


def person(openid: str) -> WeChatUser:
    return WeChatUser.objects.get(openid=openid)


def page_of(row: Any) -> str:
    return f"/admin/wxlogin/{row._meta.model_name}/{row.pk}/change/"


def act_on(row: Any, name: str) -> str:
    return f"/admin/wxlogin/{row._meta.model_name}/{row.pk}/act/{name}/"


def merge(one: WeChatUser, other: WeChatUser) -> str:
    return f"{act_on(one, 'merge')}?with={other.pk}"


def why_not(key: Any) -> str:
    return f"{OVERVIEW}why/?q={key}"


def questions(one: WeChatUser, other: WeChatUser) -> list[str]:
    return [*(act_on(one, name) for name in ACTS), merge(one, other)]


def every_page(one: WeChatUser, other: WeChatUser) -> list[str]:
    session = LoginSession.objects.filter(wechat_user=one).latest("pk")
    return [
        OVERVIEW,
        why_not(one.user_id),
        *LISTS,
        page_of(one),
        page_of(session),
        act_on(session, "end_sessions"),
        *questions(one, other),
    ]


def short(page: str) -> str:
    """For the name of a picture, which shows no query."""
    return page.removeprefix("/admin/wxlogin/").partition("?")[0].strip("/").replace("/", "-")
