import json
import os
import socket
import time
from collections import Counter

from tests.deploy.calls import Answer, call
from tests.deploy.servers import Site, project_environment
from tests.helpers.hang_ups import LOGIN, blamed_lines, cut_requests, hang_up, leave_unread
from tests.helpers.process import python
from wxlogin.fakewechat import FakeWeChat

from .conftest import serving

JSON = {"Content-Type": "application/json"}


def log_in(site: Site, fake: FakeWeChat, source: str) -> Answer:
    body = json.dumps({"code": fake.code_for("o-alice")}).encode()
    return call(site, "POST", LOGIN, body, JSON, source=source)


def warnings(site: Site) -> list[str]:
    return [line for line in (site.folder / "gunicorn.log").read_text().splitlines() if "limit hit" in line]


def test_without_a_trusted_proxy_all_share_a_limit_and_the_operator_hears_of_it(
    site: Site, fake: FakeWeChat
) -> None:
    untrusted = {"WXLOGIN_TRUSTED_PROXIES": "0"}

    with serving(site, fake, **untrusted):
        statuses = Counter(log_in(site, fake, f"127.0.0.{1 + number % 4}").status for number in range(8))
        [warning] = warnings(site)
    settings = {"DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"]}
    environment = project_environment(site.folder, fake, **settings, **untrusted)
    doctor = python("manage.py", "wxlogin_doctor", **environment)

    assert statuses == {200: 5, 429: 3}
    assert '"level": "WARNING"' in warning
    assert "The server listens at a Unix socket" in warning
    assert "set TRUSTED_PROXIES to the number of your proxies" in warning
    assert "a limit was hit that many people may share" in doctor.stdout, doctor.stderr


def test_with_one_trusted_proxy_each_has_a_limit(trusting: Site, fake: FakeWeChat) -> None:
    first = Counter(log_in(trusting, fake, "127.0.0.8").status for _ in range(6))
    other = log_in(trusting, fake, "127.0.0.9")

    assert (first, other.status) == ({200: 5, 429: 1}, 200)
    assert warnings(trusting) == []


def test_clients_that_hang_up_at_gunicorn_are_nobodys_bug(trusting: Site, fake: FakeWeChat) -> None:
    def connect() -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(trusting.folder / "gunicorn.sock"))
        return sock

    access = log_in(trusting, fake, "127.0.0.10").json()["access"]
    for request in cut_requests(access).values():
        hang_up(connect, request, abruptly=True)
    leave_unread(connect, access)
    time.sleep(0.3)
    answer = call(trusting, "GET", "/api/wechat/me/", None, {"Authorization": f"Bearer {access}"})

    log = trusting.folder / "gunicorn.log"
    assert answer.status == 200
    assert list(blamed_lines(log)) == []
    assert "Traceback" not in log.read_text()
    assert "Bad Request: /api/wechat/me/avatar/" in log.read_text()
