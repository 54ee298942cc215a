"""Serializers for the bodies of requests and answers. The rules behind them are in ``services``."""

from datetime import UTC
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import ISO_8601, serializers

from wxlogin.conf import conf
from wxlogin.models import LoginSession, SessionKey, WeChatUser
from wxlogin.secret import Secret
from wxlogin.services.open_data import EncryptedData
from wxlogin.services.profile import MAX_NICKNAME, clean_nickname

MAX_CODE = 128


class SecretString(serializers.CharField):
    """A JSON string that is taken as it is, and stays a ``Secret``. Numbers are refused, and spaces aren't trimmed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        # The parser hides every string of the body.
        if not isinstance(data, Secret):
            self.fail("invalid")
        if not data.reveal().strip():
            self.fail("blank")
        return data

    def run_validators(self, value: Any) -> None:
        super().run_validators(value.reveal())


class StrictString(SecretString):
    """The same for a string that is no secret. The value is a ``str``."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(data).reveal()


class OptionalSecret(SecretString):
    """A JSON string that may be missing, null or empty, as from a button that wasn't tapped. The value is None then."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_null=True, allow_blank=True, default=None, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        is_blank = isinstance(data, Secret) and not data.reveal().strip()
        return None if is_blank else super().run_validation(data)


class StrictBoolean(serializers.BooleanField):
    """The JSON value true or false. Other values that DRF takes for a boolean, like "yes" or 1, are refused."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class UTCTime(serializers.DateTimeField):
    """A read-only time in ISO 8601 and UTC, whatever the project's settings of time zone and format."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format=ISO_8601, default_timezone=UTC, read_only=True, **kwargs)


class LoginRequestSerializer(serializers.Serializer):
    code = SecretString(max_length=MAX_CODE)
    appid = StrictString(max_length=32, required=False)
    phone_code = OptionalSecret(max_length=MAX_CODE)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "appid" not in attrs:
            attrs["appid"] = self._only_app()
        return attrs

    def _only_app(self) -> str:
        """Return the appid of a project with one app. With several apps, ``appid`` is a required field."""
        appids = list(conf.APPS)
        if len(appids) != 1:
            raise serializers.ValidationError({"appid": [self.fields["appid"].error_messages["required"]]})
        return appids[0]


class RefreshRequestSerializer(serializers.Serializer):
    refresh = SecretString()


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
    """Open data, with the field names that WeChat gives the client."""

    encryptedData = SecretString()
    iv = SecretString()
    rawData = SecretString(required=False)
    signature = SecretString(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for one, other in (("rawData", "signature"), ("signature", "rawData")):
            if one in attrs and other not in attrs:
                raise _missing(self, other)
        return {"encrypted": _encrypted_data(attrs)}


class PhoneRequestSerializer(serializers.Serializer):
    """A phone number, either as ``code`` or as ``encryptedData`` with ``iv``."""

    code = SecretString(max_length=MAX_CODE, required=False)
    encryptedData = SecretString(required=False)
    iv = SecretString(required=False)

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
        return {"encrypted": _encrypted_data(attrs)}


def _missing(serializer: serializers.Serializer, name: str) -> serializers.ValidationError:
    return serializers.ValidationError({name: [serializer.fields[name].error_messages["required"]]})


def _encrypted_data(attrs: dict[str, Any]) -> EncryptedData:
    return EncryptedData(attrs["encryptedData"], attrs["iv"], attrs.get("rawData"), attrs.get("signature"))


class UserSerializer(serializers.ModelSerializer):
    """A person as the API shows them to themselves, unless ``USER_SERIALIZER`` names another class."""

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
    """The state of a session_key, without the key itself."""

    obtained_at = UTCTime()
    checked_at = UTCTime(allow_null=True)

    class Meta:
        model = SessionKey
        fields = ["state", "obtained_at", "checked_at"]
        read_only_fields = fields


class PhoneSerializer(serializers.Serializer):
    phone_number = serializers.CharField(source="number", read_only=True)
    country_code = serializers.CharField(read_only=True)
