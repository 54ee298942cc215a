"""One line per decision about a login, on the logger ``wxlogin``."""

import logging
from typing import Any

from django.utils.crypto import salted_hmac

from wxlogin.models import WeChatUser

logger = logging.getLogger("wxlogin")


def log(event: str, level: int = logging.INFO, **facts: Any) -> None:
    """``event key=value …``; JSON formatters find the same as the record's ``wxlogin`` dict."""
    shown = {key: value for key, value in facts.items() if value not in (None, "")}
    message = " ".join([event, *(f"{key}={value}" for key, value in shown.items())])
    logger.log(level, "%s", message, extra={"wxlogin": {"event": event, **shown}})


def short_hash(person: WeChatUser) -> str:
    """The same person in two lines looks the same, and no line tells the openid."""
    return salted_hmac("wxlogin.log", f"{person.appid}\0{person.openid}", algorithm="sha256").hexdigest()[:12]
