"""Ask WeChat about session keys: check them, or have them replaced."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy as _

from wxlogin.exceptions import WxLoginError
from wxlogin.models import SessionKey, WeChatUser
from wxlogin.services import session_keys
from wxlogin.services.meanings import explain
from wxlogin.wechat.errors import WeChatError, WeChatTimeout, WeChatUnavailable

from .base import Act, Outcome

# The call for each person waits for WeChat, and staff wait for all of them.
MAX_ROWS = 10


class SessionKeyAct(Act):
    """An act that asks WeChat about each person's key, and tells staff each answer."""

    max_rows = MAX_ROWS
    ask: Callable[..., SessionKey]

    def preview(self, rows: Sequence[WeChatUser]) -> list[tuple[Any, Any]]:
        held = [person for person in rows if hasattr(person, "session_key") and person.session_key.is_held]
        return [(_("people"), len(rows)), (_("session keys held"), len(held))]

    def do(self, page: Any, request: HttpRequest, rows: Sequence[WeChatUser], **answers: Any) -> Outcome:
        results = []
        for person in rows:
            try:
                key = type(self).ask(person, staff=request.user, reason=answers["reason"])
            except (WxLoginError, WeChatError) as refusal:
                results.append(f"{person}: {explain(refusal.code, getattr(refusal, 'errcode', None)).text}")
                if isinstance(refusal, WeChatTimeout | WeChatUnavailable):
                    # The next call would wait as long.
                    break
            else:
                results.append(f"{person}: {self.describe(key)}")
        if len(results) < len(rows):
            results.append(gettext("The others were not asked about."))
        return Outcome(" ".join(results), messages.INFO)

    def describe(self, key: SessionKey) -> str:
        """Return what WeChat answered about ``key``, in words."""
        raise NotImplementedError


class CheckSessionKey(SessionKeyAct):
    name = "check_session_key"
    label = _("Ask WeChat whether the session key holds…")
    button = _("Ask WeChat")
    explanation = _(
        "A key that WeChat no longer knows is dropped; open data then waits for the next wx.login. Nobody is logged out."
    )
    permission = "check_sessionkey_wechatuser"
    ask = staticmethod(session_keys.check_for_staff)

    def describe(self, key: SessionKey) -> str:
        if key.state == SessionKey.State.VALID:
            return gettext("the session key holds.")
        return gettext("WeChat no longer knows the session key; the next wx.login brings a new one.")


class ResetSessionKey(SessionKeyAct):
    name = "reset_session_key"
    label = _("Have WeChat replace the session key…")
    button = _("Replace it")
    explanation = _(
        "The old key dies at WeChat; open data that was made with it no longer opens. Nobody is logged out."
    )
    permission = "reset_sessionkey_wechatuser"
    ask = staticmethod(session_keys.reset_for_staff)
    is_dangerous = True

    def describe(self, key: SessionKey) -> str:
        return gettext("WeChat gave a new session key.")
