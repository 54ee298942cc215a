from datetime import UTC, datetime, timedelta

import time_machine

from wxlogin.clock import utc_now
from wxlogin.models import HourlyFigure, LoginFailure, LoginSession

from .commands import lines_of

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def make_session(person, at, **fields):
    return LoginSession.objects.create(
        wechat_user=person,
        appid=person.appid,
        created_at=at,
        last_seen_at=at,
        expires_at=at + 30 * DAY,
        **fields,
    )


@time_machine.travel(NOW, tick=False)
def test_the_command_prints_what_it_rolled_up(make_person):
    make_session(make_person(created_at=NOW - DAY), NOW - timedelta(hours=2))

    lines = lines_of("wxlogin_rollup")

    assert lines == [
        # One new person, one login, one live session.
        "rolled up: 2026-05-03 12:00 to 2026-05-04 12:00 UTC, 3 figures",
    ]
    assert lines_of("wxlogin_rollup") == ["nothing to roll up"]


def test_nothing_ever_happened(db):
    assert lines_of("wxlogin_rollup") == ["nothing to roll up"]


@time_machine.travel(NOW, tick=False)
def test_a_purge_deletes_no_row_that_is_not_counted(make_person):
    long_ago = NOW - 200 * DAY
    make_session(make_person(), long_ago, ended_at=long_ago)
    LoginFailure.objects.create(created_at=long_ago, appid="wx", code="code_invalid", errcode=40029)

    lines = lines_of("wxlogin_purge")

    assert lines[:2] == ["login sessions deleted: 1", "login failures deleted: 1"]
    counted = HourlyFigure.objects.filter(hour__lt=NOW - 199 * DAY).exclude(kind="settled")
    assert set(counted.values_list("kind", "label", "count")) == {
        ("logins", "", 1),
        ("failures", "code_invalid 40029", 1),
    }


@time_machine.travel(NOW, tick=False)
def test_a_purge_waits_for_hours_that_are_not_over(make_person, configure):
    configure(RETENTION=60)
    failure = LoginFailure.objects.create(
        created_at=utc_now() - timedelta(minutes=20), appid="wx", code="code_invalid"
    )

    lines_of("wxlogin_purge")
    assert list(LoginFailure.objects.all()) == [failure]

    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        lines_of("wxlogin_purge")
    assert not LoginFailure.objects.exists()
