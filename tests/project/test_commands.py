import re
import signal
import socket
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
import requests
from django.core.management import CommandError, call_command

from project import demo
from project.management.commands.demo import Command as DemoCommand
from tests.helpers.process import python, start
from tests.helpers.shell import type_in
from wxlogin.fakewechat import FakeWeChat

READY = 30  # seconds
# The line for WXLOGIN that fakewechat prints.
SETTING = r'^    "API_BASE": "(http://127\.0\.0\.1:\d+)",$'


@pytest.fixture
def demo_environment(tmp_path):
    return {
        "DJANGO_DEBUG": "1",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'demo.sqlite3'}",
        # A proxy that doesn't work: calls on loopback must not use one.
        "http_proxy": "http://127.0.0.1:9",
    }


@pytest.fixture
def running():
    """Return a function that starts a command and reads its output up to a line with ``until`` in it."""
    started = []

    def run(*args, until, **environment):
        process = start(*args, **environment)
        started.append(process)
        alarm = threading.Timer(READY, process.kill)
        alarm.start()
        output = []
        for line in process.stdout:
            output.append(line)
            if until in line:
                break
        alarm.cancel()
        return process, "".join(output)

    yield run
    for process in started:
        process.kill()
        process.communicate()


def interrupt(process):
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=READY)
    return process.returncode, rest


def test_demo_check_logs_somebody_in_and_ends_as_often_as_asked(demo_environment):
    for _ in range(2):
        outcome = python("manage.py", "demo", "--check", **demo_environment)

        assert outcome.returncode == 0, outcome.stderr
        assert outcome.stdout.splitlines()[-1].endswith("All is well.")


def test_demo_check_fails_if_staff_can_not_log_in(live_server, wechat):
    running = demo.Demo(live_server.url, wechat, "staff", "made-up-and-wrong")

    with pytest.raises(AssertionError, match="staff can log in"):
        demo.check(running)


def test_what_the_demo_prints_is_true_until_it_is_interrupted(demo_environment, running, tmp_path):
    process, output = running(
        "manage.py", "demo", "--port", "0", "--fake-port", "0", until="Ctrl-C ends it.", **demo_environment
    )

    assert "Log somebody in:" in output, output
    assert opens_the_admin(
        find(r"The admin: +(\S+)", output), find(r"user (\S+),", output), find(r"password (\S+)", output)
    )
    answer = type_in(find(r"^  (curl .+)$", output), tmp_path)
    assert '"created":true' in answer.stdout
    assert '"access":"ey' in answer.stdout
    status, rest = interrupt(process)
    assert status == 0
    assert "Traceback" not in rest


def find(pattern, text):
    match = re.search(pattern, text, re.MULTILINE)
    assert match, text
    return match[1]


def opens_the_admin(url, username, password):
    with requests.Session() as browser:
        browser.trust_env = False
        browser.get(f"{url}login/", timeout=READY)
        form = {
            "username": username,
            "password": password,
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
            "next": "/admin/",
        }
        browser.post(f"{url}login/", form, timeout=READY)
        page = browser.get(f"{url}wxlogin/wechatuser/", allow_redirects=False, timeout=READY)
        return page.status_code == 200 and "韩梅梅" in page.text


def test_the_demo_moves_on_from_taken_ports(demo_environment, running):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        taken = [str(sock.getsockname()[1]) for sock in (one, other)]
        _, output = running(
            "manage.py",
            "demo",
            *("--port", taken[0], "--fake-port", taken[1]),
            until="Ctrl-C ends it.",
            **demo_environment,
        )

    assert "Log somebody in:" in output, output
    assert not any(f":{port}" in output for port in taken)


@pytest.fixture
def demo_text(capsys):
    """Return a function that gives the text of the demo for these URLs."""

    def printed(url, fake_url):
        fake = SimpleNamespace(url=fake_url)
        DemoCommand()._tell(demo.Demo(url, fake, "staff", "made-up-and-right"))
        return capsys.readouterr().out

    return printed


def test_the_demo_says_where_the_mini_program_is(demo_text):
    text = demo_text("http://127.0.0.1:8000", "http://127.0.0.1:8765")

    assert "Mini-program: open miniprogram/demo/ in the WeChat developer tools\n\nCtrl-C" in text


@pytest.mark.parametrize(
    ("url", "fake_url"),
    [("http://127.0.0.1:8001", "http://127.0.0.1:8765"), ("http://127.0.0.1:8000", "http://127.0.0.1:8766")],
)
def test_the_demo_says_what_the_mini_program_has_to_know_about_other_ports(demo_text, url, fake_url):
    text = demo_text(url, fake_url)

    assert f'baseUrl: "{url}/api/wechat/",' in text
    assert f'fakeWeChat: "{fake_url}",' in text


def test_the_demo_says_nothing_of_a_mini_program_that_is_missing(demo_text, settings, tmp_path):
    settings.BASE_DIR = tmp_path

    assert "Mini-program" not in demo_text("http://127.0.0.1:8000", "http://127.0.0.1:8765")


def test_the_demo_is_for_development_only(settings):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="DJANGO_DEBUG=1"):
        call_command("demo")


def test_fakewechat_serves_until_it_is_interrupted(running, demo_environment):
    process, output = running("manage.py", "fakewechat", "--port", "0", until="API_BASE", **demo_environment)
    url = find(SETTING, output)

    with requests.Session() as http:
        http.trust_env = False
        code = http.post(f"{url}/_fake/codes", json={"openid": "o-alice"}, timeout=READY).json()["code"]

    assert code
    status, rest = interrupt(process)
    assert status == 0
    assert "Traceback" not in rest


def test_fakewechat_knows_the_projects_apps(running, demo_environment):
    apps = {"WECHAT_APPID": "wx1", "WECHAT_SECRET": "made-up-and-right"}
    _, output = running(
        "manage.py", "fakewechat", "--port", "0", until="API_BASE", **demo_environment, **apps
    )
    url = f"{find(SETTING, output)}/sns/jscode2session"
    query = {"appid": "wx1", "js_code": "no-code", "grant_type": "authorization_code"}

    with requests.Session() as http:
        http.trust_env = False
        answers = [
            http.get(url, params={**query, "secret": secret}, timeout=READY).json()["errcode"]
            for secret in ("made-up-and-right", "made-up-and-wrong")
        ]

    assert answers == [40029, 40125]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.com"])
def test_fakewechat_serves_nobody_but_this_machine(host):
    with pytest.raises(CommandError, match="not loopback"):
        call_command("fakewechat", host=host)


def test_fakewechat_says_that_its_port_is_taken():
    with FakeWeChat() as other, pytest.raises(CommandError, match=f"127.0.0.1:{other.port}: .*in use"):
        call_command("fakewechat", port=other.port)


def test_fakewechat_refuses_a_port_that_does_not_exist():
    with pytest.raises(CommandError, match="0-65535"):
        call_command("fakewechat", port=99_999)


@pytest.mark.parametrize("way", [["manage.py", "demo"], ["manage.py", "fakewechat"]])
def test_a_command_of_a_misconfigured_project_does_not_start(way):
    outcome = python(*way, DJANGO_SECRET_KEY="made-up-" * 8)

    assert outcome.returncode != 0
    assert "wxlogin.E002" in outcome.stderr


def test_gunicorn_has_more_threads_than_calls_to_wechat():
    outcome = subprocess.run(  # noqa: S603  our own command line
        [sys.executable, "-c", "import runpy; print(runpy.run_path('gunicorn.conf.py')['threads'])"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert int(outcome.stdout) > 6
