"""System checks: every way to misconfigure wxlogin, each with an id and a hint.

``manage.py check`` shows them all. Those in ``FATAL`` also stop the process, since a server runs no checks.
"""

from typing import Any

from django.core.checks import CheckMessage, Tags, register
from django.core.exceptions import ImproperlyConfigured

from wxlogin.services import host

from .settings import deployment_problems, settings_problems

FATAL = {"wxlogin.E001", "wxlogin.E002", "wxlogin.E003", "wxlogin.E008", "wxlogin.E020", "wxlogin.E022"}
# The other checks can't read such settings.
UNREADABLE = {"wxlogin.E001", "wxlogin.E002", "wxlogin.E003"}


@register(Tags.security)
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    return list(settings_problems())


@register(Tags.security)
def check_project(**kwargs: Any) -> list[CheckMessage]:
    return list(host.problems())


@register(Tags.security, deploy=True)
def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    if any(problem.id in UNREADABLE for problem in settings_problems()):
        return []
    return [*deployment_problems(), *host.deployment_problems()]


def refuse_to_start() -> None:
    """Raise ``ImproperlyConfigured`` for what would make every login fail or leave secrets unprotected."""
    problems = (*settings_problems(keys=["ENCRYPTION_KEYS"]), *host.problems())
    if fatal := [problem for problem in problems if problem.id in FATAL]:
        raise ImproperlyConfigured("\n".join(f"{each.id}: {each.msg} {each.hint}" for each in fatal))
