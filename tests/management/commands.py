import io

from django.core.management import call_command


def lines_of(command: str, *arguments: str) -> list[str]:
    """Run a command, and return the lines that it prints."""
    out = io.StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue().splitlines()
