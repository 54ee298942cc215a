"""The shapes of requests and answers. What they mean is decided in ``services``."""

from datetime import UTC
from typing import Any

from rest_framework import ISO_8601, serializers

from wxlogin.conf import conf
from wxlogin.models import LoginSession, WeChatUser
from wxlogin.services.profile import clean_nickname


class StrictString(serializers.CharField):
    """A JSON string, taken as it is: no number becomes one and nothing is trimmed off."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if not data.strip():
            self.fail("blank")
        return super().to_internal_value(data)


class StrictBoolean(serializers.BooleanField):
    """JSON's true or false and nothing that looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class UTCTime(serializers.DateTimeField):
    """ISO 8601 in UTC, whatever time zone and format the project shows elsewhere."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format=ISO_8601, default_timezone=UTC, read_only=True, **kwargs)


class LoginRequestSerializer(serializers.Serializer):
    code = StrictString(max_length=128)
    appid = StrictString(max_length=32, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "appid" not in attrs:
            attrs["appid"] = self._only_app()
        return attrs

    def _only_app(self) -> str:
        appids = list(conf.APPS)
        if len(appids) != 1:
            raise serializers.ValidationError({"appid": [self.fields["appid"].error_messages["required"]]})
        return appids[0]


class RefreshRequestSerializer(serializers.Serializer):
    refresh = StrictString()


class LogoutRequestSerializer(serializers.Serializer):
    everywhere = StrictBoolean(default=False)


class ProfileRequestSerializer(serializers.Serializer):
    nickname = StrictString()

    def validate_nickname(self, text: str) -> str:
        nickname = clean_nickname(text)
        if not nickname:
            self.fields["nickname"].fail("blank")
        if len(nickname) > 64:
            self.fields["nickname"].fail("max_length", max_length=64)
        return nickname


class UserSerializer(serializers.ModelSerializer):
    """How a person is shown to themselves."""

    id = serializers.ReadOnlyField(source="user_id")
    avatar = serializers.FileField(read_only=True, use_url=True)
    phone_bound = serializers.BooleanField(source="has_phone", read_only=True)
    created_at = UTCTime()

    class Meta:
        model = WeChatUser
        fields = ["id", "nickname", "avatar", "phone_bound", "created_at"]
        read_only_fields = fields


class LoginSessionSerializer(serializers.ModelSerializer):
    id = serializers.ReadOnlyField(source="public_id")
    created_at = UTCTime()
    last_seen_at = UTCTime()
    expires_at = UTCTime()
    current = serializers.SerializerMethodField()

    class Meta:
        model = LoginSession
        fields = ["id", "created_at", "last_seen_at", "expires_at", "ip", "user_agent", "current"]
        read_only_fields = fields

    def get_current(self, session: LoginSession) -> bool:
        current: LoginSession = self.context["current"]
        return session.pk == current.pk
