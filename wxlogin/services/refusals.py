"""Log refusals by WeChat and by us, and store each as a ``LoginFailure``, so that staff can look up the reason."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import Error

from wxlogin.caller import Caller
from wxlogin.exceptions import AccountDisabled
from wxlogin.log import log, request_id
from wxlogin.models import LoginFailure, WeChatUser
from wxlogin.models.clock import DatabaseTime
from wxlogin.wechat.errors import Misconfigured, WeChatError


@contextmanager
def store_refusals(
    event: str, *, appid: str, caller: Caller, wechat_user: WeChatUser | None = None
) -> Iterator[None]:
    """Log and store a refusal that the block raises, with the time that it took, and raise it again.

    ``wechat_user`` is the person who asks, if that is known before WeChat says so.
    """
    started = time.monotonic()
    try:
        yield
    except (WeChatError, AccountDisabled) as refusal:
        person = wechat_user or getattr(refusal, "wechat_user", None)
        took = milliseconds_since(started)
        store_failure(event, refusal, appid=appid, caller=caller, wechat_user=person, upstream_ms=took)
        raise


def milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def store_failure(
    event: str, refusal: WeChatError | AccountDisabled, *, appid: str, caller: Caller, **facts: Any
) -> None:
    """Log and store one refusal. ``facts`` are further columns of the row.

    A database error is logged only: it must not change the answer.
    """
    errcode, rid = getattr(refusal, "errcode", None), getattr(refusal, "rid", "")
    log(
        event,
        logging.ERROR if isinstance(refusal, Misconfigured) else logging.INFO,
        code=refusal.code,
        appid=appid,
        errcode=errcode,
        rid=rid,
    )
    try:
        LoginFailure.objects.create(
            created_at=DatabaseTime(),
            appid=appid,
            ip=caller.ip,
            client=caller.client,
            code=refusal.code,
            errcode=errcode,
            rid=rid,
            request_id=request_id.get(),
            **facts,
        )
    except Error as exc:
        log("failure not stored", logging.ERROR, problem=type(exc).__name__)
