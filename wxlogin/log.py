"""The logger ``wxlogin``: one line for each decision about a login, with the id of its request."""

import logging
from contextvars import ContextVar
from typing import Any

logger = logging.getLogger("wxlogin")

#: The id of the current request: ``log`` adds it to each line, and the answer's ``X-Request-ID`` says it too.
request_id: ContextVar[str] = ContextVar("wxlogin_request_id", default="")


class RequestIdFilter(logging.Filter):
    """Add ``request_id`` to the records of a request, Django's own records about its outcome included.

    For ``LOGGING["filters"]`` of a project: ``{"()": "wxlogin.log.RequestIdFilter"}``.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        of_request = getattr(getattr(record, "request", None), "wxlogin_request_id", "")
        if known := request_id.get() or of_request:
            record.request_id = known
        return True


def log(event: str, level: int = logging.INFO, **facts: Any) -> None:
    """Log ``event key=value …``. JSON formatters find the same facts in the record's ``wxlogin`` dict."""
    facts["request_id"] = request_id.get()
    shown = {key: value for key, value in facts.items() if value not in (None, "")}
    message = " ".join([event, *(f"{key}={value}" for key, value in shown.items())])
    logger.log(level, "%s", message, extra={"wxlogin": {"event": event, **shown}})
