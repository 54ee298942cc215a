"""The keys that sign tokens and that seal secrets at rest."""

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.utils.translation import gettext as _

from wxlogin import tokens
from wxlogin.conf import conf

MAKE_KEY = 'python -c "import base64, secrets; print(base64.b64encode(secrets.token_bytes(32)).decode())"'


def problems() -> Iterator[CheckMessage]:
    if not settings.DEBUG and any(len(key.reveal().encode()) < 32 for key in tokens.symmetric_keys()):
        yield Error(
            _("A key that JWTs are signed or verified with is shorter than 32 bytes."),
            hint=_(
                "Make SECRET_KEY and every SECRET_KEY_FALLBACKS at least 32 random bytes long, or "
                "SIMPLE_JWT['SIGNING_KEY'] and every WXLOGIN['SIGNING_KEY_FALLBACKS']."
            ),
            id="wxlogin.E020",
        )


def deployment_problems() -> Iterator[CheckMessage]:
    if conf.derives_keys():
        yield Warning(
            _("Secrets at rest are sealed with a key derived from SECRET_KEY."),
            hint=_(
                "Set WXLOGIN['ENCRYPTION_KEYS'], so that SECRET_KEY can change on its own. This prints a key: {command}"
            ).format(command=MAKE_KEY),
            id="wxlogin.W004",
        )
