"""One class an endpoint: check the shape, call a service, show the outcome."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any, cast

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from wxlogin.conf import conf
from wxlogin.exceptions import UnusablePicture
from wxlogin.models import LoginSession, WeChatUser
from wxlogin.services import (
    avatars,
    erasure,
    events,
    export,
    login,
    open_data,
    phone,
    profile,
    session_keys,
    sessions,
)
from wxlogin.services.caller import caller_of, request_id_of
from wxlogin.services.log import request_id

from .authentication import WeChatJWTAuthentication
from .errors import response_to
from .parsers import BoundedFormParser, BoundedJSONParser, read_bounded
from .serializers import (
    AvatarRequestSerializer,
    ExportSerializer,
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
from .throttling import DataThrottle, LoginThrottle, RefreshThrottle, SessionDataThrottle


class AlwaysJSON(BaseContentNegotiation):
    """Whatever ``Accept`` says: there is one format, and a 406 would help nobody."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class WeChatView(APIView):
    """What all endpoints share. Nothing here is left to the project's ``REST_FRAMEWORK`` settings."""

    authentication_classes = [WeChatJWTAuthentication]
    permission_classes = [IsAuthenticated]
    parser_classes = [BoundedJSONParser]
    renderer_classes = [JSONRenderer]
    throttle_classes = []
    content_negotiation_class = AlwaysJSON
    http_method_names = ["get", "head", "post", "put", "delete"]
    metadata_class = None
    versioning_class = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:  # type: ignore[override]
        # ATOMIC_REQUESTS would hold a transaction open over a call to WeChat, and take back the end of a
        # session together with the refusal that announces it.
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.wxlogin_request_id = request_id_of(request)  # type: ignore[attr-defined]
        before = request_id.set(request.wxlogin_request_id)  # type: ignore[attr-defined]
        try:
            with translation.override(translation.get_language_from_request(request)):
                return super().dispatch(request, *args, **kwargs)
        finally:
            request_id.reset(before)

    def handle_exception(self, exc: Exception) -> Response:
        response = response_to(exc)
        if response is None:
            self.raise_uncaught_exception(exc)
        response.exception = True
        return response

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        response["X-Request-ID"] = request_id.get()
        return response

    def read(self, shape: type[Serializer]) -> dict[str, Any]:
        """The body, checked. Raises DRF's ``ValidationError``."""
        serializer = shape(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def show(self, wechat_user: WeChatUser) -> dict[str, Any]:
        return dict(conf.USER_SERIALIZER(wechat_user, context={"request": self.request}).data)

    @property
    def login_session(self) -> LoginSession:
        """The caller's, where ``WeChatJWTAuthentication`` let them in."""
        return cast(LoginSession, self.request.auth)

    @property
    def wechat_user(self) -> WeChatUser:
        return self.login_session.person

    @property
    def user(self) -> AbstractBaseUser:
        return self.wechat_user.user


class LoginView(WeChatView):
    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [LoginThrottle]

    def post(self, request: Request) -> Response:
        caller = caller_of(request)
        result = login.login_with_code(**self.read(LoginRequestSerializer), caller=caller)
        return Response(
            {**asdict(result.tokens), "created": result.created, "user": self.show(result.wechat_user)}
        )


class RefreshView(WeChatView):
    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [RefreshThrottle]

    def post(self, request: Request) -> Response:
        body = self.read(RefreshRequestSerializer)
        return Response(asdict(sessions.refresh(body["refresh"])))


class LogoutView(WeChatView):
    def post(self, request: Request) -> Response:
        sessions.log_out(self.login_session, **self.read(LogoutRequestSerializer))
        return Response(status=204)


class MeView(WeChatView):
    def get(self, request: Request) -> Response:
        return Response(self.show(self.wechat_user))

    def put(self, request: Request) -> Response:
        profile.set_nickname(self.wechat_user, **self.read(ProfileRequestSerializer))
        return Response(self.show(self.wechat_user))

    def delete(self, request: Request) -> Response:
        erasure.erase(self.user)
        return Response(status=204)


class DataView(WeChatView):
    """Costs us or WeChat more than a look at a row."""

    throttle_classes = [DataThrottle, SessionDataThrottle]


class AvatarView(DataView):
    parser_classes = [BoundedFormParser]

    def post(self, request: Request) -> Response:
        try:
            avatars.set_avatar(self.wechat_user, self.read(AvatarRequestSerializer)["avatar"])
        except UnusablePicture:
            text = _(
                "Send a PNG, JPEG or WebP picture of at most 8 million pixels (JPEG: 16 million), "
                "no side longer than 8192."
            )
            raise ValidationError({"avatar": [text]}) from None
        return Response(self.show(self.wechat_user))


class ExportView(WeChatView):
    def get(self, request: Request) -> Response:
        context = {"request": request, "identities": export.everything_about(self.user)}
        return Response(ExportSerializer(self.user, context=context).data)


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
        data = open_data.open_for(self.wechat_user, **self.read(OpenDataRequestSerializer))
        open_data.take_profile(self.wechat_user, data)
        return Response({"data": data})


class PhoneView(DataView):
    def post(self, request: Request) -> Response:
        body = self.read(PhoneRequestSerializer)
        if "code" in body:
            bound = phone.bind_with_code(self.wechat_user, body["code"], caller=caller_of(request))
        else:
            bound = phone.bind_with_open_data(self.wechat_user, body["sealed"])
        return Response(PhoneSerializer(bound).data)


class EventsView(WeChatView):
    """For WeChat, which signs what it sends and reads plain text."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request: Request, appid: str) -> HttpResponse:
        return self.say(events.answer_handshake(appid, request.query_params.dict()))

    def post(self, request: Request, appid: str) -> HttpResponse:
        events.receive(appid, request.query_params.dict(), read_bounded(request._request))
        return self.say("success")

    def say(self, text: str) -> HttpResponse:
        return HttpResponse(text, content_type="text/plain; charset=utf-8")


class NothingHereView(WeChatView):
    authentication_classes = []
    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404
