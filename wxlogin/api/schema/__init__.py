"""The OpenAPI schema of the API, for projects that use drf-spectacular.

Begin with ``operations``, the table of all calls. Only ``WxLoginConfig.ready`` imports this package, and only if
drf-spectacular is installed: the API itself works without it.
"""

from . import extensions

__all__ = ["extensions"]
