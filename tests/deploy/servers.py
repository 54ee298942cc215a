"""The nginx of ``deploy/nginx.conf`` in front of the project under gunicorn, both on this machine's loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.process import ROOT, environment_with, python
from wxlogin.fakewechat import FakeWeChat

EXAMPLE = ROOT / "deploy" / "nginx.conf"
READY = 30  # seconds
# The smallest nginx.conf around the example, in the place of Debian's. Everything stays in one folder.
AROUND = """
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{ worker_connections 768; }}
http {{
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True)
class Site:
    """A running nginx. ``folder`` holds all its files, ``fullchain.pem`` among them."""

    folder: Path
    http_port: int
    https_port: int

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.https_port}"

    @property
    def certificate(self) -> str:
        return str(self.folder / "fullchain.pem")


def write_configuration(folder: Path, *changes: tuple[str, str]) -> Site:
    """Write the example as its first lines say, on ports that need no root, and with these changes."""
    site = Site(folder, free_port(), free_port())
    make_certificate(folder)
    text = EXAMPLE.read_text()
    for before, after in (
        ("example.com", "127.0.0.1"),
        ("/etc/letsencrypt/live/127.0.0.1", str(folder)),
        ("/run/wxlogin", str(folder)),
        ("/srv/wxlogin", str(folder)),
        ("/var/log/nginx", str(folder)),
        ("listen 80;", f"listen 127.0.0.1:{site.http_port};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{site.https_port} ssl;"),
        ("listen [::]:80;", ""),
        ("listen [::]:443 ssl;", ""),
        *changes,
    ):
        assert before in text, before
        text = text.replace(before, after)
    (folder / "site.conf").write_text(text)
    # Started by root, nginx would give up its rights and could not read this folder.
    user = "user root root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    return site


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def nginx_command(nginx: str, folder: Path, *more: str) -> list[str]:
    """Return the command line for the program ``nginx`` with the configuration in ``folder``."""
    return [nginx, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf"), *more]


@contextmanager
def running_nginx(nginx: str, site: Site) -> Iterator[Site]:
    server = subprocess.Popen(nginx_command(nginx, site.folder))  # noqa: S603  our own command line
    try:
        wait_until(lambda: accepts(site.https_port), server)
        yield site
    finally:
        server.terminate()
        server.wait(READY)


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionError:
        return False
    return True


def wait_until(is_ready: Callable[[], bool], server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY
    while not is_ready():
        assert server.poll() is None, server.args
        assert time.monotonic() < deadline, server.args
        time.sleep(0.02)


def make_certificate(folder: Path) -> None:
    """Write a self-signed certificate for 127.0.0.1 with its key."""
    options = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "1"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", "privkey.pem", "-out", "fullchain.pem"]
    subprocess.run(  # noqa: S603  our own command line
        ["openssl", "req", *options, *names, *files],  # noqa: S607  the system's own
        cwd=folder,
        capture_output=True,
        check=True,
    )


@contextmanager
def running_gunicorn(folder: Path, wechat: FakeWeChat, **changes: str) -> Iterator[None]:
    """Serve the project at the socket that the example names. ``changes`` are variables of its environment."""
    socket_file = folder / "gunicorn.sock"
    socket_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "gunicorn", "project.wsgi", "--bind", f"unix:{socket_file}"]
    environment = project_environment(folder, wechat, **changes)
    with running(command, socket_file.exists, folder / "gunicorn.log", environment):
        yield


def project_environment(folder: Path, wechat: FakeWeChat, **changes: str) -> dict[str, str]:
    """Return the environment of the project with a SQLite of its own, behind a proxy with TLS unless changed."""
    return {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DJANGO_SECRET_KEY": "a-made-up-key-that-is-long-enough-for-everything",
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
        "DJANGO_HTTPS": "1",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "WECHAT_APPID": "wx00000000000000aa",
        "WECHAT_SECRET": "0123456789abcdef0123456789abcdef",
        "WECHAT_API_BASE": wechat.url,
        "WXLOGIN_TRUSTED_PROXIES": "1",
        "WEB_CONCURRENCY": "2",
        # Gunicorn makes a socket file in HOME.
        "HOME": str(folder),
        **changes,
    }


@contextmanager
def running(
    command: list[str], is_ready: Callable[[], bool], log: Path, environment: dict[str, str]
) -> Iterator[None]:
    """Make the project's database if there is none, and run ``command``, a server, with its output in ``log``."""
    if not Path(environment["DATABASE_URL"].removeprefix("sqlite:///")).exists():
        migrated = python("manage.py", "migrate", **environment)
        assert migrated.returncode == 0, migrated.stderr
    with log.open("wb") as output:
        server = subprocess.Popen(  # noqa: S603  our own command line
            command,
            cwd=ROOT,
            env=environment_with(**environment),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(is_ready, server)
        yield
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(READY)
