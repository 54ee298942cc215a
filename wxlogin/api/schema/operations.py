"""What each call is for, takes, answers and refuses, in one table.

A row leaves out what its view tells: who must be logged in, who is counted, and that a body can be malformed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rest_framework.views import APIView

from wxlogin.api import serializers, views

from . import examples, shapes

JSON, FORM, XML, TEXT = "application/json", "multipart/form-data", "text/xml", "text/plain"

LOGIN, PERSON, SESSIONS = "WeChat login", "WeChat person", "WeChat sessions"
SECRETS, PUSHES = "WeChat data", "WeChat pushes"


@dataclass(frozen=True)
class Body:
    """``wrong``: what ``fields`` may say about it."""

    shape: Any
    examples: Mapping[str, Any]
    wrong: Mapping[str, str]
    media_types: tuple[str, ...] = (JSON,)
    required: bool = True


@dataclass(frozen=True)
class RawBody:
    """One that the call reads itself, whatever its media type says."""

    shape: Any
    examples: Mapping[str, Any]
    media_types: tuple[str, ...]


@dataclass(frozen=True)
class Success:
    """A function as ``shape`` makes it when the schema is made: projects choose how users are shown.

    Then the example is left out where it is no longer true.
    """

    shape: Any
    example: Any
    media_type: str = JSON


@dataclass(frozen=True)
class Operation:
    """``answer`` None is a 204; ``query`` says of each parameter whether it is required, and what it is."""

    id: str
    tag: str
    summary: str
    description: str = ""
    body: Body | RawBody | None = None
    answer: Success | None = None
    refuses: tuple[str, ...] = ()
    query: Mapping[tuple[str, bool], str] = field(default_factory=dict)


THE_USER = Success(shapes.user, examples.USER)
THE_KEY = Success(serializers.SessionKeySerializer, examples.SESSION_KEY)

REQUIRED = "This field is required."
STORAGE = ("storage_unavailable",)
WECHAT = (
    "wechat_too_frequent",
    "wechat_misconfigured",
    "wechat_bad_response",
    "wechat_unavailable",
    "wechat_timeout",
)
SIGNED = {
    ("timestamp", True): "Seconds since 1970, as WeChat signed them.",
    ("nonce", True): "As WeChat signed it.",
}
SIGNATURE = "WeChat's signature over `PUSH_TOKEN`, `timestamp` and `nonce`."

OPERATIONS: dict[tuple[type[APIView], str], Operation] = {
    (views.LoginView, "post"): Operation(
        "log_in",
        LOGIN,
        "Log in with the code of wx.login",
        "Exchanges the code with WeChat and starts a login session. A first login makes the person. A "
        "`phone_code` that doesn't work never costs the login: see `phone_bound`.",
        body=Body(
            serializers.LoginRequestSerializer,
            {
                "A code": {"code": "made-up-code-from-wx.login"},
                "One app of several, and a phone": {
                    "code": "made-up-code-from-wx.login",
                    "appid": examples.APPID,
                    "phone_code": "made-up-code-from-getPhoneNumber",
                },
            },
            wrong={"code": REQUIRED},
        ),
        answer=Success(shapes.login, {**examples.TOKENS, "created": True, "user": examples.USER}),
        refuses=("unknown_app", "code_invalid", "user_blocked", "account_disabled", *WECHAT, *STORAGE),
    ),
    (views.RefreshView, "post"): Operation(
        "refresh",
        LOGIN,
        "Spend a refresh token for new tokens",
        "A refresh token works once. Shortly after, the same one is answered again with the same successor, so "
        "that a lost answer costs nothing; anything older ends the session.",
        body=Body(
            serializers.RefreshRequestSerializer,
            {"A refresh token": {"refresh": "made-up.refresh.token"}},
            wrong={"refresh": REQUIRED},
        ),
        answer=Success(shapes.TokensSerializer, examples.TOKENS),
        refuses=("token_invalid", "session_ended", *STORAGE),
    ),
    (views.LogoutView, "post"): Operation(
        "log_out",
        LOGIN,
        "End this login session, or all of the person's",
        body=Body(
            serializers.LogoutRequestSerializer,
            {"This device": {}, "All devices": {"everywhere": True}},
            wrong={"everywhere": "Must be a valid boolean."},
            required=False,
        ),
    ),
    (views.MeView, "get"): Operation("me", PERSON, "The person who is logged in", answer=THE_USER),
    (views.MeView, "put"): Operation(
        "set_nickname",
        PERSON,
        "Set the nickname",
        "1 to 64 characters are left once control and bidirectional characters are removed.",
        body=Body(
            serializers.ProfileRequestSerializer,
            {"A nickname": {"nickname": "李雷"}},
            wrong={"nickname": REQUIRED},
        ),
        answer=THE_USER,
    ),
    (views.MeView, "delete"): Operation(
        "erase_me",
        PERSON,
        "Erase the person",
        "All personal data goes and all tokens are dead. The next login is a new person.",
    ),
    (views.AvatarView, "post"): Operation(
        "set_avatar",
        PERSON,
        "Set the picture",
        "For `wx.uploadFile`: a PNG, JPEG or WebP picture. The form is at most 2 MiB.",
        body=Body(
            shapes.AVATAR_REQUEST,
            {"A picture": {"avatar": "(bytes of a PNG, JPEG or WebP picture)"}},
            wrong={
                "avatar": "Send a PNG, JPEG or WebP picture of at most 8 million pixels (JPEG: 16 million), "
                "no side longer than 8192."
            },
            media_types=(FORM,),
        ),
        answer=THE_USER,
    ),
    (views.ExportView, "get"): Operation(
        "export",
        PERSON,
        "Everything that is kept about the person",
        "Over all apps of the project. No secret is in it.",
        answer=Success(shapes.ExportSerializer, examples.EXPORT),
    ),
    (views.SessionsView, "get"): Operation(
        "sessions",
        SESSIONS,
        "The person's live login sessions, newest first",
        answer=Success(serializers.LoginSessionSerializer(many=True), examples.LOGIN_SESSION),
    ),
    (views.SessionView, "delete"): Operation(
        "end_session",
        SESSIONS,
        "End one of the person's login sessions",
        "Doing it twice is fine. Somebody else's session is `not_found`.",
        refuses=("not_found",),
    ),
    (views.SessionKeyView, "get"): Operation(
        "session_key",
        SECRETS,
        "What is known about WeChat's session_key",
        "Never the key itself.",
        answer=THE_KEY,
        refuses=("session_key_missing",),
    ),
    (views.SessionKeyCheckView, "post"): Operation(
        "check_session_key",
        SECRETS,
        "Ask WeChat whether the session_key still holds",
        "One that doesn't is `stale` from then on, and only wx.login brings a new one.",
        answer=THE_KEY,
        refuses=("unknown_app", "session_key_missing", *WECHAT),
    ),
    (views.SessionKeyResetView, "post"): Operation(
        "reset_session_key",
        SECRETS,
        "Have WeChat replace the session_key",
        "Open data made with the old key no longer opens.",
        answer=Success(serializers.SessionKeySerializer, examples.FRESH_SESSION_KEY),
        refuses=("unknown_app", "session_key_missing", *WECHAT),
    ),
    (views.OpenDataView, "post"): Operation(
        "open_data",
        SECRETS,
        "Decrypt open data",
        "Only the person's own, of this mini-program and of the last minutes. `rawData` and `signature` come "
        "together or not at all.",
        body=Body(
            serializers.OpenDataRequestSerializer,
            {
                "Without a signature": examples.ENCRYPTED,
                "With a signature": {
                    **examples.ENCRYPTED,
                    "rawData": '{"nickName":"李雷"}',
                    "signature": "0123456789abcdef0123456789abcdef01234567",
                },
            },
            wrong={"iv": REQUIRED},
        ),
        answer=Success(shapes.OPENED_DATA, examples.OPENED),
        refuses=("open_data_invalid", "session_key_missing"),
    ),
    (views.PhoneView, "post"): Operation(
        "bind_phone",
        SECRETS,
        "Bind the phone number that the person shares",
        "Takes the code of the `getPhoneNumber` button or, from older clients, its open data; not both.",
        body=Body(
            shapes.PHONE_REQUEST,
            {"A code": {"code": "made-up-code-from-getPhoneNumber"}, "Open data": examples.ENCRYPTED},
            wrong={"code": REQUIRED},
        ),
        answer=Success(serializers.PhoneSerializer, examples.PHONE),
        refuses=("unknown_app", "phone_code_invalid", "open_data_invalid", "session_key_missing", *WECHAT),
    ),
    (views.EventsView, "get"): Operation(
        "handshake",
        PUSHES,
        "Success WeChat's check of the push address",
        "Called by WeChat when the address is entered in its console. An appid that isn't configured is "
        "refused like a bad signature.",
        answer=Success({"type": "string"}, "5837397576500011341", TEXT),
        refuses=("signature_invalid",),
        query={**SIGNED, ("signature", True): SIGNATURE, ("echostr", True): "What is answered."},
    ),
    (views.EventsView, "post"): Operation(
        "push",
        PUSHES,
        "Take a message that WeChat pushes",
        "Called by WeChat. A repeat is answered like the first and acts once. At most 64 KiB.",
        body=RawBody(shapes.PUSH, {"An encrypted message": examples.PUSH}, (JSON, XML)),
        answer=Success({"type": "string", "enum": ["success"]}, "success", TEXT),
        refuses=("signature_invalid", "too_large", *STORAGE),
        query={
            **SIGNED,
            ("signature", False): SIGNATURE,
            (
                "msg_signature",
                False,
            ): "Also over `Encrypt`; where `PUSH_AES_KEY` is set the only one that counts.",
        },
    ),
}
