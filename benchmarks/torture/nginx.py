"""nginx with the settings of deploy/nginx.conf, on a port of loopback and without TLS."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.servers import AROUND, EXAMPLE

from .processes import CannotRun, Process, accepts, free_port
from .servers import PLAIN_ENV


@contextmanager
def nginx(folder: Path, upstream: int) -> Iterator[int]:
    """Serve ``upstream`` through nginx, and yield its port. Raise ``CannotRun`` if a part is missing."""
    if not shutil.which("nginx"):
        raise CannotRun("there is no nginx")
    if not EXAMPLE.exists():
        raise CannotRun("there is no deploy/nginx.conf")
    folder.mkdir()
    port = free_port()
    (folder / "site.conf").write_text(on_loopback(EXAMPLE.read_text(), folder, upstream, port))
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "conf").write_text(AROUND.format(folder=folder, user=user))
    process = Process(["nginx", "-c", str(folder / "conf"), "-p", str(folder)], folder / "log", PLAIN_ENV)
    try:
        process.wait_until(lambda: accepts(port))
        yield port
    finally:
        process.stop()


def on_loopback(text: str, folder: Path, upstream: int, port: int) -> str:
    """Return the example with our ports, without TLS and without the server that redirects to it."""
    for pattern, replacement in (
        (r"server unix:\S+;", f"server 127.0.0.1:{upstream};"),
        (r"listen \[::\].*;", ""),
        (r"listen 80;", f"listen 127.0.0.1:{free_port()};"),
        (r"listen 443 ssl.*;", f"listen 127.0.0.1:{port};"),
        (r"ssl_\w+ .*;", ""),
        (r"/var/log/nginx/", f"{folder}/"),
        (r"server_name \S+;", "server_name 127.0.0.1;"),
    ):
        text = re.sub(pattern, replacement, text)
    return text
