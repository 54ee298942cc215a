"""What a client hands over after ``wx.getUserInfo`` and its like."""

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any

from wxlogin.fakewechat import encryption

ENCRYPTED_ONLY = {"watermark", "openId", "unionId"}


def seal(data: Mapping[str, Any], session_key: str) -> dict[str, str]:
    iv = secrets.token_bytes(16)
    raw_data = _compact({name: value for name, value in data.items() if name not in ENCRYPTED_ONLY})
    return {
        "encryptedData": encryption.encrypt_open_data(_compact(data), session_key, iv),
        "iv": base64.b64encode(iv).decode(),
        "rawData": raw_data,
        "signature": encryption.sign_raw_data(raw_data, session_key),
    }


def _compact(data: Mapping[str, Any]) -> str:
    return json.dumps(dict(data), ensure_ascii=False, separators=(",", ":"))
