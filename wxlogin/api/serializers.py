"""The shapes of requests and answers. What they mean is decided in ``services``."""

from datetime import UTC
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext_lazy as _
from rest_framework import ISO_8601, serializers

from wxlogin.conf import conf
from wxlogin.models import LoginFailure, LoginSession, SessionKey, StaffAct, WeChatUser
from wxlogin.services.open_data import Sealed
from wxlogin.services.profile import MAX_NICKNAME, clean_nickname
from wxlogin.vault import CannotOpen

MAX_CODE = 128


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


class OptionalString(StrictString):
    """A JSON string that may be missing, null or empty: what a button gives that was not tapped."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_null=True, allow_blank=True, default="", **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> str:
        is_nothing = data is None or (isinstance(data, str) and not data.strip())
        return "" if is_nothing else str(super().run_validation(data))


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
    code = StrictString(max_length=MAX_CODE)
    appid = StrictString(max_length=32, required=False)
    phone_code = OptionalString(max_length=MAX_CODE)

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
        if len(nickname) > MAX_NICKNAME:
            self.fields["nickname"].fail("max_length", max_length=MAX_NICKNAME)
        return nickname


class AvatarRequestSerializer(serializers.Serializer):
    avatar = serializers.FileField()


class OpenDataRequestSerializer(serializers.Serializer):
    """Under the names that WeChat gives the client."""

    encryptedData = StrictString()
    iv = StrictString()
    rawData = StrictString(required=False)
    signature = StrictString(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for one, other in (("rawData", "signature"), ("signature", "rawData")):
            if one in attrs and other not in attrs:
                raise _missing(self, other)
        return {"sealed": _sealed(attrs)}


class PhoneRequestSerializer(serializers.Serializer):
    """``code``, or ``encryptedData`` and ``iv``."""

    code = StrictString(max_length=MAX_CODE, required=False)
    encryptedData = StrictString(required=False)
    iv = StrictString(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "code" in attrs:
            if attrs.keys() != {"code"}:
                raise serializers.ValidationError({"code": [_("Send a code or encryptedData, not both.")]})
            return attrs
        if not attrs:
            raise _missing(self, "code")
        for name in ("encryptedData", "iv"):
            if name not in attrs:
                raise _missing(self, name)
        return {"sealed": _sealed(attrs)}


def _missing(serializer: serializers.Serializer, name: str) -> serializers.ValidationError:
    return serializers.ValidationError({name: [serializer.fields[name].error_messages["required"]]})


def _sealed(attrs: dict[str, Any]) -> Sealed:
    return Sealed(attrs["encryptedData"], attrs["iv"], attrs.get("rawData"), attrs.get("signature"))


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


class SessionKeySerializer(serializers.ModelSerializer):
    """What is known about the key; never the key."""

    obtained_at = UTCTime()
    checked_at = UTCTime(allow_null=True)

    class Meta:
        model = SessionKey
        fields = ["state", "obtained_at", "checked_at"]
        read_only_fields = fields


class PhoneSerializer(serializers.Serializer):
    phone_number = serializers.CharField(source="number", read_only=True)
    country_code = serializers.CharField(read_only=True)


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
    """What staff did to the person; not who it was, and not the reason, which is written for staff."""

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
    """All columns of a person; of the two that are sealed, the phone in clear and of the key what is known."""

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
        except CannotOpen:  # sealed with a key that the project threw away
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
        """What staff meant to be read."""
        return wechat_user.block_reason if wechat_user.block_reason_public else ""


class ExportSerializer(serializers.Serializer):
    """A Django user, with the identities that the context has."""

    id = serializers.ReadOnlyField(source="pk")
    username = serializers.SerializerMethodField()
    identities = serializers.SerializerMethodField()

    def get_username(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def get_identities(self, user: AbstractBaseUser) -> list[dict[str, Any]]:
        known = self.context["identities"]
        return list(ExportedIdentitySerializer(known, many=True, context=self.context).data)
