"""One tap: a login that brings a phone code along."""

import time
from typing import Any

import pytest
from django.db import OperationalError

from tests.api.people import person
from tests.api.phones import NUMBER, PHONE_PATH, phone_open_data
from tests.conftest import Api
from wxlogin.models import LoginFailure, WeChatUser

pytestmark = pytest.mark.usefixtures("phones")


def one_tap(api: Api, phone_code: Any, **body: Any) -> Any:
    return api.send_code(phone_code=phone_code, **body)


def test_a_login_may_bring_the_phone_along(api: Api) -> None:
    answer = one_tap(api, api.wechat.phone_code_for("o-alice"))

    assert (answer.status_code, answer.json()["user"]["phone_bound"]) == (200, True)
    assert list(WeChatUser.objects.with_phone(NUMBER)) == [person()]


@pytest.mark.parametrize("none", [None, "", "   "])
def test_a_missing_phone_code_makes_no_call(api: Api, none: Any) -> None:
    answer = one_tap(api, none)

    assert (answer.status_code, answer.json()["user"]["phone_bound"]) == (200, False)
    assert [call.path for call in api.wechat.calls] == ["/sns/jscode2session"]


@pytest.mark.parametrize("odd", [7, ["x"], "x" * 129])
def test_a_phone_code_of_another_shape_is_named_before_the_code_is_spent(api: Api, odd: Any) -> None:
    code = api.wechat.code_for("o-alice")

    answer = one_tap(api, odd, code=code)

    assert answer.json()["fields"].keys() == {"phone_code"}
    assert api.send_code(code).status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"errcode": 40029},
        {"errcode": 40001},
        {"errcode": 48001},
        {"body": "<html>"},
        {"reset": True},
        {"delay": 30},
    ],
)
@pytest.mark.parametrize("path", [PHONE_PATH, "/cgi-bin/stable_token"])
def test_a_phone_that_fails_never_costs_the_login(
    api: Api, configure: Any, fault: dict[str, Any], path: str
) -> None:
    configure(UPSTREAM_DEADLINE=1)
    phone_code = api.wechat.phone_code_for("o-alice")
    api.wechat.fault(path, **fault)
    started = time.monotonic()

    answer = one_tap(api, phone_code)

    assert (answer.status_code, answer.json()["user"]["phone_bound"]) == (200, False)
    assert Api(api.wechat, answer.json(), api.client).get("me/").status_code == 200
    assert time.monotonic() - started < 2


def test_a_slow_login_leaves_the_phone_for_later(api: Api, configure: Any) -> None:
    configure(UPSTREAM_DEADLINE=1)
    api.wechat.fault(delay=0.6)
    api.wechat.fault("/cgi-bin/stable_token", delay=0.6)
    phone_code = api.wechat.phone_code_for("o-alice")

    answer = one_tap(api, phone_code)
    api.wechat.fault(times=0)
    api.wechat.fault("/cgi-bin/stable_token", times=0)

    assert (answer.status_code, answer.json()["user"]["phone_bound"]) == (200, False)
    later = Api(api.wechat, answer.json(), api.client).post("phone/", {"code": phone_code})
    assert later.status_code == 200, "the code was not spent"


def test_a_database_that_fails_at_the_phone_does_not_cost_the_login(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> bool:
        raise OperationalError("gone")

    monkeypatch.setattr(WeChatUser, "store_phone", fail)

    answer = one_tap(api, api.wechat.phone_code_for("o-alice"))

    assert (answer.status_code, answer.json()["user"]["phone_bound"]) == (200, False)


def test_somebody_elses_phone_code_does_not_bind_at_login_either(api: Api) -> None:
    answer = one_tap(api, api.wechat.phone_code_for("o-bob"))

    assert (answer.status_code, answer.json()["user"]["phone_bound"]) == (200, False)
    assert LoginFailure.objects.get().code == "phone_code_invalid"


def test_what_was_bound_before_stays_bound(alice: Api) -> None:
    alice.post("phone/", phone_open_data(alice))

    answer = one_tap(alice, "made-up")

    assert answer.json()["user"]["phone_bound"] is True
    assert person().phone is not None
