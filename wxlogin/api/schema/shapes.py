"""Shapes that no serializer of the API has, or that one doesn't tell.

The answer serializers here make no answer; tests compare them with real ones.
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
    refresh = serializers.CharField(help_text="Works once, at `token/refresh/`.")
    expires_in = serializers.IntegerField(help_text="Seconds that the access token lives.")
    refresh_expires_in = serializers.IntegerField(help_text="Seconds that the refresh token lives.")


def user() -> serializers.Serializer:
    """What the project shows a person of themselves."""
    shown: serializers.Serializer = conf.USER_SERIALIZER()
    return shown


def login() -> serializers.Serializer:
    created = serializers.BooleanField(help_text="Whether the person is new to the project.")
    return inline_serializer(
        "WeChatLogin", {**TokensSerializer().get_fields(), "created": created, "user": user()}
    )


OPENED_DATA = inline_serializer(
    "WeChatOpenedData",
    {"data": serializers.DictField(help_text="The decrypted object, as WeChat made it.")},
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
        "Encrypt": {"type": "string", "description": "The message itself, where `PUSH_AES_KEY` is set."},
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
            "description": "Always with `invalid_request`, and only there: what is wrong with which field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "reason": {
            "type": "string",
            "description": "Always with `session_ended`; with `account_disabled` where staff meant it to be "
            "read; else never.",
        },
    },
}
# The same for programs, which OpenAPI 3.0 has no words for.
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
