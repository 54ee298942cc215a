"""The time that others wait while many pictures are uploaded at once, on gunicorn as the project starts it.

Each of 24 people uploads a picture of eight million pixels, and again if the answer says that it is too busy. Four
others ask for ``me/`` all the while. The table is in milliseconds.
"""

import io
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from PIL import Image

from wxlogin.fakewechat import FakeWeChat

from .torture.processes import ROOT, Process, accepts, free_port

UPLOADS, OTHERS = 24, 4
SIZE = (2048, 4096)
QUIET = 3.0
BUSY = {429, 503}


@dataclass
class Story:
    """A running project, and the seconds that the calls of the others took."""

    url: str
    wechat: FakeWeChat
    server: Process
    seconds: list[float] = field(default_factory=list)

    def call(self, method: str, path: str, access: str = "", **options: Any) -> requests.Response:
        with requests.Session() as http:
            http.trust_env = False
            headers = {"Authorization": f"Bearer {access}"} if access else {}
            return http.request(
                method, f"{self.url}/api/wechat/{path}", headers=headers, timeout=60, **options
            )

    def log_in(self, name: str) -> str:
        answer = self.call("POST", "login/", json={"code": self.wechat.code_for(f"o-{name}")})
        answer.raise_for_status()
        return str(answer.json()["access"])

    def upload(self, access: str, picture: bytes) -> Counter[int]:
        """Upload until the picture is taken. Return the statuses of the answers."""
        answers: Counter[int] = Counter()
        while True:
            answer = self.call("POST", "me/avatar/", access, files={"avatar": picture})
            answers[answer.status_code] += 1
            if answer.status_code not in BUSY:
                return answers
            time.sleep(int(answer.headers["Retry-After"]))

    def ask(self, access: str, done: threading.Event) -> None:
        while not done.is_set():
            before = time.perf_counter()
            answer = self.call("GET", "me/", access)
            self.seconds.append(time.perf_counter() - before)
            answer.raise_for_status()
            time.sleep(0.02)

    @contextmanager
    def others(self) -> Iterator[None]:
        self.seconds.clear()
        tokens = [self.log_in(f"other-{number}") for number in range(OTHERS)]
        done = threading.Event()
        threads = [threading.Thread(target=self.ask, args=[token, done]) for token in tokens]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            done.set()
            for thread in threads:
                thread.join()

    def row(self, name: str) -> str:
        hundredths = statistics.quantiles(self.seconds, n=100)
        figures = (hundredths[49], hundredths[98], max(self.seconds))
        return " | ".join(
            [f"| {name}", *(f"{each * 1000:.0f}" for each in figures), f"{len(self.seconds)} |"]
        )


def pictures() -> dict[str, bytes]:
    """A PNG is decoded whole. A JPEG is reduced while it is decoded."""
    image = Image.effect_mandelbrot(SIZE, (-2, -1.2, 1, 1.2), 50).convert("RGB")
    made = {}
    for kind in ("PNG", "JPEG"):
        image.save(out := io.BytesIO(), kind)
        made[kind] = out.getvalue()
    return made


@contextmanager
def served(home: Path, wechat: FakeWeChat) -> Iterator[Story]:
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DJANGO_SECRET_KEY": "made-up-" * 8,
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": os.environ.get("DATABASE_URL") or f"sqlite:///{home / 'db.sqlite3'}",
        "REDIS_URL": os.environ.get("REDIS_URL", ""),
        "WECHAT_APPID": "wx00000000000000aa",
        "WECHAT_SECRET": "0123456789abcdef0123456789abcdef",
        "WECHAT_API_BASE": wechat.url,
        **{f"WXLOGIN_{name}_RATE": "1000000/min" for name in ("LOGIN", "DATA")},
    }
    migrate = Process([sys.executable, "manage.py", "migrate", "-v0"], home / "log", env, cwd=ROOT)
    if migrate.wait(60):
        raise SystemExit(migrate.log)
    bind = ["--bind", f"127.0.0.1:{port}"]
    server = Process([sys.executable, "-m", "gunicorn", "project.wsgi", *bind], home / "log", env, cwd=ROOT)
    try:
        server.wait_until(lambda: accepts(port))
        yield Story(f"http://127.0.0.1:{port}", wechat, server)
    finally:
        server.stop()


def at_once(count: int, act: Callable[[int], Counter[int]]) -> Counter[int]:
    with ThreadPoolExecutor(count) as pool:
        return sum(pool.map(act, range(count)), Counter())


def print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    with tempfile.TemporaryDirectory() as home, FakeWeChat() as wechat, served(Path(home), wechat) as story:
        tokens = [story.log_in(str(number)) for number in range(UPLOADS)]
        print_line("| me/ while | median | 99th percentile | longest | calls |\n|---|---|---|---|---|")
        with story.others():
            time.sleep(QUIET)
        print_line(story.row("nothing else happens"))
        for kind, picture in pictures().items():
            began = time.perf_counter()
            with story.others():
                answers = at_once(UPLOADS, lambda number, it=picture: story.upload(tokens[number], it))
                took = time.perf_counter() - began
            print_line(story.row(f"{UPLOADS} {kind}s come at once"))
            print_line(
                f"{len(picture) >> 10} KiB each; all stored after {took:.1f} s; answers {dict(answers)}"
            )


if __name__ == "__main__":
    main()
