"""Ways from one staff page to another."""

from typing import Any

from django.contrib.admin.utils import quote
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.http import urlencode

from wxlogin.models import WeChatUser


def page_of(row: Model) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[quote(row.pk)])


def link_to(row: Model, text: Any) -> str:
    return format_html('<a href="{}">{}</a>', page_of(row), text)


def list_of(model: type[Model], **query: Any) -> str:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{url}?{urlencode(query)}" if query else url


def act_on(row: Model, name: str, **query: Any) -> str:
    """Where staff are asked before they do ``name`` to ``row``."""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_act", args=[quote(row.pk), name])
    return f"{url}?{urlencode(query)}" if query else url


def link_to_user(user: AbstractBaseUser, text: Any) -> Any:
    """To the project's own page of its user, where it has one."""
    try:
        return link_to(user, text)
    except NoReverseMatch:  # the project keeps its users out of the admin
        return text


def why_not(person: WeChatUser) -> str:
    """To the page that says why the person can't log in."""
    return f"{reverse('admin:wxlogin_overview_why')}?{urlencode({'q': person.user_id})}"
