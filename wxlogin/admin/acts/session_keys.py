"""What WeChat knows about a person's session_key."""

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

# Each waits for WeChat; and so does whoever asks.
AT_MOST = 10


class AsksWeChat(Act):
    at_most = AT_MOST
    ask: Callable[..., SessionKey]

    def preview(self, rows: Sequence[WeChatUser]) -> list[tuple[Any, Any]]:
        held = [person for person in rows if hasattr(person, "session_key") and person.session_key.is_held]
        return [(_("people"), len(rows)), (_("session keys held"), len(held))]

    def do(self, page: Any, request: HttpRequest, rows: Sequence[WeChatUser], **answers: Any) -> Outcome:
        answers_of_wechat = []
        for person in rows:
            try:
                key = type(self).ask(person, staff=request.user, reason=answers["reason"])
            except (WxLoginError, WeChatError) as refusal:
                answers_of_wechat.append(
                    f"{person}: {explain(refusal.code, getattr(refusal, 'errcode', None)).text}"
                )
                if isinstance(refusal, WeChatTimeout | WeChatUnavailable):
                    break  # the next would wait as long
            else:
                answers_of_wechat.append(f"{person}: {self.verdict(key)}")
        if len(answers_of_wechat) < len(rows):
            answers_of_wechat.append(gettext("The others were not asked about."))
        return Outcome(" ".join(answers_of_wechat), messages.INFO)

    def verdict(self, key: SessionKey) -> str:
        raise NotImplementedError


class CheckSessionKey(AsksWeChat):
    name = "check_session_key"
    label = _("Ask WeChat whether the session key holds…")
    button = _("Ask WeChat")
    explanation = _(
        "A key that WeChat no longer knows is dropped; open data then waits for the next wx.login. Nobody is logged out."
    )
    permission = "check_sessionkey_wechatuser"
    ask = staticmethod(session_keys.check_for_staff)

    def verdict(self, key: SessionKey) -> str:
        if key.state == SessionKey.State.VALID:
            return gettext("the session key holds.")
        return gettext("WeChat no longer knows the session key; the next wx.login brings a new one.")


class ResetSessionKey(AsksWeChat):
    name = "reset_session_key"
    label = _("Have WeChat replace the session key…")
    button = _("Replace it")
    explanation = _(
        "The old key dies at WeChat; open data that was made with it no longer opens. Nobody is logged out."
    )
    permission = "reset_sessionkey_wechatuser"
    ask = staticmethod(session_keys.reset_for_staff)
    is_dangerous = True

    def verdict(self, key: SessionKey) -> str:
        return gettext("WeChat gave a new session key.")
