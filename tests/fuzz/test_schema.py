"""schemathesis calls the API with bodies that the OpenAPI schema allows and with others, and reads the answers.

``SCHEMATHESIS=long`` makes many more calls, and others each time.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from project.wsgi import application
from tests.conftest import API, Api
from tests.helpers import contract
from wxlogin.api.errors import ANSWERS
from wxlogin.api.serializers import UserSerializer

IS_LONG = os.environ.get("SCHEMATHESIS") == "long"
PROFILE = settings(
    max_examples=int(os.environ.get("SCHEMATHESIS_EXAMPLES", 500 if IS_LONG else 12)),
    derandomize=not IS_LONG,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    # Each case logs in anew, since a logout or an erasure ends the login.
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CHECKS_BY_MODE = {
    GenerationMode.POSITIVE: CHECKS,
    GenerationMode.NEGATIVE: [*CHECKS, negative_data_rejection],
}
DOCUMENT = contract.schema(UserSerializer)
OPERATIONS = [(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
SCHEMA.app = application


def good_values(path: str, api: Api) -> dict[str, str]:
    """Return values that work, for members of a body that nobody guesses."""
    wechat = api.wechat
    return {
        "login/": lambda: {
            "code": wechat.code_for("o-alice"),
            "phone_code": wechat.phone_code_for("o-alice"),
        },
        "token/refresh/": lambda: {"refresh": api.tokens["refresh"]},
        "phone/": lambda: {"code": wechat.phone_code_for("o-alice")},
    }.get(path, dict)()


@contextmanager
def kept_connection() -> Iterator[None]:
    """Keep the test's database connection open after a request, as Django's test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("is_logged_in", [True, False], ids=["with a token", "without"])
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_in_the_schema(
    api: Api, method: str, path: str, mode: GenerationMode, is_logged_in: bool
) -> None:
    statuses = []

    @PROFILE
    @given(case=SCHEMA[path][method].as_strategy(mode), is_good=st.booleans())
    def call(case: Case, is_good: bool) -> None:
        device = api.log_in()
        if is_good and mode is GenerationMode.POSITIVE and isinstance(case.body, dict):
            known = good_values(path.removeprefix(API), device)
            case.body |= {name: value for name, value in known.items() if name in case.body}
        access = device.tokens["access"] if is_logged_in else "made-up"
        with kept_connection():
            answer = case.call(headers={"Authorization": f"Bearer {access}"})
        statuses.append(answer.status_code)
        if answer.status_code >= 400:
            code = answer.json()["code"]
            assert ANSWERS[code].status == answer.status_code
        case.validate_response(answer, checks=CHECKS_BY_MODE[mode])

    call()
    print(f"{len(statuses)} calls")  # noqa: T201  shown by pytest -s
