"""Extensions of drf-spectacular, which make it read the table of operations."""

from collections.abc import Iterator
from typing import Any

from django.utils import translation
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiViewExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, is_jsonschema_compliant
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiRequest
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from .answers import HEADERS, header_names, refusal_responses, success_response
from .operations import OPERATIONS, Operation, ParsedBody, RawBody
from .shapes import REFUSAL, REFUSAL_CONDITIONS


class WeChatViewExtension(OpenApiViewExtension):
    """Describe our views with our own schema class, whatever ``DEFAULT_SCHEMA_CLASS`` the project sets."""

    target_class = "wxlogin.api.base.WeChatView"
    match_subclasses = True

    def view_replacement(self) -> type[APIView]:
        return type(self.target.__name__, (self.target,), {"schema": WeChatAutoSchema()})


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


class KeptNames(dict[str, Any]):
    """A JSON Schema whose property names stay.

    A project's postprocessing hook may turn the names of all components into camelCase, as its own renderer does. Our
    renderer doesn't. Hooks may still change a property.
    """

    def __setitem__(self, key: str, value: Any) -> None:
        if key not in self or key not in {"properties", "required"}:
            super().__setitem__(key, value)


class WeChatAutoSchema(AutoSchema):
    """Describe a call as the table of operations does. A call without a row is left out of the schema."""

    @property
    def row(self) -> Operation:
        return next(self._rows())

    def _rows(self) -> Iterator[Operation]:
        """Yield the row of the view's class, then the rows of its base classes."""
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

    # drf-spectacular itself returns a string here, too.
    def get_description(self) -> str:  # type: ignore[override]
        return self.row.description

    def get_override_parameters(self) -> list[Any]:
        return [
            OpenApiParameter(name, str, description=text, required=required)
            for (name, required), text in self.row.query.items()
        ]

    def get_request_serializer(self) -> Any:
        return self.row.body and _requests(self.row.body)

    def get_response_serializers(self) -> Any:
        return success_response(self.row.answer)

    def get_serializer_name(self, serializer: Serializer, direction: Any) -> str:
        """Prefix the names of our components, so that they can't clash with the project's own."""
        name = super().get_serializer_name(serializer, direction)
        return f"WeChat{name}" if type(serializer).__module__.startswith("wxlogin.") else name

    def _map_serializer(self, *args: Any, **kwargs: Any) -> Any:
        return KeptNames(super()._map_serializer(*args, **kwargs))  # type: ignore[no-untyped-call]

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        # Labels, help texts and refusals would be translated, the rest of the schema not.
        with translation.override("en"):
            operation = super().get_operation(*args, **kwargs)
            return operation and self._add_refusals_and_headers(operation)

    def _add_refusals_and_headers(self, operation: dict[str, Any]) -> dict[str, Any]:
        if isinstance(self.row.body, ParsedBody):
            operation["requestBody"]["required"] = self.row.body.required
        operation["responses"] |= refusal_responses(type(self.view), self.row, self._refusal())
        for status, response in operation["responses"].items():
            response["headers"] = {name: self._header(name) for name in header_names(status)}
        return operation

    def _refusal(self) -> dict[str, Any]:
        conditions = {"allOf": REFUSAL_CONDITIONS} if is_jsonschema_compliant() else {}
        return self._component(ResolvedComponent.SCHEMA, "Refusal", {**REFUSAL, **conditions})

    def _header(self, name: str) -> dict[str, Any]:
        return self._component(ResolvedComponent.HEADER, name, {"required": True, **HEADERS[name]})

    def _component(self, kind: str, name: str, content: dict[str, Any]) -> dict[str, Any]:
        """Register a component that operations share, unless it exists, and return a reference to it."""
        component = ResolvedComponent(name, kind, KeptNames(content), object=WeChatAutoSchema)
        self.registry.register_on_missing(component)
        return component.ref


def _requests(body: ParsedBody | RawBody) -> dict[str, OpenApiRequest]:
    examples = [OpenApiExample(name, value) for name, value in body.examples.items()]
    return {media_type: OpenApiRequest(body.shape, examples=examples) for media_type in body.media_types}
