"""The lists: searches, filters, order and cost."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tests.conftest import Api
from tests.helpers.queries import statements
from wxlogin.clock import utc_now
from wxlogin.models import LoginSession, WeChatUser

from .staff import MODELS, OPENID, UNIONID, url


@pytest.mark.parametrize("model", MODELS)
def test_lists_cost_the_same_at_ten_rows_and_at_forty(api: Api, superuser: Client, model: str) -> None:
    def grow(to: int) -> int:
        for number in range(LoginSession.objects.count(), to):
            api.send_code(openid=f"o-person-{number}")
            api.send_code("never-issued")
        superuser.get(url(model))
        with statements() as queries:
            assert superuser.get(url(model)).status_code == 200
        return len(queries)

    at_ten, at_forty = grow(10), grow(40)

    assert at_ten == at_forty <= 15


@pytest.mark.parametrize(
    ("model", "lookup"),
    [
        ("sessionkey", "sealed__startswith"),
        ("sessionkey", "wechat_user__openid__startswith"),
        ("wechatuser", "openid__startswith"),
        ("wechatuser", "sealed_phone__startswith"),
        ("wechatuser", "phone_hash__startswith"),
        ("wechatuser", "session_key__sealed__startswith"),
        ("wechatuser", "user__password__startswith"),
        ("loginsession", "ip__startswith"),
        ("loginsession", "wechat_user__unionid__startswith"),
        ("loginfailure", "ip__startswith"),
        ("loginfailure", "wechat_user__openid__startswith"),
        ("staffact", "reason__startswith"),
        ("staffact", "staff__password__startswith"),
        ("staffact", "wechat_user__sealed_phone__startswith"),
    ],
)
def test_a_hidden_column_answers_no_question(person: Api, superuser: Client, model: str, lookup: str) -> None:
    hit, miss = superuser.get(url(model), {lookup: ""}), superuser.get(url(model), {lookup: "zzz"})

    assert hit.status_code == miss.status_code == 400


@pytest.mark.parametrize(
    ("model", "query", "found"),
    [
        ("wechatuser", OPENID, 1),
        ("wechatuser", UNIONID, 1),
        ("wechatuser", OPENID.lower(), 0),
        ("wechatuser", OPENID[:8], 1),
        ("wechatuser", OPENID[:8].lower(), 0),
        ("wechatuser", OPENID[:3], 0),
        ("loginsession", OPENID, 2),
        ("loginsession", "the session's id", 1),
        ("sessionkey", OPENID, 1),
        ("loginfailure", "trace-42", 1),
        ("loginfailure", "trace", 0),
    ],
)
def test_search_finds_by_whole_keys(
    person: Api, bob: Api, viewer: Client, model: str, query: str, found: int
) -> None:
    if query == "the session's id":
        query = LoginSession.objects.first().public_id

    answer = viewer.get(url(model), {"q": query})

    assert answer.context["cl"].result_count == found


@pytest.mark.parametrize("query", ["韩梅梅", "😀", "x" * 5000, "0", "-1", "9" * 400, "%", "a b c"])
@pytest.mark.parametrize("model", [*MODELS, "staffact"])
def test_any_search_has_an_answer(person: Api, superuser: Client, model: str, query: str) -> None:
    assert superuser.get(url(model), {"q": query}).status_code == 200


@pytest.mark.parametrize(
    ("model", "query", "found"),
    [
        ("wechatuser", {"state": "disabled"}, 1),
        ("wechatuser", {"state": "blocked"}, 1),
        ("wechatuser", {"state": "conflict"}, 0),
        ("wechatuser", {"app": "wx00000000000000aa"}, 3),
        ("loginsession", {"state": "live"}, 2),
        ("loginsession", {"state": "logged_out"}, 1),
        ("loginsession", {"app": "wx00000000000000aa"}, 3),
        ("sessionkey", {"state": "unknown"}, 3),
        ("loginfailure", {"app": "wx-other"}, 0),
    ],
)
def test_filters_answer_questions(
    api: Api, viewer: Client, model: str, query: dict[str, str], found: int
) -> None:
    api.log_in("o-gone").post("logout/")
    api.log_in("o-disabled")
    api.log_in("o-blocked")
    get_user_model().objects.filter(wechat_users__openid="o-disabled").update(is_active=False)
    WeChatUser.objects.filter(openid="o-blocked").update(blocked_at=utc_now())

    answer = viewer.get(url(model), query)

    assert answer.status_code == 200
    assert answer.context["cl"].result_count == found


def test_a_unionid_conflict_is_shown_and_can_be_filtered(api: Api, viewer: Client, configure: Any) -> None:
    apps = {appid: {"SECRET": "s", "OPEN_PLATFORM": "ours"} for appid in ("wx-tea", "wx-books")}
    configure(APPS={**apps, "wx-alone": {"SECRET": "s"}})
    for appid, unionid in [("wx-tea", None), ("wx-books", "u"), ("wx-alone", "u"), ("wx-tea", "u")]:
        api.wechat.person(f"o-{appid}", unionid=unionid)
        api.send_code(api.wechat.code_for(f"o-{appid}", appid), appid=appid)

    answer = viewer.get(url("wechatuser"), {"state": "conflict"})

    assert {person.appid for person in answer.context["cl"].result_list} == {"wx-tea", "wx-books"}
    assert answer.content.decode().count('wxlogin-bad">unionid conflict<') == 2


def test_a_list_is_sorted_by_nothing_but_what_has_an_index(person: Api, viewer: Client) -> None:
    answer = viewer.get(url("loginsession"), {"o": "-7"})

    assert answer.context["cl"].queryset.query.order_by == ("-created_at", "-pk")
