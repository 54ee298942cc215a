import os
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler

import pytest

from .command import ACCESS_TOKEN, LOGIN, line_with, run

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("server", ["the database", "WeChat"])
def test_clocks_that_agree_are_good(server):
    printed, is_well = run()

    assert is_well
    assert line_with(f"that of {server} are ", printed).startswith("ok")


@pytest.mark.parametrize(("ahead", "told"), [(-60, "60.0 s ahead of"), (60, "60.0 s behind")])
def test_a_difference_is_told_with_what_to_do(clocks, ahead, told):
    with clocks.host(ahead=ahead):
        printed, is_well = run()

    assert is_well
    line = line_with("The clock of the database is ", printed)
    assert line.startswith("note")
    assert told in line
    assert "chrony" in printed


def test_a_small_difference_needs_nothing(clocks):
    with clocks.host(ahead=4):
        printed, _is_well = run()

    assert "chrony" not in printed


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="only Redis tells its time")
def test_the_cache_is_compared_too(clocks):
    with clocks.host(ahead=60):
        printed, _is_well = run()

    assert line_with("The clock of the cache is ", printed).startswith("note")


@pytest.mark.parametrize(("ahead", "told"), [(300, "ahead of"), (-300, "behind")])
def test_wechats_clock_is_read_from_its_answers(monkeypatch, ahead, told):
    date = formatdate(time.time() + ahead, usegmt=True)
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda self: date)

    printed, _is_well = run()

    line = line_with("The clock of WeChat is ", printed)
    assert line.startswith("note")
    assert told in line


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_a_wechat_that_does_not_tell_its_time_is_left_out(monkeypatch, date):
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda self: date)

    printed, is_well = run()

    assert is_well
    assert "that of WeChat" not in printed


def test_a_wechat_that_does_not_answer_is_told_of_once(wechat):
    for path in (LOGIN, ACCESS_TOKEN):
        wechat.fault(path, reset=True, times=9)

    printed, _is_well = run()

    assert "that of WeChat" not in printed
    assert "Clocks: Doesn't work" not in printed
