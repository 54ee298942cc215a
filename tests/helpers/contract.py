"""Compare every answer that a test gets from the API with the OpenAPI schema."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.urls import include, path, resolve
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from jsonschema import Draft202012Validator, FormatChecker

from wxlogin.conf import conf

JSON = "application/json"
# A call can be refused with these before its method matters.
BEFORE_THE_METHOD = {"401", "429", "500", "503"}
# A schema below one of these keys doesn't describe a value on its own.
NOT_ALONE = {"allOf", "if", "then", "else", "not", "examples"}

formats = FormatChecker(formats=())


class NotInTheContract(AssertionError):
    """The schema doesn't describe an answer."""


def check(method: str, answer: Any) -> None:
    """Raise ``NotInTheContract`` if the schema doesn't describe ``answer``, an answer of Django's test client."""
    document = schema(conf.USER_SERIALIZER)
    for problem in _problems(document, method, answer):
        facts = f"{method.upper()} {answer.wsgi_request.path}: {answer.status_code} {answer.content.decode()}"
        raise NotInTheContract(f"{facts}: {problem}")


@cache
def schema(user_serializer: type) -> Any:
    """Return the schema of our URLconf alone, which no ``REST_FRAMEWORK`` of the project changes.

    ``user_serializer`` is only the key of the cache: the schema reads the class from ``conf``.
    """
    patterns = [path("api/wechat/", include("wxlogin.api.urls"))]
    return json.loads(
        OpenApiJsonRenderer().render(SchemaGenerator(patterns=patterns).get_schema(public=True))
    )


def errors(document: Any, shape: Mapping[str, Any], value: Any) -> list[str]:
    """Return what is wrong with ``value``. A member that the schema doesn't describe is wrong too."""
    root = {**_closed(shape), "components": _closed(document["components"])}
    found = Draft202012Validator(root, format_checker=formats).iter_errors(value)
    return [f"{error.json_path}: {error.message}" for error in found]


def _problems(document: Any, method: str, answer: Any) -> Iterator[str]:
    described = _described(document, method, answer)
    if described is None:
        yield "no such status"
        return
    for name in described["headers"]:
        yield from _wrong_header(document, name, answer.headers.get(name))
    content = described.get("content", {})
    if not content or method == "head":
        if answer.content:
            yield "has a body"
        return
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    if media_type not in content:
        yield f"is {media_type}"
        return
    body = answer.content.decode()
    yield from errors(
        document, content[media_type]["schema"], json.loads(body) if media_type == JSON else body
    )


def _described(document: Any, method: str, answer: Any) -> Any:
    """Return the schema's Response Object for the answer, or None."""
    route = resolve(answer.wsgi_request.path_info).route
    operations = document["paths"].get("/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route))
    status = str(answer.status_code)
    if operations is None:
        return _anywhere(document, "404") if status == "404" else None
    operation = operations.get("get" if method == "head" else method)
    if operation:
        return operation["responses"].get(status)
    if status == "405":
        return _anywhere(document, "405")
    before = [each["responses"].get(status) for each in operations.values() if status in BEFORE_THE_METHOD]
    return next(filter(None, before), None)


def _anywhere(document: Any, status: str) -> Any:
    operations = [operation for each in document["paths"].values() for operation in each.values()]
    return next(each["responses"][status] for each in operations if status in each["responses"])


def _wrong_header(document: Any, name: str, value: str | None) -> list[str]:
    if value is None:
        return [f"no {name}"]
    shape = document["components"]["headers"][name]["schema"]
    is_number = shape["type"] == "integer" and value.isdecimal()
    return [f"{name} {error}" for error in errors(document, shape, int(value) if is_number else value)]


def _closed(shape: Any) -> Any:
    """Return the same shape, but without members that it doesn't name."""
    if isinstance(shape, list):
        return [_closed(each) for each in shape]
    if not isinstance(shape, dict):
        return shape
    closed = {key: value if key in NOT_ALONE else _closed(value) for key, value in shape.items()}
    return {"additionalProperties": False, **closed} if isinstance(shape.get("properties"), dict) else closed


@formats.checks("date-time", raises=ValueError)
def _is_utc(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).utcoffset() == timedelta(0)


@formats.checks("uri", raises=ValueError)
def _is_absolute(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme and urlsplit(value).netloc)
