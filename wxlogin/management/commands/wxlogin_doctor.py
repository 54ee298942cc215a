from typing import Any

from django.core.management.base import BaseCommand, CommandError

from wxlogin.services.meanings import Finding
from wxlogin.services.upkeep.doctor import examine


class Command(BaseCommand):
    help = "Check whether logins work here: WeChat, database, cache, encryption keys, files, configuration."
    # The doctor runs the system checks itself.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        problems = 0
        for finding in examine():
            problems += not finding.is_good
            self.stdout.write(f"{_verdict(finding):8}{finding.subject}: {finding.text}")
            if finding.hint:
                self.stdout.write(f"{'':8}{finding.hint}")
        if problems:
            raise CommandError(f"problems: {problems}")


def _verdict(finding: Finding) -> str:
    if not finding.is_good:
        return "PROBLEM"
    return "note" if finding.hint else "ok"
