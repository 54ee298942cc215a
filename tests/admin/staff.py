"""Steps of staff at work in a browser, and the names that the tests share."""

from typing import Any

from django.test import Client
from django.urls import reverse

from wxlogin.models import StaffAct, WeChatUser

OPENID = "oAlice-0123456789-full-openid"
UNIONID = "uAlice-0123456789-full-unionid"
PHONE = "13580006666"
WHY = "asked by phone"
MODELS = ["wechatuser", "loginsession", "sessionkey", "loginfailure"]
VIEW_PEOPLE = ["view_overview", "view_wechatuser"]


def url(model: str, page: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:wxlogin_{model}_{page}", args=args)


def act_url(name: str, row: Any = None, **query: Any) -> str:
    """Return the URL of the form of the act ``name`` on ``row``, Alice if it isn't given."""
    row = row or alice()
    return reverse(f"admin:wxlogin_{row._meta.model_name}_act", args=[row.pk, name], query=query or None)


def action_form(pks: list[int], **answers: Any) -> dict[str, Any]:
    """Return what a list sends after staff selected rows, chose an action and answered its form."""
    return {
        "action": "end_sessions",
        "_selected_action": pks,
        "confirmed": 1,
        "reason": WHY,
        **answers,
    }


def alice() -> WeChatUser:
    return WeChatUser.objects.get(openid=OPENID)


def confirm(browser: Client, name: str, row: Any = None, **answers: Any) -> Any:
    """Send the form of the act ``name`` on ``row``. ``other`` names the second row of a merge."""
    query = {"with": answers.pop("other")} if "other" in answers else {}
    data = {"confirmed": 1, "reason": WHY, **answers}
    return browser.post(act_url(name, row, **query), data, follow=True)


def log_entry(action: str) -> StaffAct:
    return StaffAct.objects.get(action=action)
