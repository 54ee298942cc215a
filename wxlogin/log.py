"""The logger ``wxlogin``: one line for each decision about a login, with the id of its request."""

import logging
from contextvars import ContextVar
from typing import Any

logger = logging.getLogger("wxlogin")

#: The id of the current request. ``log`` adds it to each line, and the answer's ``X-Request-ID`` repeats it.
request_id: ContextVar[str] = ContextVar("wxlogin_request_id", default="")


class RequestIdFilter(logging.Filter):
    """Add a ``request_id`` attribute to every log line of a request.

    Lines that Django writes about the outcome, after the view has returned, get it too. Lines outside the
    requests of wxlogin stay as they are. A project names the filter in ``LOGGING["filters"]`` as
    ``{"()": "wxlogin.log.RequestIdFilter"}`` and lists it in the handler's ``filters``.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        of_request = getattr(getattr(record, "request", None), "wxlogin_request_id", "")
        if known := request_id.get() or of_request:
            record.request_id = known
        return True


def log(event: str, level: int = logging.INFO, *, exc_info: Exception | None = None, **facts: Any) -> None:
    """Log one line, ``event key=value …``, and leave out facts that are None or empty.

    The same facts are in the line's ``wxlogin`` attribute, a dict, for JSON formatters. The traceback of
    ``exc_info`` follows.
    """
    facts["request_id"] = request_id.get()
    shown = {key: value for key, value in facts.items() if value not in (None, "")}
    message = " ".join([event, *(f"{key}={value}" for key, value in shown.items())])
    logger.log(level, "%s", message, exc_info=exc_info, extra={"wxlogin": {"event": event, **shown}})
