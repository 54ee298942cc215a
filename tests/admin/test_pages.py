import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.conftest import Api
from tests.helpers.queries import statements
from wxlogin.models import LoginFailure, LoginSession, SessionKey, WeChatUser

from .staff import OPENID, UNIONID, ending, url

MODELS = ["wechatuser", "loginsession", "sessionkey", "loginfailure"]


@pytest.mark.parametrize("model", MODELS)
def test_a_viewer_sees_lists_and_rows(person: Api, viewer: Client, model: str) -> None:
    rows = {
        "wechatuser": WeChatUser,
        "loginsession": LoginSession,
        "sessionkey": SessionKey,
        "loginfailure": LoginFailure,
    }

    listed = viewer.get(url(model))
    row = viewer.get(url(model, "change", rows[model].objects.latest("pk").pk))

    assert (listed.status_code, row.status_code) == (200, 200)
    assert b'name="_save"' not in row.content
    assert b"<textarea" not in row.content


@pytest.mark.parametrize("model", MODELS)
def test_nothing_can_be_added_edited_or_deleted_by_hand(person: Api, superuser: Client, model: str) -> None:
    pk = (
        {"wechatuser": WeChatUser, "loginsession": LoginSession, "sessionkey": SessionKey}.get(
            model, LoginFailure
        )
        .objects.latest("pk")
        .pk
    )

    answers = [
        superuser.get(url(model, "add")),
        superuser.post(url(model, "add"), {}),
        superuser.post(url(model, "change", pk), {"nickname": "x", "public_id": "y"}),
        superuser.get(url(model, "delete", pk)),
        superuser.post(url(model, "delete", pk), {"post": "yes"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5
    assert b"delete_selected" not in superuser.get(url(model)).content


@pytest.mark.parametrize("model", MODELS)
def test_without_the_permission_there_is_no_page(
    person: Api, staff_with: Callable[..., Client], model: str
) -> None:
    stranger = staff_with()

    assert stranger.get(url(model)).status_code == 403
    assert Client().get(url(model)).status_code == 302


def test_a_wechat_user_does_not_get_into_the_admin(person: Api) -> None:
    user = get_user_model().objects.get()

    answer = Client().post("/admin/login/", {"username": user.username, "password": ""})

    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies


@pytest.mark.parametrize("model", MODELS)
def test_ids_and_addresses_are_masked_everywhere(person: Api, superuser: Client, model: str) -> None:
    LoginSession.objects.update(ip="203.0.113.77")
    LoginFailure.objects.update(ip="2001:db8:1:2:3:4:5:6")
    LoginFailure.objects.create(created_at=timezone.now(), code="x", appid="a", ip="203.0.113.77")
    kind = {"wechatuser": WeChatUser, "loginsession": LoginSession, "sessionkey": SessionKey}.get(
        model, LoginFailure
    )
    pages = [
        url(model),
        *(url(model, page, row.pk) for row in kind.objects.all() for page in ("change", "history")),
    ]

    for page in pages:
        content = superuser.get(page).content.decode()
        for whole in (OPENID, UNIONID, "203.0.113.77", "2001:db8:1:2:3:4:5:6"):
            assert whole not in content, page
    assert "oAli…enid" in superuser.get(url("wechatuser")).content.decode()
    assert "203.0.113.*" in superuser.get(url("loginsession")).content.decode()


def test_ending_a_session_refuses_its_tokens_at_the_next_request(person: Api, support: Client) -> None:
    session = LoginSession.objects.latest("pk")

    answer = support.post(url("loginsession"), ending([session.pk]), follow=True)

    refused = person.get("me/")
    assert "1 login session ended" in answer.content.decode()
    assert (refused.status_code, refused.json()["reason"]) == (401, "ended_by_staff")
    assert person.refresh().json()["reason"] == "ended_by_staff"
    assert LoginSession.objects.live(timezone.now()).count() == 1


def test_ending_a_persons_sessions_ends_all_of_them_and_nobody_elses(
    person: Api, bob: Api, support: Client, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = WeChatUser.objects.get(openid=OPENID)

    answer = support.post(url("wechatuser"), ending([chosen.pk]), follow=True)

    assert "2 login sessions ended" in answer.content.decode()
    assert person.get("me/").json()["reason"] == "ended_by_staff"
    assert bob.get("me/").status_code == 200
    assert f"staff={get_user_model().objects.get(username='staff-5-0').pk}" in caplog.text


def test_what_is_over_already_keeps_its_reason(person: Api, support: Client) -> None:
    person.post("logout/")
    session = LoginSession.objects.get(end_reason="logged_out")

    answer = support.post(url("loginsession"), ending([session.pk]), follow=True)

    session.refresh_from_db()
    assert "Nothing to end" in answer.content.decode()
    assert session.end_reason == "logged_out"


def test_what_expired_is_not_ended_by_staff(person: Api, support: Client) -> None:
    LoginSession.objects.update(expires_at=timezone.now())
    ids = list(LoginSession.objects.values_list("pk", flat=True))

    answer = support.post(url("loginsession"), ending(ids), follow=True)

    assert "Nothing to end" in answer.content.decode()
    assert not LoginSession.objects.filter(end_reason="ended_by_staff").exists()


@pytest.mark.parametrize("model", ["wechatuser", "loginsession"])
def test_a_viewer_can_end_nothing(person: Api, viewer: Client, model: str) -> None:
    data = {
        "action": "end_sessions",
        "_selected_action": list(LoginSession.objects.values_list("pk", flat=True)),
    }

    viewer.post(url(model), data)

    assert b"end_sessions" not in viewer.get(url(model)).content
    assert person.get("me/").status_code == 200


def test_a_get_ends_nothing(person: Api, support: Client) -> None:
    support.get(
        url("loginsession"), {"action": "end_sessions", "_selected_action": LoginSession.objects.first().pk}
    )

    assert person.get("me/").status_code == 200


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
    WeChatUser.objects.filter(openid="o-blocked").update(blocked_at=timezone.now())

    answer = viewer.get(url(model), query)

    assert answer.status_code == 200
    assert answer.context["cl"].result_count == found


@pytest.mark.parametrize(
    "nickname",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{7*7}}",
        "😀" * 64,
        "=cmd|' /C calc'!A0",
    ],
)
def test_hostile_nicknames_are_only_text(person: Api, support: Client, nickname: str) -> None:
    person.put("me/", {"nickname": nickname})
    pk = WeChatUser.objects.get().pk

    pages = [
        support.get(url("wechatuser")),
        support.get(url("wechatuser", "change", pk)),
        support.get(url("wechatuser", "history", pk)),
        support.post(url("wechatuser"), ending([pk]), follow=True),
    ]

    for page in pages:
        content = page.content.decode()
        assert "<script>alert" not in content
        assert "<img src=x" not in content
        assert ">49<" not in content
        assert nickname not in re.findall(r"<title>(.*?)</title>", content, re.S)[0]


def test_deleting_the_django_user_takes_the_person_along(person: Api, superuser: Client) -> None:
    user = get_user_model().objects.get(wechat_users__openid=OPENID)

    answer = superuser.post(reverse("admin:auth_user_delete", args=[user.pk]), {"post": "yes"})

    assert answer.status_code == 302
    assert not WeChatUser.objects.exists()
    assert person.get("me/").json()["code"] == "token_invalid"


def test_pages_speak_chinese(person: Api, support: Client) -> None:
    pages = [
        "/admin/",
        *(url(model) for model in MODELS),
        url("wechatuser", "change", WeChatUser.objects.get().pk),
    ]

    for page in pages:
        content = support.get(page, headers={"Accept-Language": "zh-CN"}).content.decode()
        assert "微信" in content, page
        assert "WeChat" not in content, page


def test_a_persons_page_shows_the_story_of_their_sessions(person: Api, viewer: Client) -> None:
    person.post("logout/")

    content = viewer.get(url("wechatuser", "change", WeChatUser.objects.get().pk)).content.decode()

    assert "韩梅梅" in content
    assert "logged out" in content
    assert "Tea House" in content
    assert "All login sessions of this person" in content


def test_the_client_that_was_used_is_shown(person: Api, viewer: Client) -> None:
    LoginSession.objects.update(client="0.1.0-seen")
    LoginFailure.objects.update(client="0.1.0-seen")
    pages = [
        url("wechatuser", "change", WeChatUser.objects.get().pk),
        url("loginsession", "change", LoginSession.objects.latest("pk").pk),
        url("loginfailure", "change", LoginFailure.objects.latest("pk").pk),
    ]

    for page in pages:
        assert "0.1.0-seen" in viewer.get(page).content.decode(), page


def test_a_unionid_conflict_is_shown_and_can_be_filtered(api: Api, viewer: Client, configure: Any) -> None:
    apps = {appid: {"SECRET": "s", "OPEN_PLATFORM": "ours"} for appid in ("wx-tea", "wx-books")}
    configure(APPS={**apps, "wx-alone": {"SECRET": "s"}})
    for appid, unionid in [("wx-tea", None), ("wx-books", "u"), ("wx-alone", "u"), ("wx-tea", "u")]:
        api.wechat.person(f"o-{appid}", unionid=unionid)
        api.send_code(api.wechat.code_for(f"o-{appid}", appid), appid=appid)

    answer = viewer.get(url("wechatuser"), {"state": "conflict"})

    assert {person.appid for person in answer.context["cl"].result_list} == {"wx-tea", "wx-books"}
    assert answer.content.decode().count('wxlogin-bad">unionid conflict<') == 2


def test_a_phone_is_masked_and_found_by_all_of_it_only(person: Api, viewer: Client) -> None:
    person.wechat.person(OPENID, phone="13580006666")
    person.post("phone/", {"code": person.wechat.phone_code_for(OPENID)})
    pk = WeChatUser.objects.get().pk

    page = viewer.get(url("wechatuser", "change", pk)).content.decode()
    pages = {
        text: viewer.get(url("wechatuser") + f"?q={text}")
        for text in ("13580006666", "%2B8613580006666", "6666")
    }

    assert "+86 13…66" in page
    assert "13580006666" not in page
    assert {text: f"/wechatuser/{pk}/" in answer.content.decode() for text, answer in pages.items()} == {
        "13580006666": True,
        "%2B8613580006666": True,
        "6666": False,
    }


def test_a_phone_that_no_key_opens_does_not_break_the_page(
    person: Api, viewer: Client, lose_keys: Callable[[], None]
) -> None:
    person.post("phone/", {"code": person.wechat.phone_code_for(OPENID)})
    lose_keys()

    page = viewer.get(url("wechatuser", "change", WeChatUser.objects.get().pk))

    assert b"sealed with a key that is no longer listed" in page.content


def test_a_dropped_session_key_shows_as_not_held(person: Api, viewer: Client) -> None:
    pk = WeChatUser.objects.get().pk
    before = viewer.get(url("wechatuser", "change", pk)).content.count(b"icon-no.svg")
    person.wechat.expire_session_key(OPENID)
    person.post("session-key/check/")

    after = viewer.get(url("wechatuser", "change", pk)).content

    assert after.count(b"icon-no.svg") == before + 1
    assert b"stale" in after


def test_sessions_of_an_erased_person_are_shown_without_one(person: Api, viewer: Client) -> None:
    person.delete("me/")
    session = LoginSession.objects.latest("pk")

    listed = viewer.get(url("loginsession"))
    row = viewer.get(url("loginsession", "change", session.pk))

    assert (listed.status_code, row.status_code) == (200, 200)
    assert b"person erased" in row.content
    assert b"erased" in listed.content


def test_a_list_is_sorted_by_nothing_but_what_has_an_index(person: Api, viewer: Client) -> None:
    answer = viewer.get(url("loginsession"), {"o": "-7"})

    assert answer.context["cl"].queryset.query.order_by == ("-created_at", "-pk")


@pytest.mark.parametrize("query", ["韩梅梅", "😀", "x" * 5000, "0", "-1", "9" * 400, "%", "a b c"])
@pytest.mark.parametrize("model", [*MODELS, "staffact"])
def test_any_search_has_an_answer(person: Api, superuser: Client, model: str, query: str) -> None:
    assert superuser.get(url(model), {"q": query}).status_code == 200
