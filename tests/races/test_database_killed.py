"""PostgreSQL is killed while people log in, loses everything that it had in memory, and is started again.

This happens one time. Each test looks at another part of the result.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import jwt
import pytest

from tests.helpers.process import python
from wxlogin.fakewechat import FakeWeChat

from .postgres import CannotRun, Cluster, children_of, new_cluster
from .served import Login, Project, http_client, served

DEVICES = 8
LOAD, OUTAGE = 2.0, 1.5  # seconds


@dataclass(frozen=True)
class Disaster:
    """The logins before, during and after the time when the database was down."""

    cluster: Cluster
    project: Project
    logins: list[Login]
    killed_at: float
    down_at: float
    restarted_at: float
    back_at: float
    workers_before: set[int]

    @property
    def successes(self) -> list[Login]:
        return [login for login in self.logins if login.succeeded]

    @property
    def before(self) -> list[Login]:
        return [login for login in self.logins if login.answered_at < self.killed_at]

    @property
    def meanwhile(self) -> list[Login]:
        return [
            login
            for login in self.logins
            if self.down_at < login.asked_at and login.answered_at < self.restarted_at
        ]

    @property
    def afterwards(self) -> list[Login]:
        return [login for login in self.logins if login.asked_at > self.back_at]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        pytest.skip("only where DATABASE_URL names a PostgreSQL, so once in CI")
    try:
        with new_cluster() as cluster:
            yield cluster
    except CannotRun as exc:
        if os.environ.get("DISASTERS") == "required":
            raise
        pytest.skip(str(exc))


@pytest.fixture(scope="module")
def disaster(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disaster]:
    with FakeWeChat() as wechat:
        environment = {
            "DJANGO_SECRET_KEY": "a-made-up-key-that-is-long-enough-for-everything",
            "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
            "DATABASE_URL": cluster.url,
            "WECHAT_APPID": "wx00000000000000aa",
            "WECHAT_SECRET": "0123456789abcdef0123456789abcdef",
            "WECHAT_API_BASE": wechat.url,
            "WXLOGIN_LOGIN_RATE": "1000000/min",
        }
        migrated = python("manage.py", "migrate", DJANGO_SETTINGS_MODULE="project.settings", **environment)
        assert migrated.returncode == 0, migrated.stderr
        with served(tmp_path_factory.mktemp("gunicorn") / "log", environment) as project:
            yield kill_the_database_under_load(cluster, project, wechat)


def kill_the_database_under_load(cluster: Cluster, project: Project, wechat: FakeWeChat) -> Disaster:
    with load(project, wechat) as stop:
        time.sleep(LOAD)
        workers_before, killed_at = children_of(project.pid), time.monotonic()
        cluster.kill()
        down_at = time.monotonic()
        time.sleep(OUTAGE)
        restarted_at = time.monotonic()
        cluster.start()
        back_at = time.monotonic()
        time.sleep(LOAD)
        logins = stop()
    return Disaster(cluster, project, logins, killed_at, down_at, restarted_at, back_at, workers_before)


@contextmanager
def load(project: Project, wechat: FakeWeChat) -> Iterator[Callable[[], list[Login]]]:
    """Start devices that log in one person after the other. Yield a function that stops them and returns the logins."""
    stopped = threading.Event()

    def log_people_in(device: int) -> list[Login]:
        logins: list[Login] = []
        with http_client() as http:
            while not stopped.is_set():
                # Each person twice: the code path of a first login is another one.
                openid = f"o-{device}-{len(logins) // 2}"
                logins.append(project.log_in(http, openid, wechat.code_for(openid)))
        return logins

    with ThreadPoolExecutor(DEVICES) as pool:
        devices = [pool.submit(log_people_in, device) for device in range(DEVICES)]

        def stop() -> list[Login]:
            stopped.set()
            return [login for device in devices for login in device.result()]

        try:
            yield stop
        finally:
            stopped.set()


def session_id(login: Login) -> str:
    claims = jwt.decode(login.answer.json()["access"], options={"verify_signature": False})
    return str(claims["wx_session"])


def test_people_log_in_until_it_dies_and_nobody_while_it_is_down(disaster: Disaster) -> None:
    assert {login.succeeded for login in disaster.before} == {True}
    assert {login.succeeded for login in disaster.meanwhile} == {False}


def test_a_refused_login_gets_a_retry_after(disaster: Disaster) -> None:
    refusals = [login.answer for login in disaster.logins if not login.succeeded]

    refused_with = {(answer.status_code, answer.text[:200]) for answer in refusals}

    assert {status for status, _ in refused_with} == {503}, refused_with
    assert {answer.json()["code"] for answer in refusals} == {"storage_unavailable"}, refused_with
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refusals)


def test_logins_succeed_again_as_soon_as_the_database_is_back(disaster: Disaster) -> None:
    assert {login.succeeded for login in disaster.afterwards} == {True}
    assert children_of(disaster.project.pid) == disaster.workers_before


def test_every_login_that_was_answered_is_stored(disaster: Disaster) -> None:
    answered = {
        (login.openid, login.answer.json()["user"]["id"], session_id(login)) for login in disaster.successes
    }

    stored = disaster.cluster.ask(
        """
        SELECT openid, user_id, public_id
        FROM wxlogin_wechatuser person JOIN wxlogin_loginsession session ON session.wechat_user_id = person.id
        WHERE ended_at IS NULL AND expires_at > now()
        """
    )

    assert len(answered) == len(disaster.successes)
    assert answered <= set(stored)


def test_nobody_is_stored_twice_or_in_part(disaster: Disaster) -> None:
    ask = disaster.cluster.ask

    assert ask("SELECT openid FROM wxlogin_wechatuser GROUP BY openid HAVING count(*) > 1") == []
    assert ask("SELECT user_id FROM wxlogin_wechatuser GROUP BY user_id HAVING count(*) > 1") == []
    assert ask("SELECT id FROM auth_user EXCEPT SELECT user_id FROM wxlogin_wechatuser") == []
    assert ask("SELECT id FROM wxlogin_wechatuser EXCEPT SELECT wechat_user_id FROM wxlogin_sessionkey") == []
    assert (
        ask("SELECT id FROM wxlogin_wechatuser EXCEPT SELECT wechat_user_id FROM wxlogin_loginsession") == []
    )


def test_a_token_from_before_is_still_good(disaster: Disaster) -> None:
    tokens = disaster.before[0].answer.json()

    answer = disaster.project.get_me(tokens["access"])

    assert (answer.status_code, answer.json()) == (200, tokens["user"])
