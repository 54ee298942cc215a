"""The table of all calls: the purpose, the body, the answer and the refusals of each.

A row leaves out the refusals that follow from its view's classes: a missing login, too many calls and a malformed
body.
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
class ParsedBody:
    """A body that a parser of DRF reads. ``field_errors`` is the example of ``fields`` in a refusal."""

    shape: Any
    examples: Mapping[str, Any]
    field_errors: Mapping[str, str]
    media_types: tuple[str, ...] = (JSON,)
    required: bool = True


@dataclass(frozen=True)
class RawBody:
    """A body that the view reads itself. It ignores the media type that the request names."""

    shape: Any
    examples: Mapping[str, Any]
    media_types: tuple[str, ...]


@dataclass(frozen=True)
class SuccessAnswer:
    """The answer to a call that succeeds.

    ``shape`` is a serializer, a schema, or a function that is called when the schema is generated: the answer
    holds a user, and ``USER_SERIALIZER`` decides how that looks. With a ``USER_SERIALIZER`` of the project's own,
    ``example`` wouldn't fit and is left out.
    """

    shape: Any
    example: Any
    media_type: str = JSON


@dataclass(frozen=True)
class Operation:
    """One call. ``answer`` is None for a 204.

    ``query`` describes the query parameters: its keys are pairs of a name and whether it is required.
    """

    id: str
    tag: str
    summary: str
    description: str = ""
    body: ParsedBody | RawBody | None = None
    answer: SuccessAnswer | None = None
    refuses: tuple[str, ...] = ()
    query: Mapping[tuple[str, bool], str] = field(default_factory=dict)


USER_ANSWER = SuccessAnswer(shapes.user, examples.USER)
SESSION_KEY_ANSWER = SuccessAnswer(serializers.SessionKeySerializer, examples.SESSION_KEY)

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
MESSAGE_SIGNATURE = (
    "WeChat's signature over `PUSH_TOKEN`, `timestamp`, `nonce` and `Encrypt`. If `PUSH_AES_KEY` is set, only this "
    "signature counts."
)

OPERATIONS: dict[tuple[type[APIView], str], Operation] = {
    (views.LoginView, "post"): Operation(
        "log_in",
        LOGIN,
        "Log in with the code of wx.login",
        "Exchanges the code with WeChat and starts a login session. The first login creates the person. With a "
        "`phone_code` that doesn't work the login still succeeds: see `phone_bound`.",
        body=ParsedBody(
            serializers.LoginRequestSerializer,
            {
                "A code": {"code": "made-up-code-from-wx.login"},
                "One app of several, and a phone": {
                    "code": "made-up-code-from-wx.login",
                    "appid": examples.APPID,
                    "phone_code": "made-up-code-from-getPhoneNumber",
                },
            },
            field_errors={"code": REQUIRED},
        ),
        answer=SuccessAnswer(shapes.login, {**examples.TOKENS, "created": True, "user": examples.USER}),
        refuses=(
            "unknown_app",
            "code_invalid",
            "user_blocked",
            "account_disabled",
            "not_allowed",
            *WECHAT,
            *STORAGE,
        ),
    ),
    (views.RefreshView, "post"): Operation(
        "refresh",
        LOGIN,
        "Exchange a refresh token for new tokens",
        "A refresh token works once. For a short time afterwards, sending it again returns the same new refresh "
        "token, so that a client can repeat a call whose answer got lost. Sending it later, or sending an older "
        "one, ends the session.",
        body=ParsedBody(
            serializers.RefreshRequestSerializer,
            {"A refresh token": {"refresh": "made-up.refresh.token"}},
            field_errors={"refresh": REQUIRED},
        ),
        answer=SuccessAnswer(shapes.TokensSerializer, examples.TOKENS),
        refuses=("token_invalid", "session_ended", *STORAGE),
    ),
    (views.LogoutView, "post"): Operation(
        "log_out",
        LOGIN,
        "End this login session, or all of the person's",
        body=ParsedBody(
            serializers.LogoutRequestSerializer,
            {"This device": {}, "All devices": {"everywhere": True}},
            field_errors={"everywhere": "Must be a valid boolean."},
            required=False,
        ),
    ),
    (views.MeView, "get"): Operation("me", PERSON, "The person who is logged in", answer=USER_ANSWER),
    (views.MeView, "put"): Operation(
        "set_nickname",
        PERSON,
        "Set the nickname",
        "Control and bidirectional characters are removed. 1 to 64 characters have to be left.",
        body=ParsedBody(
            serializers.ProfileRequestSerializer,
            {"A nickname": {"nickname": "李雷"}},
            field_errors={"nickname": REQUIRED},
        ),
        answer=USER_ANSWER,
    ),
    (views.MeView, "delete"): Operation(
        "erase_me",
        PERSON,
        "Erase the person",
        "Deletes all personal data and ends all login sessions. The next login creates a new person.",
    ),
    (views.AvatarView, "post"): Operation(
        "set_avatar",
        PERSON,
        "Set the picture",
        "For `wx.uploadFile`: a PNG, JPEG or WebP picture. The form is at most 2 MiB.",
        body=ParsedBody(
            shapes.AVATAR_REQUEST,
            {"A picture": {"avatar": "(bytes of a PNG, JPEG or WebP picture)"}},
            field_errors={
                "avatar": "Send a PNG, JPEG or WebP picture of at most 8 million pixels (JPEG: 16 million), "
                "no side longer than 8192."
            },
            media_types=(FORM,),
        ),
        answer=USER_ANSWER,
    ),
    (views.ExportView, "get"): Operation(
        "export",
        PERSON,
        "Export everything that is stored about the person",
        "In all apps of the project. It holds no secrets.",
        answer=SuccessAnswer(shapes.ExportSerializer, examples.EXPORT),
    ),
    (views.SessionsView, "get"): Operation(
        "sessions",
        SESSIONS,
        "The person's live login sessions, newest first",
        answer=SuccessAnswer(serializers.LoginSessionSerializer(many=True), examples.LOGIN_SESSION),
    ),
    (views.SessionView, "delete"): Operation(
        "end_session",
        SESSIONS,
        "End one of the person's login sessions",
        "Ending a session twice is no error. Another person's session is `not_found`.",
        refuses=("not_found",),
    ),
    (views.SessionKeyView, "get"): Operation(
        "session_key",
        SECRETS,
        "The state of WeChat's session_key",
        "The answer never holds the key itself.",
        answer=SESSION_KEY_ANSWER,
        refuses=("session_key_missing",),
    ),
    (views.SessionKeyCheckView, "post"): Operation(
        "check_session_key",
        SECRETS,
        "Ask WeChat whether the session_key is still valid",
        "A session_key that isn't becomes `stale`, and only wx.login brings a new one.",
        answer=SESSION_KEY_ANSWER,
        refuses=("unknown_app", "session_key_missing", *WECHAT),
    ),
    (views.SessionKeyResetView, "post"): Operation(
        "reset_session_key",
        SECRETS,
        "Have WeChat replace the session_key",
        "Open data that was encrypted with the old key can't be decrypted any more.",
        answer=SuccessAnswer(serializers.SessionKeySerializer, examples.FRESH_SESSION_KEY),
        refuses=("unknown_app", "session_key_missing", *WECHAT),
    ),
    (views.OpenDataView, "post"): Operation(
        "open_data",
        SECRETS,
        "Decrypt open data",
        "Takes only open data of this person and this mini-program that is a few minutes old at most. Send "
        "`rawData` and `signature` both or neither.",
        body=ParsedBody(
            serializers.OpenDataRequestSerializer,
            {
                "Without a signature": examples.ENCRYPTED,
                "With a signature": {
                    **examples.ENCRYPTED,
                    "rawData": '{"nickName":"李雷"}',
                    "signature": "0123456789abcdef0123456789abcdef01234567",
                },
            },
            field_errors={"iv": REQUIRED},
        ),
        answer=SuccessAnswer(shapes.DECRYPTED_DATA, examples.DECRYPTED),
        refuses=("open_data_invalid", "session_key_missing"),
    ),
    (views.PhoneView, "post"): Operation(
        "bind_phone",
        SECRETS,
        "Bind the phone number that the person shares",
        "Takes the code of the `getPhoneNumber` button or, from older clients, its open data; not both.",
        body=ParsedBody(
            shapes.PHONE_REQUEST,
            {"A code": {"code": "made-up-code-from-getPhoneNumber"}, "Open data": examples.ENCRYPTED},
            field_errors={"code": REQUIRED},
        ),
        answer=SuccessAnswer(serializers.PhoneSerializer, examples.PHONE),
        refuses=("unknown_app", "phone_code_invalid", "open_data_invalid", "session_key_missing", *WECHAT),
    ),
    (views.EventsView, "get"): Operation(
        "handshake",
        PUSHES,
        "Answer WeChat's check of the push address",
        "WeChat calls this when the address is entered in its console. An appid that isn't configured is "
        "refused like a bad signature.",
        answer=SuccessAnswer({"type": "string"}, "5837397576500011341", TEXT),
        refuses=("signature_invalid", "throttled"),
        query={
            **SIGNED,
            ("signature", True): SIGNATURE,
            ("echostr", True): "The text that the answer repeats.",
        },
    ),
    (views.EventsView, "post"): Operation(
        "push",
        PUSHES,
        "Receive a message that WeChat pushes",
        "WeChat calls this. A repeated message gets the same answer and has no further effect. At most 64 KiB. "
        "A body that ends too early is malformed.",
        body=RawBody(shapes.PUSH, {"An encrypted message": examples.PUSH}, (JSON, XML)),
        answer=SuccessAnswer({"type": "string", "enum": ["success"]}, "success", TEXT),
        refuses=("invalid_request", "signature_invalid", "throttled", "too_large", *STORAGE),
        query={
            **SIGNED,
            ("signature", False): SIGNATURE,
            ("msg_signature", False): MESSAGE_SIGNATURE,
        },
    ),
}
