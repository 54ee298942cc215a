"""Made-up example values for the schema."""

APPID = "wx0123456789abcdef"
SESSION_ID = "5f0c2b7d9e3a4c1188d6a7e4b1c09f23"

TOKENS = {
    "access": "made-up.access.token",
    "refresh": "made-up.refresh.token",
    "expires_in": 300,
    "refresh_expires_in": 604800,
}
USER = {
    "id": 42,
    "nickname": "李雷",
    "avatar": "https://example.com/media/wxlogin/avatars/3f9a0c.jpg",
    "phone_bound": True,
    "created_at": "2026-03-01T08:00:00Z",
}
PHONE = {"phone_number": "13800000000", "country_code": "86"}
SESSION_KEY = {"state": "valid", "obtained_at": "2026-03-01T08:00:00Z", "checked_at": "2026-03-02T09:30:00Z"}
FRESH_SESSION_KEY = {"state": "unknown", "obtained_at": "2026-03-02T09:31:00Z", "checked_at": None}
LOGIN_SESSION = {
    "id": SESSION_ID,
    "created_at": "2026-03-01T08:00:00Z",
    "last_seen_at": "2026-03-02T09:30:00Z",
    "expires_at": "2026-03-31T08:00:00Z",
    "ip": "203.0.113.7",
    "user_agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50",
    "current": True,
}
EXPORT = {
    "id": 42,
    "username": "wx_mfrggzdfmztwq2lknnwg23tp",
    "identities": [
        {
            "appid": APPID,
            "openid": "o-made-up-openid",
            "unionid": "",
            "nickname": "李雷",
            "avatar": None,
            "phone": PHONE,
            "block": None,
            "created_at": "2026-03-01T08:00:00Z",
            "last_login_at": "2026-03-02T09:30:00Z",
            "session_key": SESSION_KEY,
            "sessions": [
                {
                    "id": SESSION_ID,
                    "created_at": "2026-03-01T08:00:00Z",
                    "last_seen_at": "2026-03-02T09:30:00Z",
                    "expires_at": "2026-03-31T08:00:00Z",
                    "ended_at": "2026-03-02T10:00:00Z",
                    "end_reason": "logged_out",
                    "ip": "203.0.113.7",
                    "user_agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50",
                    "release": "17",
                    "client": "0.1.0",
                }
            ],
            "failures": [
                {
                    "created_at": "2026-03-01T08:10:00Z",
                    "code": "phone_code_invalid",
                    "errcode": 40029,
                    "ip": "203.0.113.7",
                    "request_id": "7d5c4a8e",
                }
            ],
            "staff_acts": [
                {"action": "merge", "from_user": "41", "to_user": "42", "created_at": "2026-03-02T09:00:00Z"}
            ],
        }
    ],
}
ENCRYPTED = {"encryptedData": "bWFkZSB1cCBlbmNyeXB0ZWQgZGF0YQ==", "iv": "bWFkZSB1cCBpdiAxNiBiIQ=="}
DECRYPTED = {
    "data": {
        "nickName": "李雷",
        "gender": 0,
        "avatarUrl": "https://example.com/132",
        "watermark": {"timestamp": 1772352000, "appid": APPID},
    }
}
PUSH = {"ToUserName": "gh_0123456789ab", "Encrypt": "bWFkZSB1cCBwdXNo"}
