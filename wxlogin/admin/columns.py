"""Columns that several staff pages show, and how single values look in them."""

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

from .links import link_to

# Columns are a mixin, as pages are.
if TYPE_CHECKING:
    Columns = admin.ModelAdmin
else:
    Columns = object


class PersonColumns(Columns):
    """The person, the app and the address of a row."""

    @admin.display(description=_("WeChat user"))
    def person(self, row: Any) -> str:
        if row.wechat_user is None:
            return self.no_person(row)
        return link_to(row.wechat_user, mask_id(row.wechat_user.openid))

    def no_person(self, row: Any) -> str:
        """Return what to show for a row without a person."""
        return "-"

    @admin.display(description=_("app"))
    def app(self, row: Any) -> str:
        return app_name(row.appid) or "-"

    @admin.display(description=_("IP address"))
    def address(self, row: Any) -> str:
        return mask_address(row.ip)


def app_name(appid: str) -> str:
    """Return the name of an app as the settings have it, else its appid."""
    app = conf.APPS.get(appid)
    return app.name if app else appid


def mask_id(identifier: str) -> str:
    """Return an openid or unionid, shortened."""
    if not identifier:
        return "-"
    return format_html('<span class="wxlogin-id">{}</span>', shorten(identifier))


def format_time(moment: datetime | None) -> str:
    """Format a time as Django formats a column of times. Columns that are methods have to do it themselves."""
    return date_format(localtime(moment), "DATETIME_FORMAT") if moment else "-"


def badge(kind: str, text: Any) -> SafeString:
    """Return ``text`` as a badge. ``kind``: good, bad or quiet."""
    return format_html('<span class="wxlogin-badge wxlogin-{}">{}</span>', kind, text)


def isolate(user_text: Any) -> SafeString:
    """Return text that people wrote, so that it can't affect what stands around it.

    ``bdi`` keeps its writing direction inside. ``v-pre`` tells themes that compile pages as Vue templates to leave
    it alone.
    """
    if not user_text:
        return SafeString("-")
    return format_html('<bdi v-pre class="wxlogin-said">{}</bdi>', user_text)
