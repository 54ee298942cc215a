from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand

from wxlogin.services.upkeep.figures import roll_up


class Command(BaseCommand):
    help = "Roll up the finished hours into figures for the staff's overview. Run it every hour."

    def handle(self, *args: Any, **options: Any) -> None:
        rollup = None
        for rollup in roll_up():
            since, until = rollup.since.astimezone(UTC), rollup.until.astimezone(UTC)
            self.stdout.write(
                f"rolled up: {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC, {rollup.figures} figures"
            )
        if rollup is None:
            self.stdout.write("nothing to roll up")
