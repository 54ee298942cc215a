"""Columns that several staff pages show, and functions that format one value."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from wxlogin.conf import conf
from wxlogin.masking import mask_address, shorten
from wxlogin.models import WeChatUser

from .links import row_link

# Columns are a mixin, as pages are.
if TYPE_CHECKING:
    Columns = admin.ModelAdmin
else:
    Columns = object


class AppColumn(Columns):
    """The app of a row."""

    @admin.display(description=_("app"))
    def app(self, row: Any) -> str:
        return app_name(row.appid) or "-"


class PersonColumns(AppColumn):
    """The person, the app and the IP address of a row."""

    @admin.display(description=_("WeChat user"))
    def person(self, row: Any) -> str:
        if row.wechat_user is None:
            return self.no_person(row)
        return person_link(row.wechat_user)

    def no_person(self, row: Any) -> str:
        """Return what to show for a row without a person."""
        return "-"

    @admin.display(description=_("IP address"))
    def address(self, row: Any) -> str:
        return mask_address(row.ip)


def app_name(appid: str) -> str:
    """Return the name of an app as the settings have it, or its appid if they don't list the app."""
    app = conf.APPS.get(appid)
    return app.name if app else appid


def person_link(person: WeChatUser) -> str:
    """Return a link to the person's page, with the shortened openid as its text."""
    return row_link(person, mask_id(person.openid))


def mask_id(identifier: str) -> str:
    """Return an openid or unionid, shortened."""
    return keep_on_one_line(shorten(identifier)) if identifier else "-"


def keep_on_one_line(text: str) -> SafeString:
    return format_html('<span class="wxlogin-id">{}</span>', text)


def format_time(moment: datetime | None) -> str:
    """Format a time as Django formats a column of times. Columns that are methods have to do it themselves."""
    return date_format(localtime(moment), "DATETIME_FORMAT") if moment else "-"


def badge(kind: str, text: Any) -> SafeString:
    """Return ``text`` as a badge. ``kind``: good, bad or quiet."""
    return format_html('<span class="wxlogin-badge wxlogin-{}">{}</span>', kind, text)


def isolate(user_text: Any) -> SafeString:
    """Return text that people wrote, so that it can't affect the text around it.

    ``bdi`` keeps its writing direction inside. ``v-pre`` tells themes that compile pages as Vue templates to leave
    it alone.
    """
    if not user_text:
        return SafeString("-")
    return format_html('<bdi v-pre class="wxlogin-said">{}</bdi>', user_text)
