"""Sealing with the keys of today's settings."""

from wxlogin.conf import conf
from wxlogin.vault import Vault


def vault() -> Vault:
    """Return a vault that seals with the first of ``ENCRYPTION_KEYS`` and opens with all of them."""
    return Vault(conf.ENCRYPTION_KEYS)
