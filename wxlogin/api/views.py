"""The endpoints, one class each. A view validates the request, calls one service and serializes the result."""

from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from wxlogin.caller import caller_of
from wxlogin.exceptions import PushRefused, UnusableNickname, UnusablePicture
from wxlogin.services import (
    erasure,
    events,
    login,
    open_data,
    phone,
    pictures,
    profile,
    session_keys,
    sessions,
)

from .base import WeChatView
from .export import UserExportSerializer
from .parsers import BoundedFormParser, read_bounded
from .serializers import (
    AvatarRequestSerializer,
    LoginRequestSerializer,
    LoginSessionSerializer,
    LogoutRequestSerializer,
    OpenDataRequestSerializer,
    PhoneRequestSerializer,
    PhoneSerializer,
    ProfileRequestSerializer,
    RefreshRequestSerializer,
    SessionKeySerializer,
)
from .throttling import DataThrottle, LoginThrottle, RefreshThrottle, RefusedPushThrottle, SessionDataThrottle


class LoginView(WeChatView):
    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [LoginThrottle]

    def post(self, request: Request) -> Response:
        caller = caller_of(request)
        result = login.login_with_code(**self.read_body(LoginRequestSerializer), caller=caller)
        return Response(
            {
                **asdict(result.tokens),
                "created": result.created,
                "user": self.serialize_user(result.wechat_user),
            }
        )


class RefreshView(WeChatView):
    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [RefreshThrottle]

    def post(self, request: Request) -> Response:
        body = self.read_body(RefreshRequestSerializer)
        return Response(asdict(sessions.refresh(body["refresh"])))


class LogoutView(WeChatView):
    def post(self, request: Request) -> Response:
        sessions.log_out(self.login_session, **self.read_body(LogoutRequestSerializer))
        return Response(status=204)


class MeView(WeChatView):
    def get(self, request: Request) -> Response:
        return Response(self.serialize_user(self.wechat_user))

    def put(self, request: Request) -> Response:
        try:
            profile.set_nickname(self.wechat_user, **self.read_body(ProfileRequestSerializer))
        except UnusableNickname:
            text = _("This name has characters that can't be stored here. Choose one without emoji.")
            raise ValidationError({"nickname": [text]}) from None
        return Response(self.serialize_user(self.wechat_user))

    def delete(self, request: Request) -> Response:
        user = self.user
        # A history of users, such as django-simple-history's, stores who deleted a user. That would be a reference to the
        # deleted row itself.
        request.user = AnonymousUser()
        erasure.erase(user)
        return Response(status=204)


class DataView(WeChatView):
    """An endpoint that costs more than a query: it decrypts data, stores a file or calls WeChat."""

    throttle_classes = [DataThrottle, SessionDataThrottle]


class AvatarView(DataView):
    parser_classes = [BoundedFormParser]

    def post(self, request: Request) -> Response:
        try:
            pictures.set_avatar(self.wechat_user, self.read_body(AvatarRequestSerializer)["avatar"])
        except UnusablePicture:
            text = _(
                "Send a PNG, JPEG or WebP picture of at most 8 million pixels (JPEG: 16 million), "
                "no side longer than 8192."
            )
            raise ValidationError({"avatar": [text]}) from None
        return Response(self.serialize_user(self.wechat_user))


class ExportView(WeChatView):
    def get(self, request: Request) -> Response:
        context = {"request": request, "identities": profile.everything_about(self.user)}
        return Response(UserExportSerializer(self.user, context=context).data)


class SessionsView(WeChatView):
    def get(self, request: Request) -> Response:
        own = sessions.own_sessions(self.user)
        return Response(LoginSessionSerializer(own, many=True, context={"current": self.login_session}).data)


class SessionView(WeChatView):
    def delete(self, request: Request, session_id: str) -> Response:
        if not sessions.end_own_session(self.user, session_id):
            raise Http404
        return Response(status=204)


class SessionKeyView(WeChatView):
    def get(self, request: Request) -> Response:
        return Response(SessionKeySerializer(session_keys.key_of(self.wechat_user)).data)


class SessionKeyCheckView(DataView):
    def post(self, request: Request) -> Response:
        key = session_keys.check(self.wechat_user, caller=caller_of(request))
        return Response(SessionKeySerializer(key).data)


class SessionKeyResetView(DataView):
    def post(self, request: Request) -> Response:
        key = session_keys.reset(self.wechat_user, caller=caller_of(request))
        return Response(SessionKeySerializer(key).data)


class OpenDataView(DataView):
    def post(self, request: Request) -> Response:
        data = open_data.decrypt_for(self.wechat_user, **self.read_body(OpenDataRequestSerializer))
        open_data.store_nickname(self.wechat_user, data)
        return Response({"data": data})


class PhoneView(DataView):
    def post(self, request: Request) -> Response:
        body = self.read_body(PhoneRequestSerializer)
        if "code" in body:
            bound = phone.bind_with_code(self.wechat_user, body["code"], caller=caller_of(request))
        else:
            bound = phone.bind_with_open_data(self.wechat_user, body["encrypted"])
        return Response(PhoneSerializer(bound).data)


class EventsView(WeChatView):
    """The URL that WeChat pushes messages to. WeChat signs its requests and expects plain text."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def handle_exception(self, exc: Exception) -> Response:
        """Count and log a refused message. Signed ones aren't counted, and taken from any address."""
        if isinstance(exc, PushRefused):
            throttle = RefusedPushThrottle()
            if not throttle.allow_request(self.request, self):
                return super().handle_exception(Throttled(throttle.wait()))
            events.log_refusal(self.kwargs["appid"], exc)
        return super().handle_exception(exc)

    def get(self, request: Request, appid: str) -> HttpResponse:
        return self._answer_text(events.answer_handshake(appid, request.query_params.dict()))

    def post(self, request: Request, appid: str) -> HttpResponse:
        events.receive(appid, request.query_params.dict(), read_bounded(request._request, request.stream))
        return self._answer_text("success")

    def _answer_text(self, text: str) -> HttpResponse:
        return HttpResponse(text, content_type="text/plain; charset=utf-8")


class NotFoundView(WeChatView):
    """The answer to every other path below the API's prefix: a 404 in the API's own format."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404
