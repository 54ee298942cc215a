"""What WeChat or we refused: a line for the log and a row for staff who are asked why."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error
from django.utils import timezone

from wxlogin.exceptions import AccountDisabled
from wxlogin.models import LoginFailure
from wxlogin.wechat.errors import Misconfigured, WeChatError

from .caller import Caller
from .log import log, request_id


@contextmanager
def recorded(event: str, *, appid: str, caller: Caller) -> Iterator[None]:
    """Record what refuses the block, and let it fly on."""
    try:
        yield
    except (WeChatError, AccountDisabled) as refusal:
        record(event, refusal, appid=appid, caller=caller)
        raise


def record(event: str, refusal: WeChatError | AccountDisabled, *, appid: str, caller: Caller) -> None:
    """A database in trouble must not change the answer."""
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
            created_at=timezone.now(),
            appid=appid,
            ip=caller.ip,
            code=refusal.code,
            errcode=errcode,
            rid=rid,
            request_id=request_id.get(),
        )
    except Error as exc:
        log("failure not stored", logging.ERROR, problem=type(exc).__name__)
