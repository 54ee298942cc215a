"""Settings that the tests of several checks share."""

import base64
from datetime import timedelta

SECRET = "made-up-secret-that-nobody-may-see"
GOOD_APPS = {"wx1": {"SECRET": SECRET}}
# The last bits of a key from WeChat may have any value.
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
GOOD_KEY = base64.b64encode(b"k" * 32).decode()

# (id of the check, what to put into WXLOGIN)
BAD_SETTINGS = [
    ("wxlogin.E002", {"APPS": None}),
    ("wxlogin.E002", {"APPS": {}}),
    ("wxlogin.E002", {"APPS": [SECRET]}),
    ("wxlogin.E003", {"APPS": {"wx1": SECRET}}),
    ("wxlogin.E003", {"APPS": {"wx1": {}}}),
    ("wxlogin.E003", {"APPS": {"wx1": {"SECRET": ""}}}),
    ("wxlogin.E003", {"APPS": {"wx1": {"SECRET": " \n"}}}),
    ("wxlogin.E003", {"APPS": {"wx1": {"SECRET": None}}}),
    ("wxlogin.E003", {"APPS": {**GOOD_APPS, "wx2": {"NAME": SECRET}}}),
    ("wxlogin.E004", {"APPS": {"": {"SECRET": SECRET}}}),
    ("wxlogin.E004", {"APPS": {7: {"SECRET": SECRET}}}),
    ("wxlogin.E004", {"APPS": {"wx 1": {"SECRET": SECRET}}}),
    ("wxlogin.E004", {"APPS": {"wx1\n": {"SECRET": SECRET}}}),
    ("wxlogin.E004", {"APPS": {"x" * 33: {"SECRET": SECRET}}}),
    *(
        ("wxlogin.E023", {"APPS": {"wx1": {"SECRET": SECRET, "OPEN_PLATFORM": value}}})
        for value in (7, ["ours"], "x" * 65)
    ),
    *(
        ("wxlogin.E024", {"APPS": {"wx1": {"SECRET": SECRET, "PUSH_TOKEN": value}}})
        for value in ("ab", "x" * 33, SECRET, "token\n", "令牌令牌", 12345, ["token"])
    ),
    *(
        ("wxlogin.E025", {"APPS": {"wx1": {"SECRET": SECRET, "PUSH_TOKEN": "token", "PUSH_AES_KEY": value}}})
        for value in (
            "x" * 42,
            "x" * 44,
            "x" * 42 + "=",
            "x" * 42 + "-",
            "x" * 42 + "\n",
            "密" * 43,
            SECRET,
            7,
        )
    ),
    ("wxlogin.E029", {"APPS": {"wx1": {"SECRET": SECRET, "PUSH_AES_KEY": AES_KEY}}}),
    ("wxlogin.E029", {"APPS": {"wx1": {"SECRET": SECRET, "PUSH_TOKEN": "", "PUSH_AES_KEY": AES_KEY}}}),
    ("wxlogin.E005", {"API_BASE": ""}),
    ("wxlogin.E005", {"API_BASE": None}),
    ("wxlogin.E005", {"API_BASE": "api.weixin.qq.com"}),
    ("wxlogin.E005", {"API_BASE": f"ftp://user:{SECRET}@api.weixin.qq.com"}),
    ("wxlogin.E005", {"API_BASE": "http://"}),
    ("wxlogin.E005", {"API_BASE": "http://[::1"}),
    ("wxlogin.E005", {"API_BASE": "https://api.weixin.qq.com:99999"}),
    ("wxlogin.E005", {"API_BASE": f"https://api.weixin.qq.com/?secret={SECRET}"}),
    ("wxlogin.E005", {"API_BASE": "https://api.weixin.qq.com/#top"}),
    ("wxlogin.E006", {"CA_BUNDLE": "/nowhere/ca.pem"}),
    ("wxlogin.E006", {"CA_BUNDLE": "/"}),
    ("wxlogin.E006", {"CA_BUNDLE": True}),
    *(
        ("wxlogin.E007", {"UPSTREAM_DEADLINE": value})
        for value in (0, -1, "5", True, None, 1e10, float("inf"))
    ),
    ("wxlogin.E007", {"UPSTREAM_DEADLINE": float("nan")}),
    ("wxlogin.E008", {"ENCRYPTION_KEYS": GOOD_KEY}),
    ("wxlogin.E008", {"ENCRYPTION_KEYS": [SECRET]}),
    ("wxlogin.E008", {"ENCRYPTION_KEYS": [GOOD_KEY, base64.b64encode(b"k" * 31).decode()]}),
    ("wxlogin.E008", {"ENCRYPTION_KEYS": [GOOD_KEY, None]}),
    ("wxlogin.E008", {"ENCRYPTION_KEYS": ["密" * 44]}),
    *(("wxlogin.E009", {"UPSTREAM_CONCURRENCY": value}) for value in (0, -1, 1.5, "6", True)),
    *(("wxlogin.E031", {"BREAKER_FAILURES": value}) for value in (-1, 1.5, "5", True, None)),
    *(("wxlogin.E032", {"BREAKER_PAUSE": value}) for value in (-1, "5", True, None, timedelta(-1))),
    *(("wxlogin.E010", {"ACCESS_LIFETIME": value}) for value in (0, "300", True, timedelta(), float("inf"))),
    *(("wxlogin.E011", {"SESSION_IDLE": value}) for value in (0, "300", None, timedelta(-1), float("nan"))),
    *(("wxlogin.E012", {"SESSION_ABSOLUTE": value}) for value in (0, "300", timedelta.max, 1e12)),
    *(("wxlogin.E013", {"REFRESH_GRACE": value}) for value in (-1, "30", timedelta(seconds=-1))),
    *(("wxlogin.E014", {"MAX_SESSIONS": value}) for value in (0, -1, 1.5, "10", False)),
    *(("wxlogin.E015", {"LOGIN_RATE": value}) for value in ("", "30", 30, None, "30/fortnight")),
    *(("wxlogin.E016", {"REFRESH_RATE": value}) for value in ("", "60", 60, None, "0/min")),
    *(("wxlogin.E026", {"DATA_RATE": value}) for value in ("", "20", 20, None, "20/fortnight")),
    *(("wxlogin.E027", {"OPEN_DATA_MAX_AGE": value}) for value in (0, "600", None, timedelta(-1))),
    *(
        ("wxlogin.E028", {"RETENTION": value})
        for value in (0, "180", None, True, timedelta.max, float("nan"))
    ),
    *(("wxlogin.E017", {"TRUSTED_PROXIES": value}) for value in (-1, 1.5, "1", True, None)),
    *(("wxlogin.E018", {"USER_FACTORY": value}) for value in ("", "nope", "no.such.module", None, len)),
    ("wxlogin.E018", {"USER_FACTORY": "wxlogin.checks.FATAL"}),
    *(("wxlogin.E019", {"USER_SERIALIZER": value}) for value in ("", "nope", "wxlogin.api.nope", None)),
    *(("wxlogin.E033", {"SIGNING_KEY_FALLBACKS": value}) for value in ("x" * 40, None, [7], 7)),
    *(("wxlogin.E030", {"KEEP_TOKEN_ADMIN": value}) for value in ("yes", None, 2)),
    ("wxlogin.W001", {"TIMEOUT": SECRET}),
    ("wxlogin.W002", {"API_BASE": "http://api.weixin.qq.com"}),
    ("wxlogin.W002", {"API_BASE": "http://127.0.0.1.example.com"}),
    ("wxlogin.W003", {"APPS": {"wx1": {"SECRET": SECRET, "Secret": SECRET}}}),
    ("wxlogin.W003", {"APPS": {"wx1": {"SECRET": SECRET, "b": 1, 2: 3}}}),
]


def ids(problems):
    return [problem.id for problem in problems]
