"""How drf-spectacular comes to read the table."""

from collections.abc import Iterator
from typing import Any

from django.utils import translation
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiViewExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, is_jsonschema_compliant
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiRequest
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from .answers import HEADERS, headers_of, refusals_of, success_of
from .operations import OPERATIONS, Body, Operation, RawBody
from .shapes import REFUSAL, REFUSAL_CONDITIONS


class WeChatViewExtension(OpenApiViewExtension):
    """So the project's ``DEFAULT_SCHEMA_CLASS`` has no say in how our views are described."""

    target_class = "wxlogin.api.views.WeChatView"
    match_subclasses = True

    def view_replacement(self) -> type[APIView]:
        return type(self.target.__name__, (self.target,), {"schema": Described()})


class WeChatJWTExtension(OpenApiAuthenticationExtension):
    target_class = "wxlogin.api.authentication.WeChatJWTAuthentication"
    match_subclasses = True
    name = "WeChatJWT"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `access` of the last login or refresh.",
        }


class Described(AutoSchema):
    """Says of a view what the table says. A call that isn't there isn't in the schema."""

    @property
    def row(self) -> Operation:
        return next(self._rows())

    def _rows(self) -> Iterator[Operation]:
        """The call's own row, before those of the classes that its view derives from."""
        keys = ((kind, self.method.lower()) for kind in type(self.view).__mro__)
        return (OPERATIONS[key] for key in keys if key in OPERATIONS)

    def is_excluded(self) -> bool:
        return next(self._rows(), None) is None

    def get_operation_id(self) -> str:
        return f"wechat_{self.row.id}"

    def get_tags(self) -> list[str]:
        return [self.row.tag]

    def get_summary(self) -> str:
        return self.row.summary

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular itself
        return self.row.description

    def get_override_parameters(self) -> list[Any]:
        return [
            OpenApiParameter(name, str, description=text, required=required)
            for (name, required), text in self.row.query.items()
        ]

    def get_request_serializer(self) -> Any:
        return self.row.body and _requests(self.row.body)

    def get_response_serializers(self) -> Any:
        return success_of(self.row.answer)

    def get_serializer_name(self, serializer: Serializer, direction: Any) -> str:
        """With our name in front: the project's own components stand beside."""
        name = super().get_serializer_name(serializer, direction)
        return f"WeChat{name}" if type(serializer).__module__.startswith("wxlogin.") else name

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        with translation.override("en"):  # labels, help texts and refusals; the rest isn't translated
            operation = super().get_operation(*args, **kwargs)
            return operation and self._completed(operation)

    def _completed(self, operation: dict[str, Any]) -> dict[str, Any]:
        if isinstance(self.row.body, Body):
            operation["requestBody"]["required"] = self.row.body.required
        operation["responses"] |= refusals_of(type(self.view), self.row, self._refusal())
        for status, response in operation["responses"].items():
            response["headers"] = {name: self._header(name) for name in headers_of(status)}
        return operation

    def _refusal(self) -> dict[str, Any]:
        conditions = {"allOf": REFUSAL_CONDITIONS} if is_jsonschema_compliant() else {}
        return self._component(ResolvedComponent.SCHEMA, "Refusal", {**REFUSAL, **conditions})

    def _header(self, name: str) -> dict[str, Any]:
        return self._component(ResolvedComponent.HEADER, name, {"required": True, **HEADERS[name]})

    def _component(self, kind: str, name: str, content: dict[str, Any]) -> dict[str, Any]:
        """A reference to what the operations share."""
        component = ResolvedComponent(name, kind, content, object=Described)
        self.registry.register_on_missing(component)
        return component.ref


def _requests(body: Body | RawBody) -> dict[str, OpenApiRequest]:
    examples = [OpenApiExample(name, value) for name, value in body.examples.items()]
    return {media_type: OpenApiRequest(body.shape, examples=examples) for media_type in body.media_types}
