"""The real thing that the model is compared with: two servers, a fake WeChat, a database, and staff at work."""

import itertools
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import requests
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F

from wxlogin.clock import utc_now
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import CarriedBlock, LoginSession, WeChatUser

from .model import ABSOLUTE, FOREVER, GRACE, IDLE, MAX_SESSIONS, Identity
from .servers import Server

APPS = {appid: {"SECRET": "made-up", "OPEN_PLATFORM": "ours"} for appid in ("wx-tea", "wx-books")}
DEADLINE = 2  # seconds


class World:
    """Two servers and everything around them. Each run of the state machine takes new people."""

    def __init__(self, wechat: FakeWeChat, servers: list[Server]) -> None:
        self.wechat, self.servers = wechat, servers
        self.steps = 0
        self._runs = itertools.count()
        self._pool = ThreadPoolExecutor(len(servers))

    def new_identities(self) -> list[Identity]:
        """Return two people in two apps each. The second has no unionid."""
        run = next(self._runs)
        identities = []
        for name, appid in itertools.product(("alice", "bob"), APPS):
            unionid = "" if name == "bob" else f"u-{run}-{name}"
            openid = f"o-{run}-{name}-{appid}"
            self.wechat.person(openid, unionid=unionid or None)
            identities.append(Identity(appid, openid, unionid))
        return identities

    # The servers

    def call(self, method: str, path: str, body: Any = None, access: str = "") -> requests.Response:
        """Call the server whose turn it is."""
        self.servers.reverse()
        return self.servers[0].call(method, path, body, access)

    def call_both(self, path: str, bodies: list[Any]) -> list[requests.Response]:
        """Post one body to each server at the same moment."""
        return list(
            self._pool.map(lambda server, body: server.call("POST", path, body), self.servers, bodies)
        )

    def kill_during(self, path: str, body: Any, pause: float) -> requests.Response | None:
        """Kill a server ``pause`` seconds after it got a call, and start it again. Return its answer, if any."""
        server = self.servers[0]
        call = self._pool.submit(server.call, "POST", path, body)
        with suppress(TimeoutError):
            call.exception(pause)
        server.kill()
        answer = None if call.exception() else call.result()
        server.start()
        return answer

    def login_body(self, identity: Identity) -> dict[str, str]:
        code = self.wechat.code_for(identity.openid, identity.appid)
        return {"code": code, "appid": identity.appid}

    # The database

    def move_clock(self, identities: list[Identity], seconds: int) -> None:
        """Make everything older, which is the same to the servers as a later time."""
        step = timedelta(seconds=seconds)
        people = WeChatUser.objects.filter(openid__in=[each.openid for each in identities])
        age(people, step, "blocked_until")
        age(LoginSession.objects.filter(wechat_user__in=list(people)), step, *SESSION_TIMES)
        age(CarriedBlock.objects.all(), step, "blocked_until", "forgotten_at")

    def row(self, identity: Identity) -> WeChatUser:
        return WeChatUser.objects.get(appid=identity.appid, openid=identity.openid)

    def stored(self, identities: list[Identity]) -> tuple[dict[tuple[str, str], Any], list[str]]:
        """Return user and block of each identity in the database, and the ids of all their sessions."""
        people = list(WeChatUser.objects.filter(openid__in=[each.openid for each in identities]))
        now = utc_now()
        users = {(each.appid, each.openid): (each.user_id, each.is_blocked(now)) for each in people}
        assert len(users) == len(people), "one identity is stored twice"
        return users, list(LoginSession.objects.of_people(people).values_list("public_id", flat=True))

    @contextmanager
    def locked(self, session_id: str) -> Iterator[None]:
        """Hold a lock on the row of a session; on SQLite, on everything."""
        with transaction.atomic():
            list(LoginSession.objects.filter(public_id=session_id).select_for_update())
            yield

    def set_active(self, user: int, is_active: bool) -> None:
        row = User.objects.get(pk=user)
        row.is_active = is_active
        row.save()


SESSION_TIMES = ("created_at", "last_seen_at", "expires_at")


def age(rows: Any, step: timedelta, *columns: str) -> None:
    rows.update(**{column: F(column) - step for column in columns})


def word(answer: requests.Response) -> str:
    """Return "ok" or the refusal's code; with the reason if a session is over."""
    if answer.ok:
        return "ok"
    body = answer.json()
    return f"{body['code']} {body['reason']}" if body["code"] == "session_ended" else body["code"]


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def until(seconds: float) -> Any:
    """Return the time in so many seconds as ``block`` takes it, None for a block without an end."""
    return None if seconds == FOREVER else utc_now() + timedelta(seconds=seconds)


@contextmanager
def running_world(folder: Path) -> Iterator[World]:
    """Start the servers over the test database."""
    with FakeWeChat(apps=APPS) as wechat:
        servers = [Server(folder / f"log-{number}", environment(wechat)) for number in range(2)]
        try:
            yield World(wechat, servers)
        finally:
            for server in servers:
                server.stop()


def environment(wechat: FakeWeChat) -> dict[str, str]:
    limits = {"REFRESH_GRACE": GRACE, "SESSION_IDLE": IDLE, "SESSION_ABSOLUTE": ABSOLUTE}
    # The machine's faults mustn't open the breaker, which would refuse the logins that follow.
    limits |= {"MAX_SESSIONS": MAX_SESSIONS, "UPSTREAM_DEADLINE": DEADLINE, "BREAKER_FAILURES": 0}
    rates = dict.fromkeys(("LOGIN_RATE", "REFRESH_RATE"), "1000000/min")
    return {
        "DJANGO_SECRET_KEY": settings.SECRET_KEY,
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": database_url(),
        "REDIS_URL": os.environ.get("REDIS_URL", ""),
        "WECHAT_API_BASE": wechat.url,
        "WECHAT_APPS": json.dumps(APPS),
        **{f"WXLOGIN_{key}": str(value) for key, value in (limits | rates).items()},
    }


def database_url() -> str:
    """Return the URL of the test database, which has another name than that of ``DATABASE_URL``."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
