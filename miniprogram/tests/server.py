"""Run the project with a fake WeChat for the client's tests: print its addresses, then run actions of staff.

Each input line is a JSON object, and the answer to it is one line of JSON. The process ends when its input ends.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = tempfile.TemporaryDirectory()
NO_LIMIT = "1000000/min"

# The project logs to stdout. Keep the real stdout for the answers, and send the logs to /dev/null.
OUTPUT = os.fdopen(os.dup(sys.stdout.fileno()), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

sys.path.insert(0, str(ROOT))
os.environ.update(
    DJANGO_SETTINGS_MODULE="project.settings",
    DJANGO_DEBUG="1",
    DATABASE_URL=f"sqlite:///{FOLDER.name}/db.sqlite3",
    REDIS_URL="",
    WXLOGIN_LOGIN_RATE=NO_LIMIT,
    WXLOGIN_REFRESH_RATE=NO_LIMIT,
    WXLOGIN_DATA_RATE=NO_LIMIT,
)

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402

from project import demo  # noqa: E402
from wxlogin.clock import utc_now  # noqa: E402
from wxlogin.models import LoginFailure, LoginSession, WeChatUser  # noqa: E402
from wxlogin.services import blocking, sessions  # noqa: E402


def person(openid: str) -> WeChatUser:
    return WeChatUser.objects.select_related("user").get(openid=openid)


def staff() -> Any:
    return get_user_model().objects.get(username="staff")


def block(openid: str) -> None:
    blocking.block(person(openid), reason="spam", until=None, public=True, staff=staff())


def unblock(openid: str) -> None:
    blocking.unblock(person(openid), reason="they explained", staff=staff())


def end_sessions(openid: str) -> int:
    live = LoginSession.objects.filter(wechat_user=person(openid)).live(utc_now())
    return sessions.end_sessions(live, staff=staff(), reason="lost phone")


def open_sessions(openid: str) -> int:
    return LoginSession.objects.filter(wechat_user=person(openid)).live(utc_now()).count()


def people(openid: str) -> int:
    return WeChatUser.objects.filter(openid=openid).count()


def failures(request_id: str) -> list[str]:
    return list(LoginFailure.objects.filter(request_id=request_id).values_list("code", flat=True))


def clients(openid: str) -> list[str]:
    return list(LoginSession.objects.filter(wechat_user=person(openid)).values_list("client", flat=True))


ACTIONS: dict[str, Callable[..., Any]] = {
    action.__name__: action
    for action in (block, unblock, end_sessions, open_sessions, people, failures, clients)
}


def write_line(**fields: Any) -> None:
    print(json.dumps(fields), file=OUTPUT, flush=True)  # noqa: T201


def main() -> None:
    settings.MEDIA_ROOT = Path(FOLDER.name) / "media"
    call_command("migrate", verbosity=0)
    with demo.running(0, 0) as running:
        write_line(url=running.url, fakeWeChat=running.fake.url)
        for line in sys.stdin:
            command = json.loads(line)
            write_line(answer=ACTIONS[command.pop("act")](**command))


main()
