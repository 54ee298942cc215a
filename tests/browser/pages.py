"""URLs of the staff pages."""

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


def page_url(row: Any) -> str:
    return f"/admin/wxlogin/{row._meta.model_name}/{row.pk}/change/"


def act_url(row: Any, name: str) -> str:
    return f"/admin/wxlogin/{row._meta.model_name}/{row.pk}/act/{name}/"


def merge_url(one: WeChatUser, other: WeChatUser) -> str:
    return f"{act_url(one, 'merge')}?with={other.pk}"


def diagnosis_url(key: Any) -> str:
    return f"{OVERVIEW}why/?q={key}"


def form_urls(one: WeChatUser, other: WeChatUser) -> list[str]:
    return [*(act_url(one, name) for name in ACTS), merge_url(one, other)]


def all_urls(one: WeChatUser, other: WeChatUser) -> list[str]:
    session = LoginSession.objects.filter(wechat_user=one).latest("pk")
    return [
        OVERVIEW,
        diagnosis_url(one.user_id),
        *LISTS,
        page_url(one),
        page_url(session),
        act_url(session, "end_sessions"),
        *form_urls(one, other),
    ]


def short_name(page: str) -> str:
    """Return the URL as a part of a file name, without its query."""
    return page.removeprefix("/admin/wxlogin/").partition("?")[0].strip("/").replace("/", "-")
