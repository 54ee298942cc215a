from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from wxlogin.fakewechat import FakeWeChat, serve


class Command(BaseCommand):
    help = "Run a fake WeChat on loopback instead of api.weixin.qq.com. POST /_fake/… controls it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
        parser.add_argument("--port", type=int, default=8765)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        try:
            serve(host, port, settings.WXLOGIN["APPS"], ready=self._announce)
        except (OSError, OverflowError, ValueError) as exc:
            raise CommandError(f"{host}:{port}: {exc}") from exc

    def _announce(self, fake: FakeWeChat) -> None:
        self.stdout.write(f"The fake WeChat listens on {fake.url} (Ctrl-C ends it).")
        self.stdout.write("Point a project at it with this line in WXLOGIN:")
        self.stdout.write(f'    "API_BASE": "{fake.url}",')
        self.stdout.flush()
