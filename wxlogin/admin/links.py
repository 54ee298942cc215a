"""URLs of staff pages, and links to them."""

from typing import Any

from django.contrib.admin.utils import quote
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.http import urlencode

from wxlogin.models import WeChatUser


def page_url(row: Model) -> str:
    return _reverse(row, "change", quote(row.pk))


def list_url(model: type[Model], **query: Any) -> str:
    return _add_query(_reverse(model, "changelist"), query)


def act_url(row: Model, name: str, **query: Any) -> str:
    """Return the URL of the form that asks staff before the act ``name`` is done to ``row``."""
    return _add_query(_reverse(row, "act", quote(row.pk), name), query)


def diagnosis_url(person: WeChatUser) -> str:
    """Return the URL of the page that says why the person can't log in."""
    return _add_query(reverse("admin:wxlogin_overview_why"), {"q": person.user_id})


def row_link(row: Model, text: Any) -> str:
    return format_html('<a href="{}">{}</a>', page_url(row), text)


def user_link(user: AbstractBaseUser, text: Any) -> Any:
    """Return a link to the project's own page of its user, or only the text if the admin has no such page."""
    try:
        return row_link(user, text)
    except NoReverseMatch:
        return text


def _reverse(model: type[Model] | Model, page: str, *args: Any) -> str:
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


def _add_query(url: str, query: dict[str, Any]) -> str:
    return f"{url}?{urlencode(query)}" if query else url
