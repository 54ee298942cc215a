"""The OpenAPI schema as a judge of answers: whatever a test gets from the API has to be described there."""

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
# What a call is refused for before its method matters.
BEFORE_THE_METHOD = {"401", "429", "503"}
# What stands below says something about a schema and is none of its own.
NOT_ALONE = {"allOf", "if", "then", "else", "not", "examples"}

formats = FormatChecker(formats=())


class NotInTheContract(AssertionError):
    pass


def check(method: str, answer: Any) -> None:
    """Raises ``NotInTheContract`` for an answer, as Django's test client gives it, that isn't described."""
    document = schema(conf.USER_SERIALIZER)
    for problem in _problems(document, method, answer):
        facts = f"{method.upper()} {answer.wsgi_request.path}: {answer.status_code} {answer.content.decode()}"
        raise NotInTheContract(f"{facts}: {problem}")


@cache
def schema(user_serializer: type) -> Any:
    """Of our URLconf alone: so the project's ``REST_FRAMEWORK`` may be anything. It asks ``conf`` for the class."""
    patterns = [path("api/wechat/", include("wxlogin.api.urls"))]
    return json.loads(
        OpenApiJsonRenderer().render(SchemaGenerator(patterns=patterns).get_schema(public=True))
    )


def errors(document: Any, shape: Mapping[str, Any], value: Any) -> list[str]:
    """What is wrong with ``value``; a member that isn't described is."""
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
    """The schema's Response Object for the answer, or None."""
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
    """The same shape, without room for members that it doesn't name."""
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
