import json
import runpy
import types
from datetime import timedelta

import pytest
from gunicorn.config import Config

from tests.helpers.process import python
from tests.helpers.project_settings import MINIMUM

LOG_SOMETHING = """
import logging
import django
django.setup()
logging.getLogger("wxlogin").info("%s", "login 登录", extra={"wxlogin": {"event": "login"}})
logging.getLogger("django.request").warning("two\\nlines")
logging.getLogger("elsewhere").debug("too detailed")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("elsewhere").exception("trouble")
"""


@pytest.mark.parametrize("level", ["", "info", "INFO"])
def test_each_log_line_is_json_on_standard_output(level):
    environment = {"DJANGO_LOG_LEVEL": level} if level else {}

    outcome = python("-c", LOG_SOMETHING, **MINIMUM, **environment, DJANGO_SETTINGS_MODULE="project.settings")

    lines = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert outcome.stderr == ""
    assert [(line["level"], line["logger"], line["message"]) for line in lines] == [
        ("INFO", "wxlogin", "login 登录"),
        ("WARNING", "django.request", "two\nlines"),
        ("ERROR", "elsewhere", "trouble"),
    ]
    assert lines[0]["wxlogin"] == {"event": "login"}
    assert all("time" in line for line in lines)
    assert "ZeroDivisionError" in lines[2]["exc_info"]


ASK = """
import django
django.setup()
from django.test import Client
client = Client(raise_request_exception=False)
client.get("/api/wechat/login/?code=PLANTED")
client.get("/api/wechat/nothing/?code=PLANTED")
client.get("/elsewhere/?code=PLANTED")
client.get("/api/wechat/login/?code=PLANTED", headers={"Host": "evil"})
"""


@pytest.fixture(scope="module")
def lines():
    """The log of requests that Django refuses, at the level with the most lines."""
    outcome = python(
        "-c",
        ASK,
        **MINIMUM,
        DJANGO_LOG_LEVEL="DEBUG",
        DJANGO_ALLOWED_HOSTS="testserver",
        DJANGO_SETTINGS_MODULE="project.settings",
    )
    assert outcome.stderr == ""
    return outcome.stdout.splitlines()


def test_a_code_in_the_query_is_in_no_line(lines):
    assert any("Method Not Allowed: /api/wechat/login/" in line for line in lines)
    assert not [line for line in lines if "PLANTED" in line]


def test_a_request_for_another_host_is_a_warning_of_one_line(lines):
    (line,) = [json.loads(line) for line in lines if "evil" in line]

    assert (line["level"], line["logger"]) == ("WARNING", "django.security.DisallowedHost")
    assert "ALLOWED_HOSTS" in line["message"]
    assert "exc_info" not in line


def test_gunicorns_access_log_has_no_query_and_one_line_for_each_request():
    settings = runpy.run_path("gunicorn.conf.py")
    request = {
        "REQUEST_METHOD": "GET",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "RAW_URI": "/?code=PLANTED",
        "PATH_INFO": "/a\nnew line",
        "QUERY_STRING": "code=PLANTED",
        "HTTP_REFERER": "https://example.com/?code=PLANTED",
    }
    answer = types.SimpleNamespace(status="405 Not allowed", sent=2, headers=[])

    logger = settings["logger_class"](Config())
    atoms = logger.atoms(answer, types.SimpleNamespace(headers=[]), request, timedelta(seconds=1))

    assert "PLANTED" in str(atoms)
    line = settings["access_log_format"] % logger.atoms_wrapper_class(atoms)
    assert "GET /a%0Anew%20line" in line
    assert "PLANTED" not in line
