"""Settings of the host projects whose tests start a real server. Its process has them from its environment."""

import os
import sys
import tempfile

from tests.settings import *  # noqa: F403
from tests.settings import LOGGING, WXLOGIN

if "WECHAT_API_BASE" in os.environ:
    # In the server and in commands beside it.
    LOGGING, WXLOGIN = (getattr(sys.modules["project.settings"], name) for name in ("LOGGING", "WXLOGIN"))
# They share one cache without a Redis.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": os.path.join(os.environ.get("HOME", tempfile.gettempdir()), "wxlogin-served-cache"),
    }
}
