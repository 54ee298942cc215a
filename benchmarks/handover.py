"""The time that calls of ``me/`` take while gunicorn replaces its workers after a SIGHUP."""

import signal
import tempfile
import time
from pathlib import Path

from wxlogin.fakewechat import FakeWeChat

from .pictures import QUIET, print_line, served

HANDOVERS = 3
# Seconds that a handover may take.
SETTLED = 10.0


def main() -> None:
    with tempfile.TemporaryDirectory() as home, FakeWeChat() as wechat, served(Path(home), wechat) as story:
        print_line("| me/ while | median | 99th percentile | longest | calls |\n|---|---|---|---|---|")
        with story.others():
            time.sleep(QUIET)
        print_line(story.row("nothing else happens"))
        for _ in range(HANDOVERS):
            with story.others():
                story.server.send(signal.SIGHUP)
                time.sleep(SETTLED)
            print_line(story.row("the workers are replaced"))


if __name__ == "__main__":
    main()
