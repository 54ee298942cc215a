"""The roll-up on the day on which the clocks go back, in each way in which a project can have Django store times."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import connection

from tests.helpers.clocks import reopen_connection
from wxlogin.models import HourlyFigure, LoginSession

from .rows import NOW, Kind, roll_up_all, total

# In New York, the hour from 5 to 6 and the one from 6 to 7 both begin at 1.
SUNDAY = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(params=["USE_TZ off", "zone of the database"])
def new_york(
    request: Any, transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    settings.USE_TZ, settings.TIME_ZONE = request.param != "USE_TZ off", "America/New_York"
    if settings.USE_TZ:
        monkeypatch.setitem(connection.settings_dict, "TIME_ZONE", "America/New_York")
    reopen_connection()
    yield
    monkeypatch.undo()
    reopen_connection()


# A connection can only be closed outside of a transaction.
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("every", [1, 5])
def test_the_hour_that_comes_twice_is_counted_once(
    new_york: None, log_in: Callable[..., LoginSession], every: int
) -> None:
    for hour in range(4, 9):
        log_in(NOW - SUNDAY.replace(hour=hour, minute=30))

    for hour in range(5, 10, every):
        with time_machine.travel(SUNDAY.replace(hour=hour, minute=10), tick=False):
            roll_up_all()
    with time_machine.travel(SUNDAY.replace(hour=9, minute=10), tick=False):
        roll_up_all()

    assert total(Kind.LOGINS) == 5
    assert HourlyFigure.objects.settled_until() == SUNDAY.replace(hour=9)
