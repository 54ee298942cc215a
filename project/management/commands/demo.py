import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from project import demo


class Command(BaseCommand):
    help = "Serve the project with a fake WeChat, a staff account and a handful of people who logged in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--fake-port", type=int, default=8765)
        parser.add_argument("--check", action="store_true", help="log somebody in and out, then exit")

    def handle(self, *args: Any, port: int, fake_port: int, check: bool, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo makes a superuser and trusts a fake WeChat: set DJANGO_DEBUG=1.")
        call_command("migrate", verbosity=0)
        if check:
            with demo.running(0, 0) as running:
                demo.check(running)
            self.stdout.write(
                self.style.SUCCESS("Somebody logged in, refreshed and logged out. All is well.")
            )
            return
        with demo.running(port, fake_port) as running:
            demo.welcome_people(running)
            self._tell(running)
            self._wait()

    def _tell(self, running: demo.Demo) -> None:
        self.stdout.write(
            f"""
The admin:    {running.url}/admin/
              user {running.staff}, password {running.password}
The API:      {running.url}/api/wechat/
Fake WeChat:  {running.fake.url}

Log somebody in:

  {running.curl}
{self._mini_program(running)}
Ctrl-C ends it."""
        )
        self.stdout.flush()

    def _mini_program(self, running: demo.Demo) -> str:
        folder = settings.BASE_DIR / "miniprogram" / "demo"
        if not folder.is_dir():
            return ""
        urls = {"baseUrl": f"{running.url}/api/wechat/", "fakeWeChat": running.fake.url}
        lines = [f'{name}: "{url}",' for name, url in urls.items()]
        config = (folder / "config.js").read_text(encoding="utf-8")
        needs = [] if all(line in config for line in lines) else ["with this in its config.js:", *lines]
        steps = ["open miniprogram/demo/ in the WeChat developer tools", *needs]
        return "\nMini-program: " + "\n              ".join(steps) + "\n"

    def _wait(self) -> None:
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            self.stdout.write("")
