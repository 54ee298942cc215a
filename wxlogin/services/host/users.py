"""The project's user model, and the factory that makes its users."""

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error

from wxlogin import tokens


def problems() -> Iterator[CheckMessage]:
    if missing := tokens.missing_user_id_field():
        yield Error(
            f"The user model {settings.AUTH_USER_MODEL} has no {missing!r}, which JWTs are to name users by.",
            hint='Set SIMPLE_JWT["USER_ID_FIELD"] to the name of its primary key.',
            id="wxlogin.E022",
        )
