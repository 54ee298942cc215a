"""One line per decision about a login, on the logger ``wxlogin``."""

import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.utils.crypto import salted_hmac

if TYPE_CHECKING:  # LOGGING may name RequestIdFilter, and is read before there are models
    from wxlogin.models import WeChatUser

logger = logging.getLogger("wxlogin")

#: Of the API call under way, so that every line about it can be found by the answer's ``X-Request-ID``.
request_id: ContextVar[str] = ContextVar("wxlogin_request_id", default="")
#: Of the staff member who is acting, for the staff log.
address: ContextVar[str | None] = ContextVar("wxlogin_address", default=None)


class RequestIdFilter(logging.Filter):
    """Adds ``request_id`` to the records of a call, Django's own about its outcome included."""

    def filter(self, record: logging.LogRecord) -> bool:
        of_request = getattr(getattr(record, "request", None), "wxlogin_request_id", "")
        if known := request_id.get() or of_request:
            record.request_id = known
        return True


def log(event: str, level: int = logging.INFO, **facts: Any) -> None:
    """``event key=value …``; JSON formatters find the same as the record's ``wxlogin`` dict."""
    facts["request_id"] = request_id.get()
    shown = {key: value for key, value in facts.items() if value not in (None, "")}
    message = " ".join([event, *(f"{key}={value}" for key, value in shown.items())])
    logger.log(level, "%s", message, extra={"wxlogin": {"event": event, **shown}})


def short_hash(person: "WeChatUser") -> str:
    """The same person in two lines looks the same, and no line tells the openid."""
    return hash_of(person.appid, person.openid)


def hash_of(appid: str, openid: str, *, secret: str | bytes | None = None) -> str:
    """``secret``: a ``SECRET_KEY`` of before."""
    value = f"{appid}\0{openid}"
    return salted_hmac("wxlogin.log", value, secret=secret, algorithm="sha256").hexdigest()[:12]
