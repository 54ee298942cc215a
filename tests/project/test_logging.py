import json

import pytest

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
