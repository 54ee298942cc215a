"""Everything that a crash report may show of an exception."""

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import sentry_sdk
from django.core.signals import got_request_exception
from django.test import override_settings
from django.views.debug import DEBUG_ENGINE, ExceptionReporter
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.transport import Transport


class Memory(Transport):
    """A transport that keeps what it would send."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Envelope] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.sent.append(envelope)


class Reports:
    """The texts of all reports about the errors since ``clear``, by the kind of report."""

    def __init__(self) -> None:
        self.transport = Memory()
        self._failures: list[tuple[Any, Any]] = []
        self.logged: list[logging.LogRecord] = []

    def clear(self) -> None:
        self.transport.sent.clear()
        self._failures.clear()
        self.logged.clear()

    def note_failure(self, request: Any, **kwargs: Any) -> None:
        self._failures.append((request, sys.exc_info()))

    @property
    def events(self) -> list[Any]:
        return [envelope.get_event() for envelope in self.transport.sent if envelope.get_event()]

    def texts(self, *, rendered: bool) -> Iterator[tuple[str, str]]:
        """``rendered``: with Django's reports, which take longer than all others."""
        for event in self.events:
            yield "sentry", json.dumps(event, ensure_ascii=False, default=repr)
        # Before Django's reports: with DEBUG, they run queries, and Django logs SQL.
        for record in self.logged:
            yield f"log line of {record.name}", record.getMessage() + repr(vars(record))
            if record.exc_info:
                yield f"log line of {record.name}", _with_locals(record.exc_info)
        for request, exc_info in self._failures:
            for debug in (True, False) if rendered else ():
                with override_settings(DEBUG=debug):
                    reporter = ExceptionReporter(request, *exc_info, is_email=not debug)
                    yield f"Django's HTML, DEBUG={debug}", reporter.get_traceback_html()
                    yield f"Django's text, DEBUG={debug}", reporter.get_traceback_text()
            yield "locals", _with_locals(exc_info)


def _with_locals(exc_info: Any) -> str:
    return "".join(traceback.TracebackException(*exc_info, capture_locals=True).format())


@contextmanager
def collected() -> Iterator[Reports]:
    """Collect what Sentry would send, with its default settings, what Django would report, and every log line."""
    reports = Reports()
    compile_template = DEBUG_ENGINE.from_string
    DEBUG_ENGINE.from_string = cache(compile_template)
    sentry_sdk.init(
        dsn="https://key@sentry.invalid/1", transport=reports.transport, integrations=[DjangoIntegration()]
    )
    got_request_exception.connect(reports.note_failure)
    try:
        yield reports
    finally:
        DEBUG_ENGINE.from_string = compile_template
        got_request_exception.disconnect(reports.note_failure)
        sentry_sdk.get_client().close()
        sentry_sdk.get_global_scope().set_client(None)
