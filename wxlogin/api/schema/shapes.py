"""Schemas for bodies that the API's own serializers don't describe.

The answer serializers here only describe answers and never make one. Tests compare them with real answers.
"""

from typing import Any

from django.contrib.auth import get_user_model
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field, inline_serializer
from rest_framework import serializers

from wxlogin.api.export import BlockSerializer, ExportedIdentitySerializer
from wxlogin.api.serializers import MAX_CODE, PhoneSerializer, SessionKeySerializer
from wxlogin.conf import conf
from wxlogin.models import LoginSession

extend_schema_field(PhoneSerializer(allow_null=True))(ExportedIdentitySerializer.get_phone)
extend_schema_field(BlockSerializer(allow_null=True))(ExportedIdentitySerializer.get_block)
extend_schema_field(SessionKeySerializer(allow_null=True))(ExportedIdentitySerializer.get_session_key)


class TokensSerializer(serializers.Serializer):
    access = serializers.CharField(help_text="For `Authorization: Bearer …`.")
    refresh = serializers.CharField(help_text="For `token/refresh/`. It works once.")
    expires_in = serializers.IntegerField(help_text="Seconds that the access token lives.")
    refresh_expires_in = serializers.IntegerField(help_text="Seconds that the refresh token lives.")


def user() -> serializers.Serializer:
    """Return the project's ``USER_SERIALIZER``."""
    serializer: serializers.Serializer = conf.USER_SERIALIZER()
    return serializer


def login() -> serializers.Serializer:
    """Return a serializer for the answer to a login, which holds the project's ``USER_SERIALIZER``."""
    created = serializers.BooleanField(help_text="True if the person is new to the project.")
    return inline_serializer(
        "WeChatLogin", {**TokensSerializer().get_fields(), "created": created, "user": user()}
    )


DECRYPTED_DATA = inline_serializer(
    "WeChatOpenedData",
    {"data": serializers.DictField(help_text="The decrypted object, unchanged.")},
)


class ExportSerializer(serializers.Serializer):
    id = serializers.PrimaryKeyRelatedField(queryset=get_user_model()._base_manager.all())
    username = serializers.CharField()
    identities = ExportedIdentitySerializer(many=True)


class PhoneCodeSerializer(serializers.Serializer):
    code = serializers.CharField(max_length=MAX_CODE, help_text="From the `getPhoneNumber` button.")


class PhoneOpenDataSerializer(serializers.Serializer):
    encryptedData = serializers.CharField()
    iv = serializers.CharField()


PHONE_REQUEST = PolymorphicProxySerializer(
    component_name="WeChatPhoneRequest",
    serializers=[PhoneCodeSerializer, PhoneOpenDataSerializer],
    resource_type_field_name=None,
)

AVATAR_REQUEST = {
    "type": "object",
    "required": ["avatar"],
    "properties": {"avatar": {"type": "string", "format": "binary"}},
}

PUSH = {
    "type": "object",
    "xml": {"name": "xml"},
    "properties": {
        "ToUserName": {"type": "string"},
        "Encrypt": {"type": "string", "description": "The encrypted message, if `PUSH_AES_KEY` is set."},
    },
    "additionalProperties": {},
}


REFUSAL: dict[str, Any] = {
    "type": "object",
    "description": "Why a call was refused.",
    "required": ["code", "detail"],
    "properties": {
        "code": {"type": "string", "description": "A stable word, for programs."},
        "detail": {"type": "string", "description": "A sentence for people, in their language."},
        "fields": {
            "type": "object",
            "description": "The errors of each field. Always there with `invalid_request`, never with other codes.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "reason": {
            "type": "string",
            "description": "Always there with `session_ended`. With `account_disabled` only if staff chose to show "
            "it. Never with other codes.",
        },
    },
}
# The rules of ``fields`` and ``reason`` for programs. OpenAPI 3.0 has no ``if``, so only a 3.1 schema has them.
REFUSAL_CONDITIONS: list[dict[str, Any]] = [
    {
        "if": {"properties": {"code": {"const": "invalid_request"}}},
        "then": {"required": ["fields"]},
        "else": {"not": {"required": ["fields"]}},
    },
    {
        "if": {"properties": {"code": {"const": "session_ended"}}},
        "then": {
            "required": ["reason"],
            "properties": {"reason": {"enum": list(LoginSession.EndReason.values)}},
        },
    },
    {
        "if": {"properties": {"code": {"enum": ["session_ended", "account_disabled"]}}},
        "else": {"not": {"required": ["reason"]}},
    },
]
