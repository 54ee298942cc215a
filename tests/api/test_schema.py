"""The OpenAPI schema describes every call of the API and no other."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver
from django.utils import translation
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.settings import patched_settings
from drf_spectacular.validation import validate_schema
from rest_framework import serializers

from tests.conftest import API, Api
from tests.helpers import contract
from tests.helpers.process import python
from wxlogin.api.errors import ANSWERS
from wxlogin.api.parsers import conceal
from wxlogin.api.schema.operations import OPERATIONS
from wxlogin.api.serializers import UserSerializer
from wxlogin.models import LoginSession, WeChatUser

SCHEMA = "/api/schema/"


@pytest.fixture
def document() -> Any:
    return contract.schema(UserSerializer)


def operations_of(document: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def refusals_of(document: Any) -> Iterator[tuple[int, list[str], dict[str, Any]]]:
    """Yield the status, the codes and the content of each refusal."""
    for _, _, operation in operations_of(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                content = response["content"]["application/json"]
                yield int(status), content["schema"]["allOf"][1]["properties"]["code"]["enum"], content


def test_it_is_valid_and_nothing_in_it_was_guessed(tmp_path: Any) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yaml"))


def test_it_holds_every_call_and_no_other(document: Any) -> None:
    mounted = next(p for p in get_resolver().url_patterns if str(p.pattern) == "api/wechat/")
    routes = {
        (API + re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern)), method)
        for pattern in mounted.url_patterns
        for method in pattern.callback.cls().allowed_methods
        if method not in {"OPTIONS", "HEAD"}
    }

    assert {(path, method.upper()) for path, method, _ in operations_of(document)} == routes


def test_each_call_says_what_it_is_for(document: Any) -> None:
    operations = [operation for _, _, operation in operations_of(document)]

    assert all(operation["summary"] and operation["tags"] for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations) == len(OPERATIONS)


def test_only_some_calls_need_no_token(document: Any) -> None:
    free = {path.removeprefix(API) for path, _, each in operations_of(document) if each["security"] == [{}]}
    rest = [each["security"] for _, _, each in operations_of(document) if each["security"] != [{}]]

    assert free == {"login/", "token/refresh/", "events/{appid}/"}
    assert all(security == [{"WeChatJWT": []}] for security in rest)
    assert document["components"]["securitySchemes"]["WeChatJWT"]["scheme"] == "bearer"


def test_every_refusal_is_somewhere_and_has_its_status(document: Any) -> None:
    seen = {(code, status) for status, codes, _ in refusals_of(document) for code in codes}

    assert seen == {(code, answer.status) for code, answer in ANSWERS.items()}


@pytest.mark.parametrize(
    ("call", "codes"),
    [
        ("post login/", {"unknown_app", "code_invalid", "user_blocked", "account_disabled", "throttled"}),
        ("post token/refresh/", {"token_invalid", "session_ended", "throttled", "invalid_request"}),
        ("get me/", {"token_invalid", "session_ended", "storage_unavailable", "method_not_allowed"}),
        ("post open-data/", {"open_data_invalid", "session_key_missing", "throttled", "too_large"}),
        ("post phone/", {"phone_code_invalid", "open_data_invalid", "unknown_app", "wechat_timeout"}),
        ("get events/{appid}/", {"signature_invalid", "method_not_allowed"}),
    ],
)
def test_a_call_names_what_it_can_refuse(document: Any, call: str, codes: set[str]) -> None:
    method, path = call.split()

    assert codes <= codes_of(document["paths"][API + path][method])


def test_a_call_names_nothing_that_it_can_not_refuse(document: Any) -> None:
    by_path = {
        (path.removeprefix(API), method): codes_of(each) for path, method, each in operations_of(document)
    }

    asking = {path for (path, _), codes in by_path.items() if "wechat_timeout" in codes}
    assert asking == {"login/", "phone/", "session-key/check/", "session-key/reset/"}
    counted = {path for (path, _), codes in by_path.items() if "throttled" in codes}
    assert counted == asking | {"token/refresh/", "open-data/", "me/avatar/", "events/{appid}/"}
    without_body = {call for call, codes in by_path.items() if "invalid_request" not in codes}
    assert {method for _, method in without_body} == {"get", "delete", "post"}
    posts = {path for path, method in without_body if method == "post"}
    assert posts == {"session-key/check/", "session-key/reset/"}
    assert {call for call, codes in by_path.items() if "not_found" in codes} == {
        ("sessions/{session_id}/", "delete")
    }
    assert {call for call, codes in by_path.items() if "storage_unavailable" not in codes} == {
        ("events/{appid}/", "get")
    }


def codes_of(operation: dict[str, Any]) -> set[str]:
    refused = refusals_of({"paths": {"": {"": operation}}})
    return {code for _, codes, _ in refused for code in codes}


def test_each_refusal_is_shown_with_its_real_sentence(document: Any) -> None:
    with translation.override("en"):
        sentences = {code: str(answer.detail) for code, answer in ANSWERS.items()}

    for _, codes, content in refusals_of(document):
        shown = {name: example["value"] for name, example in content["examples"].items()}
        assert list(shown) == codes
        for code in codes:
            assert (shown[code]["code"], shown[code]["detail"]) == (code, sentences[code])


def test_every_body_has_examples_and_they_are_true(document: Any) -> None:
    for path, method, operation in operations_of(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in (content for body in bodies for content in body.get("content", {}).values()):
            assert content["examples"], (path, method)
            for example in content["examples"].values():
                assert contract.errors(document, content["schema"], example["value"]) == []


@pytest.mark.parametrize("row", OPERATIONS.values(), ids=lambda row: row.id)
def test_the_api_takes_the_bodies_that_are_shown(row: Any) -> None:
    shape = getattr(row.body, "shape", None)
    if not isinstance(shape, type):
        return

    for example in row.body.examples.values():
        assert shape(data=conceal(example)).is_valid()


def test_why_a_session_ended_is_one_of_a_few_words(document: Any) -> None:
    refusal = {"$ref": "#/components/schemas/Refusal"}
    ended = {"code": "session_ended", "detail": "Over."}

    for reason in LoginSession.EndReason.values:
        assert contract.errors(document, refusal, {**ended, "reason": reason}) == []
    assert contract.errors(document, refusal, {**ended, "reason": "boredom"})


@pytest.mark.parametrize(
    ("accept", "read"),
    [
        ("*/*", yaml.safe_load),
        ("application/yaml", yaml.safe_load),
        ("application/vnd.oai.openapi", yaml.safe_load),
        ("application/json", json.loads),
        ("application/vnd.oai.openapi+json", json.loads),
    ],
)
def test_the_project_shows_it_to_anybody(client: Client, accept: str, read: Callable[[bytes], Any]) -> None:
    answer = client.get(SCHEMA, headers={"Accept": accept, "Authorization": "Basic nonsense"})

    assert answer.status_code == 200
    shown = read(answer.content)
    assert shown["openapi"] == "3.1.0"
    assert set(shown["paths"]) == set(contract.schema(UserSerializer)["paths"])


def test_it_holds_no_secret(client: Client, configure: Callable[..., None], settings: Any) -> None:
    hidden = {"SECRET": "the-secret", "PUSH_TOKEN": "the-token", "PUSH_AES_KEY": "the-aes-key"}
    configure(APPS={"wx-hidden": {**hidden, "NAME": "the-name"}})
    settings.SECRET_KEY = "the-secret-key-of-the-project-in-32-bytes"

    shown = client.get(SCHEMA).content.decode()

    for secret in (*hidden.values(), "wx-hidden", "the-name", settings.SECRET_KEY):
        assert secret not in shown


def test_it_is_english_whoever_asks(client: Client) -> None:
    assert (
        client.get(SCHEMA, headers={"Accept-Language": "zh-CN"}).content
        == client.get(SCHEMA, headers={"Accept-Language": "en"}).content
    )


class Badge(serializers.ModelSerializer):
    class Meta:
        model = WeChatUser
        fields = ["nickname"]
        read_only_fields = fields


def test_a_projects_own_user_serializer_is_in_it(api: Api, configure: Callable[..., None]) -> None:
    configure(USER_SERIALIZER="tests.api.test_schema.Badge")

    # Each answer is checked against the new schema.
    alice = api.log_in()

    assert alice.tokens["user"] == {"nickname": ""}
    document = contract.schema(Badge)
    shown = document["paths"][API + "me/"]["get"]["responses"]["200"]["content"]["application/json"]
    assert shown == {"schema": {"$ref": "#/components/schemas/Badge"}}
    assert "WeChatUser" not in document["components"]["schemas"]


@pytest.mark.parametrize(
    "patches",
    [
        {"OAS_VERSION": "3.0.3"},
        {"COMPONENT_SPLIT_REQUEST": True},
        {"SCHEMA_PATH_PREFIX": "/api"},
        {"ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False},
    ],
    ids=lambda patches: next(iter(patches)),
)
def test_it_is_valid_in_a_project_that_wants_other_things(patches: dict[str, Any]) -> None:
    with patched_settings(patches):
        document = contract.schema.__wrapped__(UserSerializer)

    assert not GENERATOR_STATS
    validate_schema(document)


def test_the_api_works_without_drf_spectacular() -> None:
    outcome = python(
        "-c",
        """
import sys
# Importing it raises ImportError, as if it weren't installed.
sys.modules["drf_spectacular"] = None
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="made-up-" * 8,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "wxlogin"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    ROOT_URLCONF="wxlogin.api.urls",
    USE_TZ=True,
    WXLOGIN={"APPS": {"wx1": {"SECRET": "s"}}},
)
django.setup()
from django.core.management import call_command
from wxlogin.api.parsers import conceal
call_command("check")
assert not [name for name in sys.modules if name.startswith(("drf_spectacular.", "wxlogin.api.schema"))]
""",
    )

    assert outcome.returncode == 0, outcome.stderr
