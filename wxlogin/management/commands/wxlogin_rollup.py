from typing import Any

from django.core.management.base import BaseCommand

from wxlogin.services.upkeep.figures import roll_up


class Command(BaseCommand):
    help = "Count the hours that are over, for the staff's overview. Let it run every hour."

    def handle(self, *args: Any, **options: Any) -> None:
        done = None
        for done in roll_up():
            self.stdout.write(
                f"rolled up: {done.since:%Y-%m-%d %H:%M} to {done.until:%Y-%m-%d %H:%M %Z}, {done.figures} figures"
            )
        if done is None:
            self.stdout.write("nothing to roll up")
