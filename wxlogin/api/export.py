"""Serializers for ``me/export/``, which returns everything that is stored about a person."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from rest_framework import serializers

from wxlogin.models import LoginFailure, LoginSession, StaffAct, WeChatUser
from wxlogin.vault import CannotOpen

from .serializers import PhoneSerializer, SessionKeySerializer, UTCTime


class ExportedSessionSerializer(serializers.ModelSerializer):
    id = serializers.ReadOnlyField(source="public_id")
    created_at = UTCTime()
    last_seen_at = UTCTime()
    expires_at = UTCTime()
    ended_at = UTCTime(allow_null=True)
    end_reason = serializers.ChoiceField(LoginSession.EndReason.choices, allow_blank=True, read_only=True)

    class Meta:
        model = LoginSession
        fields = [
            "id",
            "created_at",
            "last_seen_at",
            "expires_at",
            "ended_at",
            "end_reason",
            "ip",
            "user_agent",
            "release",
            "client",
        ]
        read_only_fields = fields


class ExportedActSerializer(serializers.ModelSerializer):
    """An act of staff on the person.

    It leaves out which staff member acted, and the reason, which is written for staff.
    """

    created_at = UTCTime()

    class Meta:
        model = StaffAct
        fields = ["action", "from_user", "to_user", "created_at"]
        read_only_fields = fields


class ExportedFailureSerializer(serializers.ModelSerializer):
    created_at = UTCTime()

    class Meta:
        model = LoginFailure
        fields = ["created_at", "code", "errcode", "ip", "request_id"]
        read_only_fields = fields


class ExportedIdentitySerializer(serializers.ModelSerializer):
    """All data of one identity.

    Two values are sealed in the database: the phone number is shown in clear, and the session_key only by its
    state.
    """

    avatar = serializers.FileField(read_only=True, use_url=True)
    phone = serializers.SerializerMethodField()
    block = serializers.SerializerMethodField()
    session_key = serializers.SerializerMethodField()
    sessions = ExportedSessionSerializer(source="login_sessions", many=True, read_only=True)
    failures = ExportedFailureSerializer(many=True, read_only=True)
    staff_acts = ExportedActSerializer(many=True, read_only=True)
    created_at = UTCTime()
    last_login_at = UTCTime()

    class Meta:
        model = WeChatUser
        fields = [
            "appid",
            "openid",
            "unionid",
            "nickname",
            "avatar",
            "phone",
            "block",
            "created_at",
            "last_login_at",
            "session_key",
            "sessions",
            "failures",
            "staff_acts",
        ]
        read_only_fields = fields

    def get_phone(self, wechat_user: WeChatUser) -> dict[str, Any] | None:
        try:
            phone = wechat_user.phone
        except CannotOpen:
            # The project no longer has the key that sealed it.
            return None
        return PhoneSerializer(phone).data if phone else None

    def get_block(self, wechat_user: WeChatUser) -> dict[str, Any] | None:
        return BlockSerializer(wechat_user).data if wechat_user.blocked_at else None

    def get_session_key(self, wechat_user: WeChatUser) -> dict[str, Any] | None:
        key = getattr(wechat_user, "session_key", None)
        return SessionKeySerializer(key).data if key else None


class BlockSerializer(serializers.ModelSerializer):
    since = UTCTime(source="blocked_at")
    until = UTCTime(source="blocked_until", allow_null=True)
    reason = serializers.SerializerMethodField()

    class Meta:
        model = WeChatUser
        fields = ["since", "until", "reason"]

    def get_reason(self, wechat_user: WeChatUser) -> str:
        """Return the reason if staff chose to show it to the person, else ``""``."""
        return wechat_user.block_reason if wechat_user.block_reason_public else ""


class UserExportSerializer(serializers.Serializer):
    """A Django user with their identities, which the view passes in the serializer's context."""

    id = serializers.ReadOnlyField(source="pk")
    username = serializers.SerializerMethodField()
    identities = serializers.SerializerMethodField()

    def get_username(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def get_identities(self, user: AbstractBaseUser) -> list[dict[str, Any]]:
        known = self.context["identities"]
        return list(ExportedIdentitySerializer(known, many=True, context=self.context).data)
