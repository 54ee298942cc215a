"""The command, run for a database that was restored, and the people in it."""

import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command

from wxlogin.clock import utc_now
from wxlogin.models import StaffAct, WeChatUser

HOUR = timedelta(hours=1)


def redo(log: Path, *, dump_time: datetime | None = None, out: io.StringIO | None = None) -> str:
    """Run the command for a dump that was made an hour ago, or at ``dump_time``, and return what it prints.

    ``out`` gets the output of a run that fails, too.
    """
    out = out or io.StringIO()
    begun = (dump_time or utc_now() - HOUR).isoformat()
    call_command("wxlogin_after_restore", "--dump-time", begun, "--log", str(log), "--redo", stdout=out)
    return out.getvalue()


def person(openid: str) -> WeChatUser:
    return WeChatUser.objects.select_related("user").get(openid=openid)


class Rows:
    """The rows of some people as a dump holds them."""

    def __init__(self, *openids: str) -> None:
        self._people = [person(openid) for openid in openids]
        self._users: list[Any] = [each.user for each in self._people]

    def restore(self) -> None:
        """Put the rows back as they were, also those that are gone."""
        # The staff log's later rows are not in the dump.
        StaffAct.objects.all()._raw_delete("default")
        for row in [*self._users, *self._people]:
            # Raw, so that no receiver takes it for a decision.
            row.save_base(raw=True)


def user_exists(pk: Any) -> bool:
    return get_user_model().objects.filter(pk=pk).exists()
