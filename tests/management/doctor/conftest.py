import pytest

from .command import KEYS


@pytest.fixture(autouse=True)
def good_project(wechat, configure, settings, tmp_path):
    configure(ENCRYPTION_KEYS=KEYS)
    settings.MEDIA_ROOT = tmp_path
    # The default cache of the tests is shared only if there is a Redis.
    settings.SILENCED_SYSTEM_CHECKS = ["wxlogin.W005"]
