"""The API in OpenAPI's words, for projects that use drf-spectacular.

``operations`` is the table to read. ``WxLoginConfig.ready`` imports this where drf-spectacular is installed, and
nothing else does: the API works without it.
"""

from . import extensions

__all__ = ["extensions"]
