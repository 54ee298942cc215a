from wxlogin.conf import conf
from wxlogin.vault import Vault


def vault() -> Vault:
    """With the keys of today's settings."""
    return Vault(conf.ENCRYPTION_KEYS)
