"""The README's lines for the log: pasted into a project, they put the request id on every line of a call."""

from pathlib import Path

import pytest

from tests.helpers.host import HostProject

ROOT = Path(__file__).parents[2]
TRY_IT = """
import logging
import sys

logging.getLogger().handlers[0].setStream(sys.stdout)
logging.getLogger("shop").info("before any call")
mini_program.get("/api/wechat/me/", headers={"X-Request-ID": "r-1"})
mini_program.post("/api/wechat/token/refresh/", {}, headers={"X-Request-ID": "r-2"})
"""


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_pasted_lines_put_the_request_id_on_every_line_of_a_call(name: str, tmp_path: Path) -> None:
    host = HostProject(ROOT / name, tmp_path)
    host.take_the_first_steps()
    host.paste("RequestIdFilter")

    lines = host.run(TRY_IT)

    assert lines == [
        "INFO before any call [-]",
        "WARNING Unauthorized: /api/wechat/me/ [r-1]",
        "WARNING Unsupported Media Type: /api/wechat/token/refresh/ [r-2]",
    ]
