"""The clock and the signing key of the tests of tokens."""

import pytest
import time_machine

from tests.tokens.making import NOON
from wxlogin import tokens


@pytest.fixture
def at_noon():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def sign_with(monkeypatch):
    return lambda key: monkeypatch.setattr(tokens.api_settings, "SIGNING_KEY", key)
