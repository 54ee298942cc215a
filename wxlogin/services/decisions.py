"""Decisions about people, as lines of the log.

The restore of an older dump undoes them, and then only the log knows them: ``upkeep/logged.py`` reads it. Anybody can
have text of their own logged, as a path or a header for example, so each line ends with a MAC.
"""

import enum
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import Error
from django.utils.crypto import constant_time_compare, salted_hmac

from wxlogin.log import log
from wxlogin.models import WeChatUser
from wxlogin.models.clock import shared_time
from wxlogin.models.users import is_stored
from wxlogin.transactions import after_commit


class Decision(enum.StrEnum):
    ERASED = "identity erased"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    DISABLED = "account disabled"
    WITHDRAWN = "consent withdrawn"
    MOVED = "identity moved"


def log_decision(decision: Decision, wechat_user: WeChatUser, **facts: Any) -> None:
    """Log who was decided about, as the keyed hash, and when by the database's time. Nothing after a rollback."""
    after_commit(_line(decision, wechat_user, facts))


def log_deleted(instance: WeChatUser, using: str, **kwargs: Any) -> None:
    """Log the erasure of an identity, whoever deleted its row. A receiver of ``post_delete``."""
    log_line = _line(Decision.ERASED, instance, {"appid": instance.appid})
    # The Django user may be deleted later in this transaction.
    after_commit(lambda: log_line(user=_state_of_user(instance)), using=using)


def sign(text: str, *, secret: str | bytes | None = None) -> str:
    """Return the MAC of a decision's text. ``secret`` is the key, ``SECRET_KEY`` by default."""
    return salted_hmac("wxlogin.decisions", text, secret=secret, algorithm="sha256").hexdigest()[:32]


def is_signed(text: str, mac: str) -> bool:
    """True if we have written this text, with today's ``SECRET_KEY`` or a former one."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(sign(text, secret=key), mac) for key in keys)


def encode(value: Any) -> str:
    """Return a fact's value without spaces, quotes and other characters that a format of log lines may escape."""
    return quote(str(value), safe=":+")


def _line(decision: Decision, wechat_user: WeChatUser, facts: dict[str, Any]) -> Callable[..., None]:
    """Return a function that logs the decision. It takes facts that are only known after the commit."""
    at = datetime.fromtimestamp(shared_time(), UTC).isoformat(timespec="microseconds")
    # ``upkeep/logged.py`` finds a line by its first words, and these two come first.
    known = {"person": wechat_user.log_hash, "at": at, **facts}

    def log_line(**more: Any) -> None:
        facts = {name: value for name, value in (known | more).items() if value not in (None, "")}
        encoded: dict[str, Any] = {name: encode(value) for name, value in facts.items()}
        text = " ".join([decision, *(f"{name}={value}" for name, value in encoded.items())])
        log(decision.value, **encoded, mac=sign(text))

    return log_line


def _state_of_user(wechat_user: WeChatUser) -> str:
    """Return ``deleted`` or ``kept``. If the database can't be asked, ``kept``: then less is redone."""
    try:
        return "kept" if is_stored(wechat_user.user_id) else "deleted"
    except Error:
        return "kept"
