"""A filter for the log of the project."""

import logging


class RefusalsInOneLine(logging.Filter):
    """Turn the ERROR of a request that Django refuses, such as one for another host, into a WARNING of one line.

    Anybody can cause these lines, and their tracebacks show Django's own code only. The filter is for handlers.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True
