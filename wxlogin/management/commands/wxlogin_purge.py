from typing import Any

from django.core.management.base import BaseCommand

from wxlogin.services.upkeep.lost_pictures import CannotCompare, mend
from wxlogin.services.upkeep.retention import purge


class Command(BaseCommand):
    help = "Delete ended login sessions, login failures and other rows that are older than RETENTION."

    def handle(self, *args: Any, **options: Any) -> None:
        for kind, count in purge():
            self.stdout.write(f"{kind} deleted: {count}")
        try:
            for kind, count in mend():
                self.stdout.write(f"{kind} deleted: {count}")
        except CannotCompare as problem:
            self.stdout.write(f"pictures and people were not compared: {problem}")
