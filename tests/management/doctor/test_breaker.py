import pytest

from tests.helpers import breaker
from wxlogin.services.upkeep import doctor

from .command import line_with, run

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", ["open", "probing"])
def test_an_open_breaker_of_any_process_is_a_problem(state):
    breaker.report(state)

    printed, is_well = run()

    assert not is_well
    assert line_with("Calls to WeChat", printed).startswith(
        f"PROBLEM Calls to WeChat: The breaker opened at 2026-09-21 14:13:20 UTC and is now {state}: "
        f"WeChat left 5 calls of {breaker.PATH} in a row unanswered"
    )
    assert "Calls go on by themselves as soon as WeChat answers." in printed


@pytest.mark.parametrize(
    ("shared", "text"),
    [(True, "No process reports an open breaker."), (False, "This process has no open breaker.")],
)
def test_a_closed_breaker_is_fine_as_far_as_it_is_known(monkeypatch, shared, text):
    breaker.report("open")
    breaker.report("closed")
    monkeypatch.setattr(doctor, "is_shared", lambda: shared)

    printed, _is_well = run()

    assert line_with("Calls to WeChat", printed).startswith(f"ok      Calls to WeChat: {text}")
