"""What staff do in a browser, in the words of the tests."""

from typing import Any

from django.test import Client
from django.urls import reverse

from wxlogin.models import StaffAct, WeChatUser

OPENID = "oAlice-0123456789-full-openid"
UNIONID = "uAlice-0123456789-full-unionid"
WHY = "asked by phone"


def url(model: str, page: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:wxlogin_{model}_{page}", args=args)


def ending(pks: list[int], **answers: Any) -> dict[str, Any]:
    return {
        "action": "end_sessions",
        "_selected_action": pks,
        "confirmed": 1,
        "reason": WHY,
        **answers,
    }


def alice() -> WeChatUser:
    return WeChatUser.objects.get(openid=OPENID)


def page(name: str, row: Any = None, **query: Any) -> str:
    row = row or alice()
    return reverse(f"admin:wxlogin_{row._meta.model_name}_act", args=[row.pk, name], query=query or None)


def confirm(browser: Client, name: str, row: Any = None, **answers: Any) -> Any:
    """As the form on the question's page would."""
    query = {"with": answers.pop("other")} if "other" in answers else {}
    data = {"confirmed": 1, "reason": WHY, **answers}
    return browser.post(page(name, row, **query), data, follow=True)


def logged(action: str) -> StaffAct:
    return StaffAct.objects.get(action=action)
