"""Decisions about people, as lines of the log.

The restore of an older dump undoes them, and then only the log knows them: ``upkeep/redoing.py`` reads it.
"""

import enum
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from wxlogin.log import log
from wxlogin.models import WeChatUser
from wxlogin.models.clock import shared_time


class Decision(enum.StrEnum):
    ERASED = "identity erased"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    DISABLED = "account disabled"
    WITHDRAWN = "consent withdrawn"
    MOVED = "identity moved"


def log_decision(decision: Decision, wechat_user: WeChatUser, **facts: Any) -> None:
    """Log who was decided about, as the keyed hash, and when by the database's time. Nothing after a rollback."""
    person, at = wechat_user.log_hash, datetime.fromtimestamp(shared_time(), UTC)
    # ``upkeep/redoing.py`` finds a line by its first words, and these two come first.
    facts = {"person": person, "at": at.isoformat(timespec="microseconds"), **facts}
    transaction.on_commit(lambda: log(decision.value, **facts), robust=True)


def log_deleted(instance: WeChatUser, **kwargs: Any) -> None:
    """Log the erasure of an identity, whoever deleted its row. A receiver of ``post_delete``."""
    log_decision(Decision.ERASED, instance, appid=instance.appid)
