"""A project whose DRF settings, and ``ATOMIC_REQUESTS``, would break an API that relied on the defaults.

The usual tests of the API show that every answer is as documented. DRF reads its settings when views are defined.
"""

SUITE = [
    f"tests/api/test_{name}.py"
    for name in (
        "avatar",
        "erase",
        "events",
        "export",
        "login",
        "login_body",
        "me",
        "open_data",
        "phone",
        "session_key",
    )
]
