"""Encryption keys that the tests share."""

import base64

from wxlogin.wechat.results import PhoneNumber

OLD, NEW, LOST = (base64.b64encode(letter * 32).decode() for letter in (b"o", b"n", b"l"))
PHONE = PhoneNumber("13800138000", "86")
