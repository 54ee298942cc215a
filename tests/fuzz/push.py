"""Push any message, signed as WeChat signs it: the answer is ``success``, whatever it says, unless it is too large."""

import json
import time
from urllib.parse import urlencode

import atheris
import django
from django.conf import settings

# In memory, whatever the environment names.
settings.DATABASES["default"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402

from tests.helpers.plain import push_signature  # noqa: E402
from tests.settings import APPID, WXLOGIN  # noqa: E402
from wxlogin.fakewechat.encryption import encrypt_push  # noqa: E402

APP = WXLOGIN["APPS"][APPID]
PLAIN = "wx-plain"
EVENTS = ("user_info_modified", "user_authorization_revoke", "user_authorization_cancellation", "debug_demo")
NAMES = ("OpenID", "AppID", "RevokeInfo", "CreateTime", "Encrypt", "MsgType")
MAX, MAX_BODY = 66_000, 64 * 1024

settings.WXLOGIN["APPS"][PLAIN] = {"SECRET": "made-up", "PUSH_TOKEN": APP["PUSH_TOKEN"]}
# Refused messages are throttled.
settings.WXLOGIN["DATA_RATE"] = "999999999/s"
settings.LOGGING_CONFIG = None
connection.ensure_connection()
call_command("migrate", verbosity=0)
client = Client()


def run(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    message = _message(provider)
    appid, signed = (
        PLAIN,
        {"timestamp": str(int(time.time())), "nonce": provider.ConsumeUnicodeNoSurrogates(20)},
    )
    if provider.ConsumeBool():
        appid, message = APPID, _sealed(message, signed)
    signed["signature"] = push_signature(APP["PUSH_TOKEN"], signed["timestamp"], signed["nonce"])
    with transaction.atomic():
        url = f"/api/wechat/events/{appid}/?{urlencode(signed)}"
        answer = client.post(url, message, content_type="text/xml")
        transaction.set_rollback(True)
    if len(message) > MAX_BODY:
        assert answer.json()["code"] == "too_large"
    elif appid == PLAIN and b"ncrypt" in message:
        # It may be one that only an AES key would open.
        assert answer.status_code in {200, 403}
    else:
        assert answer.content == b"success"


def _message(provider: atheris.FuzzedDataProvider) -> bytes:
    kind = provider.ConsumeIntInRange(0, 3)
    if kind == 0:
        return provider.ConsumeBytes(MAX)
    members = {"Event": provider.PickValueInList(list(EVENTS))}
    for name in NAMES:
        if provider.ConsumeBool():
            members[name] = provider.ConsumeUnicode(100)
    if kind == 1:
        return json.dumps(members).encode()
    text = "".join(f"<{name}>{value}</{name}>" for name, value in members.items())
    return f"<xml>{text}</xml>".encode("utf-8", "surrogatepass")


def _sealed(message: bytes, signed: dict[str, str]) -> bytes:
    # Bytes that are no UTF-8 too: the fake writes half a surrogate pair as such.
    encrypt = encrypt_push(message.decode("utf-8", "surrogateescape"), APPID, APP["PUSH_AES_KEY"])
    parts = (APP["PUSH_TOKEN"], signed["timestamp"], signed["nonce"], encrypt)
    signed["msg_signature"] = push_signature(*parts)
    return json.dumps({"Encrypt": encrypt}).encode()
