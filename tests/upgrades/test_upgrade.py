"""People use the version before while the database is migrated, and then both versions at once."""

import os
from pathlib import Path
from typing import Any

import pytest

from wxlogin.fakewechat import FakeWeChat

from .history import History, LeftOut
from .upgrade import prepared


def test_the_version_before_works_on_the_new_schema_and_beside_the_new_version(
    tmp_path: Path, wechat: FakeWeChat, django_db_blocker: Any
) -> None:
    try:
        revision = History().version_before()
    except LeftOut as reason:
        if os.environ.get("UPGRADE") == "required":
            raise
        pytest.skip(f"left out: {reason}")

    # The upgrade has a database of its own, so it needs none of pytest's.
    with django_db_blocker.unblock(), prepared(revision, tmp_path, wechat, rounds=2) as upgrade:
        report = upgrade.run()

    assert not report.problems, report.table(upgrade.before, upgrade.now)
