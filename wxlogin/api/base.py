"""The base of all views of the API."""

import logging
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any, cast

from django.contrib.auth.models import AbstractBaseUser
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.status import HTTP_413_REQUEST_ENTITY_TOO_LARGE, HTTP_500_INTERNAL_SERVER_ERROR
from rest_framework.views import APIView

from wxlogin import databases
from wxlogin.caller import request_id_of
from wxlogin.conf import conf
from wxlogin.crash_reports import hide_body
from wxlogin.database_errors import conceal
from wxlogin.deadline import request_deadline
from wxlogin.exceptions import UserFactoryFailed
from wxlogin.log import log, request_id
from wxlogin.models import LoginSession, WeChatUser

from .authentication import WeChatJWTAuthentication
from .errors import response_to
from .parsers import BoundedJSONParser, drain
from .renderers import SecretJSONRenderer


class IgnoreAcceptHeader(BaseContentNegotiation):
    """Answer in the view's one format, whatever ``Accept`` says. A 406 answer would help no client."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class WeChatView(APIView):
    """The base of all endpoints.

    It sets every class attribute that DRF would otherwise take from the project's ``REST_FRAMEWORK`` settings.
    """

    authentication_classes = [WeChatJWTAuthentication]
    permission_classes = [IsAuthenticated]
    parser_classes = [BoundedJSONParser]
    renderer_classes = [SecretJSONRenderer]
    throttle_classes = []
    content_negotiation_class = IgnoreAcceptHeader
    http_method_names = ["get", "head", "post", "put", "delete"]
    metadata_class = None
    versioning_class = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:  # type: ignore[override]
        # With ATOMIC_REQUESTS, a transaction would stay open during a call to WeChat. And a refusal would roll
        # back what was stored before it, for example the end of a session.
        return databases.non_atomic(super().as_view(**initkwargs))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the answer with its bytes. Django would render it outside of this view, and answer errors in HTML."""
        until_answered = ExitStack()
        try:
            until_answered.callback(request_id.reset, request_id.set(request_id_of(request)))
            request.wxlogin_request_id = request_id.get()  # type: ignore[attr-defined]
            until_answered.enter_context(request_deadline())
            language = translation.get_language_from_request(request)
            until_answered.enter_context(translation.override(language))
            return _rendered(super().dispatch(request, *args, **kwargs))
        except Exception as exc:  # noqa: BLE001
            if not isinstance(self.request, Request):
                # It happened before DRF could set these.
                self.request, self.headers = Request(request), self.default_response_headers
            return _rendered(self.finalize_response(self.request, self.handle_exception(exc)))
        finally:
            until_answered.close()

    def handle_exception(self, exc: Exception) -> Response:
        response = response_to(exc)
        if response.status_code == HTTP_500_INTERNAL_SERVER_ERROR:
            self._report(exc)
        if response.status_code != HTTP_413_REQUEST_ENTITY_TOO_LARGE:
            drain(self.request._request)
        response.exception = True
        return response

    def _report(self, exc: Exception) -> None:
        """Tell crash reporters and the log about an exception that nobody foresaw, as Django does."""
        hide_body(self.request._request)
        conceal(exc)
        # Receivers ask sys.exc_info() for the exception, which is being handled here.
        outcomes = got_request_exception.send_robust(sender=None, request=self.request._request)
        cause = exc.problem if isinstance(exc, UserFactoryFailed) else ""
        log("internal error", logging.ERROR, exc_info=exc, problem=type(exc).__name__, cause=cause)
        for _, failure in outcomes:
            if isinstance(failure, Exception):
                log("crash reporter failed", logging.ERROR, problem=type(failure).__name__)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        response["X-Request-ID"] = request_id.get()
        return response

    def read_body(self, serializer_class: type[Serializer]) -> dict[str, Any]:
        """Validate the request's body and return its fields. Raises DRF's ``ValidationError``."""
        serializer = serializer_class(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def serialize_user(self, wechat_user: WeChatUser) -> dict[str, Any]:
        """Return the person as the project's ``USER_SERIALIZER`` shows them to themselves."""
        return dict(conf.USER_SERIALIZER(wechat_user, context={"request": self.request}).data)

    @property
    def login_session(self) -> LoginSession:
        """The caller's login session. Only for views that need ``WeChatJWTAuthentication``."""
        return cast(LoginSession, self.request.auth)

    @property
    def wechat_user(self) -> WeChatUser:
        return self.login_session.person

    @property
    def user(self) -> AbstractBaseUser:
        return self.wechat_user.user


def _rendered(response: HttpResponseBase) -> HttpResponseBase:
    return response.render() if isinstance(response, Response) else response
