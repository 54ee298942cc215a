from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.crash_reports.flows import APPS, FLOWS, NEW, Person
from wxlogin import gateway, vault
from wxlogin.clock import database_clock
from wxlogin.fakewechat import FakeWeChat
from wxlogin.shared_cache import shared_cache


@pytest.fixture
def make_person(
    transactional_db: None, wechat: FakeWeChat, configure: Callable[..., None], settings: Any, tmp_path: Path
) -> Callable[[str], Person]:
    settings.MEDIA_ROOT = tmp_path
    configure(APPS=APPS, MAX_SESSIONS=100)

    def make(flow: str) -> Person:
        # A worker thread that has raised an error isn't traced any more.
        gateway._transport.cache_clear()
        vault._key_id.cache_clear()
        # A cache during whose use a function broke isn't asked for some seconds.
        shared_cache._paused_until = 0.0
        shared_cache._fallback.clear()
        person = Person(wechat)
        if flow not in NEW:
            person.log_in()
            assert person.tokens
            person.note_session_key()
            if flow in ("export", "erase"):
                FLOWS["phone"](person)
        database_clock._ahead = None
        return person

    return make
