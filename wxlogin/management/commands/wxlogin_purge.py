from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from wxlogin.services.upkeep.lost_pictures import CannotCompare, mend
from wxlogin.services.upkeep.retention import purge


class Command(BaseCommand):
    help = "Delete ended login sessions, login failures and other rows that are older than RETENTION."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--many-pictures",
            action="store_true",
            help="mend pictures and people that have lost each other even if they are many",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for kind, count in purge():
            self.stdout.write(f"{kind} deleted: {count}")
        try:
            for kind, count in mend(even_many=options["many_pictures"]):
                self.stdout.write(f"{kind} deleted: {count}")
        except CannotCompare as problem:
            self.stdout.write(f"pictures and people were not compared: {problem}")
