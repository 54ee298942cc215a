from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from wxlogin.services.upkeep.reencryption import CarriedBlockCounts, carried_blocks, reencrypt

WHAT_TO_DO = (
    "values open with none of the listed keys and were left as they are. List the key that sealed them as one of "
    "WXLOGIN['ENCRYPTION_KEYS'] again (the SECRET_KEY it came from as one of SECRET_KEY_FALLBACKS) and run this "
    "once more. Or let people log in again, which brings new session keys, and bind their phones again."
)


class Command(BaseCommand):
    help = "Seal all secrets in the database with the first of ENCRYPTION_KEYS, so that the other keys can be removed."

    def handle(self, *args: Any, **options: Any) -> None:
        unopened = 0
        for counts in reencrypt():
            unopened += counts.unopened
            self.stdout.write(
                f"{counts.kind}: {counts.moved} moved, {counts.current} current, {counts.unopened} don't open"
            )
        blocks = carried_blocks()
        self.stdout.write(f"blocks of erased people: {_summary(blocks)}")
        unopened += blocks.unopened
        if unopened:
            raise CommandError(f"{unopened} {WHAT_TO_DO}")


def _summary(blocks: CarriedBlockCounts) -> str:
    summary = f"{blocks.older} need an older key"
    if blocks.until:
        until = blocks.until.astimezone(UTC)
        summary += f" and can't be moved; keep it (or the SECRET_KEY it came from) listed until {until:%Y-%m-%d %H:%M} UTC"
    return f"{summary}, {blocks.unopened} don't open"
