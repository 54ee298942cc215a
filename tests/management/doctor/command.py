"""The command, as an operator runs it."""

import base64
import io

from django.core.management import CommandError, call_command

LOGIN, ACCESS_TOKEN = "/sns/jscode2session", "/cgi-bin/stable_token"
KEYS = [base64.b64encode(letter * 32).decode() for letter in (b"a", b"b")]
AES_KEY = "k" * 43


def run():
    """Run the command. Return what it printed, and True if it found no problem."""
    out = io.StringIO()
    try:
        call_command("wxlogin_doctor", stdout=out)
    except CommandError as exc:
        return out.getvalue() + str(exc), False
    return out.getvalue(), True


def line_with(text, printed):
    (line,) = [line for line in printed.splitlines() if text in line]
    return line
