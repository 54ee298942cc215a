"""What staff do to people: asked first, with a reason, on record, felt at the next request."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.conftest import Api
from wxlogin.admin.acts import Block
from wxlogin.models import LoginSession, SessionKey, StaffAct, WeChatUser
from wxlogin.services import pictures
from wxlogin.services.staff import exporting, revealing
from wxlogin.signals import person_erased

from .staff import OPENID, UNIONID, WHY, alice, confirm, ending, logged, page, url

PHONE = "13580006666"


@pytest.fixture
def guard(staff_with: Callable[..., Client]) -> Client:
    return staff_with("view_wechatuser", "block_wechatuser")


def choose(action: str, **data: Any) -> dict[str, Any]:
    return {"action": action, "_selected_action": [WeChatUser.objects.get(openid=OPENID).pk], **data}


def test_blocking_asks_for_a_reason_before_it_does_anything(person: Api, guard: Client) -> None:
    asked = guard.post(url("wechatuser"), choose("block"))
    nagged = guard.post(url("wechatuser"), choose("block", confirmed=1, reason=" "))
    past = guard.post(
        url("wechatuser"), choose("block", confirmed=1, reason="x", until_0="2020-01-01", until_1="00:00:00")
    )

    for answer in (asked, nagged, past):
        assert answer.status_code == 200
        assert 'name="confirmed"' in answer.content.decode()
    assert "This is in the past" in past.content.decode()
    assert person.get("me/").status_code == 200


def test_a_block_is_felt_at_the_next_request_and_an_unblock_revives_nothing(
    person: Api, guard: Client
) -> None:
    blocked = guard.post(
        url("wechatuser"), choose("block", confirmed=1, reason="spam", public="on"), follow=True
    )
    refused, login = person.get("me/"), person.send_code(openid=OPENID)
    page = guard.get(url("wechatuser", "change", WeChatUser.objects.get().pk)).content.decode()
    unblocked = guard.post(url("wechatuser"), choose("unblock", confirmed=1, reason="appeal"), follow=True)

    assert "Blocked, and 2 login sessions ended" in blocked.content.decode()
    assert refused.json()["reason"] == "account_disabled"
    assert (login.status_code, login.json()["reason"]) == (403, "spam")
    assert "spam" in page
    assert "1 person may log in again" in unblocked.content.decode()
    assert person.get("me/").status_code == 401
    assert person.send_code(openid=OPENID).status_code == 200


def test_a_block_can_have_an_end(person: Api, guard: Client) -> None:
    guard.post(
        url("wechatuser"), choose("block", confirmed=1, reason="x", until_0="2099-01-01", until_1="00:00:00")
    )

    assert WeChatUser.objects.get().blocked_until == datetime(2099, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("action", ["block", "unblock"])
def test_without_the_permission_nobody_is_blocked(person: Api, support: Client, action: str) -> None:
    support.post(url("wechatuser"), choose(action, confirmed=1, reason="x"))

    assert WeChatUser.objects.get().blocked_at is None
    assert action not in dict(support.get(url("wechatuser")).context["action_form"].fields["action"].choices)
    assert person.get("me/").status_code == 200


def test_a_crowd_is_not_blocked_in_one_go(
    person: Api, guard: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Block, "max_rows", 0)

    answer = guard.post(url("wechatuser"), choose("block", confirmed=1, reason="x"), follow=True)

    assert "Choose at most" in answer.content.decode()
    assert person.get("me/").status_code == 200


def test_a_block_from_another_site_is_refused(person: Api, guard: Client) -> None:
    stranger = Client(enforce_csrf_checks=True)
    stranger.cookies = guard.cookies

    answer = stranger.post(url("wechatuser"), choose("block", confirmed=1, reason="x"))

    assert answer.status_code == 403
    assert person.get("me/").status_code == 200


def test_the_block_page_speaks_chinese(person: Api, guard: Client) -> None:
    page = guard.post(
        url("wechatuser"), choose("block"), headers={"Accept-Language": "zh-CN"}
    ).content.decode()

    assert "封禁原因" in page
    assert "Block" not in page


ACTS_ON_PEOPLE = [
    "end_sessions",
    "block",
    "unblock",
    "check_session_key",
    "reset_session_key",
    "split",
    "reveal",
    "erase",
]


@pytest.mark.parametrize("name", ACTS_ON_PEOPLE)
def test_nothing_is_done_before_a_reason_is_given(person: Api, superuser: Client, name: str) -> None:
    if name == "split":
        WeChatUser.objects.create(
            user=alice().user,
            appid="wx-other",
            openid="o2",
            created_at=timezone.now(),
            last_login_at=timezone.now(),
        )
    asked = superuser.get(page(name))
    blank = superuser.post(page(name), {"confirmed": 1, "reason": " ", "field": "openid"})
    long = superuser.post(page(name), {"confirmed": 1, "reason": "x" * 201, "field": "openid"})

    for answer in (asked, blank, long):
        assert answer.status_code == 200
        assert 'id="wxlogin-act"' in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
    assert not StaffAct.objects.exists()
    assert person.get("me/").status_code == 200
    assert "/wxa/" not in str(person.wechat.calls)


@pytest.mark.parametrize("name", ACTS_ON_PEOPLE)
def test_an_act_from_another_site_is_refused(person: Api, superuser: Client, name: str) -> None:
    stranger = Client(enforce_csrf_checks=True)
    stranger.cookies = superuser.cookies

    answer = stranger.post(page(name), {"confirmed": 1, "reason": WHY, "field": "openid"})

    assert answer.status_code == 403
    assert not StaffAct.objects.exists()
    assert person.get("me/").status_code == 200


def test_the_log_says_who_did_what_to_whom_why_when_and_from_where(person: Api, superuser: Client) -> None:
    before = timezone.now()

    superuser.post(
        page("block"),
        {"confirmed": 1, "reason": WHY},
        headers={"X-Request-ID": "support-7"},
        REMOTE_ADDR="203.0.113.77",
    )

    act = logged("block")
    assert (act.staff_name, act.action, act.wechat_user, act.reason) == ("root", "block", alice(), WHY)
    assert (act.ip, act.request_id, act.details["sessions"]) == ("203.0.113.77", "support-7", 2)
    assert before <= act.created_at <= timezone.now()
    assert act.person
    assert act.person not in OPENID


def test_one_session_is_ended_from_the_persons_page(person: Api, support: Client) -> None:
    session = LoginSession.objects.latest("pk")
    there = page("end_sessions", session)
    assert there in support.get(url("wechatuser", "change", alice().pk)).content.decode()

    told = confirm(support, "end_sessions", session).content.decode()

    assert "1 login session ended. Its tokens are refused from the next request on." in told
    assert person.get("me/").json()["reason"] == "ended_by_staff"
    assert LoginSession.objects.live(timezone.now()).count() == 1
    assert logged("end_sessions").details == {"sessions": 1}
    assert there not in support.get(url("wechatuser", "change", alice().pk)).content.decode()


def test_all_sessions_are_ended_from_the_persons_page_with_counts_first(person: Api, support: Client) -> None:
    asked = support.get(page("end_sessions")).content.decode()

    told = confirm(support, "end_sessions").content.decode()

    assert re.search(r"live sessions</bdi></th><td>2<", asked)
    assert "2 login sessions ended" in told
    assert person.get("me/").json()["reason"] == "ended_by_staff"


def test_all_that_a_filter_finds_can_be_ended_at_once(person: Api, bob: Api, support: Client) -> None:
    everything = {"index": 0, "select_across": 1, **ending([LoginSession.objects.first().pk])}
    question = {key: value for key, value in everything.items() if key != "confirmed"}
    asked = support.post(url("loginsession") + "?state=live", question)

    done = support.post(url("loginsession") + "?state=live", everything)

    assert 'name="select_across" value="1"' in asked.content.decode()
    assert done["Location"].endswith("?state=live")
    assert person.get("me/").status_code == bob.get("me/").status_code == 401
    assert {act.details["sessions"] for act in StaffAct.objects.all()} == {2, 1}


def test_wechat_is_asked_whether_the_session_key_holds(person: Api, superuser: Client) -> None:
    holds = confirm(superuser, "check_session_key").content.decode()
    person.wechat.expire_session_key(OPENID)
    gone = confirm(superuser, "check_session_key").content.decode()

    assert "the session key holds" in holds
    assert "WeChat no longer knows the session key" in gone
    assert SessionKey.objects.get().state == "stale"
    assert [act.action for act in StaffAct.objects.all()] == ["check_session_key"] * 2
    assert person.get("me/").status_code == 200, "nobody is logged out"


def test_the_session_key_is_replaced(person: Api, superuser: Client) -> None:
    before = bytes(SessionKey.objects.get().sealed)

    told = confirm(superuser, "reset_session_key").content.decode()

    assert "WeChat gave a new session key" in told
    assert bytes(SessionKey.objects.get().sealed) != before
    assert logged("reset_session_key").reason == WHY


def test_a_wechat_that_is_down_is_asked_once_and_told_of(person: Api, bob: Api, superuser: Client) -> None:
    person.wechat.fault("/wxa/checksession", reset=True, times=9)
    chosen = [person.pk for person in WeChatUser.objects.all()]
    data = {**ending(chosen), "action": "check_session_key"}

    told = superuser.post(url("wechatuser"), data, follow=True).content.decode()

    assert "The others were not asked about." in told
    assert StaffAct.objects.count() == 1


def test_an_attempt_of_staff_leaves_no_address_of_theirs_with_the_person(
    person: Api, superuser: Client
) -> None:
    person.wechat.fault("/wxa/checksession", errcode=45011, times=9)

    confirm(superuser, "check_session_key")

    failure = alice().failures.get()
    assert (failure.code, failure.ip) == ("wechat_too_frequent", None)


def merging(browser: Client, one: WeChatUser, other: WeChatUser, keep: WeChatUser, **answers: Any) -> Any:
    return confirm(browser, "merge", one, other=other.pk, keep=keep.user_id, **answers)


def test_two_accounts_are_merged_after_a_preview_of_both(person: Api, bob: Api, superuser: Client) -> None:
    one, other = alice(), WeChatUser.objects.get(openid="o-bob")
    asked = superuser.get(page("merge", one, **{"with": other.pk})).content.decode()

    told = merging(superuser, one, other, keep=other).content.decode()

    assert str(one.user) in asked
    assert str(other.user) in asked
    assert "2 live sessions" in asked
    assert "Merged: 1 identity moved." in told
    assert alice().user == other.user
    assert person.get("me/").json()["code"] == "token_invalid"
    assert person.refresh().status_code == 200
    assert (logged("merge").from_user, logged("merge").to_user) == (str(one.user_id), str(other.user_id))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (
            lambda one, other: WeChatUser.objects.filter(pk=other.pk).update(user=one.user),
            "one account already",
        ),
        (lambda one, other: User.objects.filter(pk=other.user_id).update(is_staff=True), "staff account"),
        (lambda one, other: other.delete(), "Choose two people"),
    ],
)
def test_a_merge_that_makes_no_sense_is_refused_in_words(
    person: Api, bob: Api, superuser: Client, spoil: Callable[..., Any], why: str
) -> None:
    one, other = alice(), WeChatUser.objects.get(openid="o-bob")
    keep, pk = one, other.pk
    spoil(one, other)

    told = confirm(superuser, "merge", one, other=pk, keep=keep.user_id).content.decode()

    assert why in told
    assert not StaffAct.objects.exists()


def test_nobody_but_one_of_the_two_can_stay(person: Api, bob: Api, superuser: Client) -> None:
    one, other = alice(), WeChatUser.objects.get(openid="o-bob")

    answer = confirm(superuser, "merge", one, other=other.pk, keep=User.objects.get(username="root").pk)

    assert 'id="wxlogin-act"' in answer.content.decode()
    assert alice().user == one.user


@pytest.fixture
def conflict(api: Api, configure: Any) -> list[WeChatUser]:
    """Two accounts with one unionid, which came late."""
    configure(APPS={appid: {"SECRET": "s", "OPEN_PLATFORM": "ours"} for appid in ("wx-tea", "wx-books")})
    for appid, unionid in [("wx-tea", None), ("wx-books", "u"), ("wx-tea", "u")]:
        api.wechat.person(f"o-{appid}", unionid=unionid)
        api.send_code(api.wechat.code_for(f"o-{appid}", appid), appid=appid)
    return list(WeChatUser.objects.order_by("pk"))


def test_a_conflict_is_shown_with_the_way_to_merge_it(conflict: list[WeChatUser], superuser: Client) -> None:
    tea, books = conflict
    content = superuser.get(url("wechatuser", "change", tea.pk)).content.decode()
    there = page("merge", tea, **{"with": books.pk})
    assert "same unionid, another account" in content
    assert there in content

    merging(superuser, tea, books, keep=tea)

    content = superuser.get(url("wechatuser", "change", tea.pk)).content.decode()
    assert "same account" in content
    assert "unionid conflict" not in content


def test_who_was_split_off_deliberately_is_no_conflict(conflict: list[WeChatUser], superuser: Client) -> None:
    tea, books = conflict
    merging(superuser, tea, books, keep=tea)

    told = confirm(superuser, "split", books).content.decode()

    content = superuser.get(url("wechatuser", "change", tea.pk)).content.decode()
    assert "Split: the identity has an account of its own." in told
    assert len({person.user_id for person in WeChatUser.objects.all()}) == 2
    assert "staff said that these are two people" in content
    assert "unionid conflict" not in content
    assert superuser.get(url("wechatuser"), {"state": "conflict"}).context["cl"].result_count == 0


def test_a_person_of_one_identity_can_not_be_split(person: Api, superuser: Client) -> None:
    told = confirm(superuser, "split").content.decode()

    assert "There is nothing to split" in told
    assert not StaffAct.objects.exists()


def test_erasing_begins_with_a_dry_run_that_touches_nothing(person: Api, superuser: Client) -> None:
    person.wechat.person(OPENID, phone=PHONE)
    person.post("phone/", {"code": person.wechat.phone_code_for(OPENID)})

    asked = superuser.get(page("erase")).content.decode()

    counts = dict(re.findall(r"<th scope=\"row\"><bdi v-pre>(.*?)</bdi></th><td>(\d+)</td>", asked))
    assert counts == {
        "identities": "1",
        "login sessions, kept without a person": "2",
        "phone numbers": "1",
        "pictures": "0",
        "session keys": "1",
        "blocks that go on": "0",
        "accounts deleted": "1",
        "accounts kept, staff&#x27;s or with a password": "0",
    }
    assert person.get("me/").status_code == 200


def test_an_erased_person_is_gone_and_the_log_still_finds_them(person: Api, superuser: Client) -> None:
    told = confirm(superuser, "erase").content.decode()
    listed = superuser.get(url("staffact"), {"q": OPENID})

    assert "1 identity erased" in told
    assert not WeChatUser.objects.exists()
    assert person.get("me/").json()["reason"] == "erased"
    act = logged("erase")
    assert (act.wechat_user, act.reason) == (None, WHY)
    assert listed.context["cl"].result_count == 1
    assert OPENID not in str(StaffAct.objects.values_list())


def test_a_picture_that_can_not_be_deleted_stops_the_erasure(
    person: Api, superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    WeChatUser.objects.update(avatar="wxlogin/avatars/a.png")
    monkeypatch.setattr(pictures, "_storage", lambda: None)

    told = confirm(superuser, "erase").content.decode()

    assert "A picture could not be deleted" in told
    assert alice().avatar.name == "wxlogin/avatars/a.png"
    assert not StaffAct.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"), [("openid", OPENID), ("unionid", UNIONID), ("phone", f"+86 {PHONE}")]
)
def test_a_field_is_revealed_once_and_on_record(
    person: Api, staff_with: Callable[..., Client], field: str, value: str
) -> None:
    person.wechat.person(OPENID, phone=PHONE)
    person.post("phone/", {"code": person.wechat.phone_code_for(OPENID)})
    clerk = staff_with("view_wechatuser", "reveal_wechatuser")

    asked, shown = clerk.get(page("reveal")), confirm(clerk, "reveal", field=field)

    assert value not in asked.content.decode()
    assert value in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert logged("reveal").details == {"field": field}
    assert value not in clerk.get(url("wechatuser", "change", alice().pk)).content.decode()
    assert not [
        each for each in ("openid", "unionid", "phone") if value in str(StaffAct.objects.values_list())
    ]


def test_no_other_field_is_revealed(person: Api, superuser: Client) -> None:
    answer = confirm(superuser, "reveal", field="sealed_phone")

    assert 'id="wxlogin-act"' in answer.content.decode()
    assert not StaffAct.objects.exists()


def test_who_reveals_by_the_dozen_is_stopped(
    person: Api, superuser: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(revealing, "AT_MOST", 1)
    confirm(superuser, "reveal", field="openid")

    told = confirm(superuser, "reveal", field="openid").content.decode()

    assert "You have revealed a lot within an hour" in told
    assert OPENID not in told
    assert StaffAct.objects.count() == 1
    assert "too many reveals" in caplog.text


def test_a_phone_that_no_key_opens_is_not_revealed(
    person: Api, superuser: Client, lose_keys: Callable[[], None]
) -> None:
    person.post("phone/", {"code": person.wechat.phone_code_for(OPENID)})
    lose_keys()

    told = confirm(superuser, "reveal", field="phone").content.decode()

    assert "sealed with a key that is no longer listed" in told
    assert not StaffAct.objects.exists()


def exported(browser: Client, **answers: Any) -> Any:
    data = {**ending(list(WeChatUser.objects.values_list("pk", flat=True))), "action": "export", **answers}
    return browser.post(url("wechatuser"), data)


def rows_of(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.fixture
def exporter(staff_with: Callable[..., Client]) -> Client:
    return staff_with("view_wechatuser", "export_wechatuser")


def test_an_export_is_masked_streamed_and_on_record(person: Api, exporter: Client) -> None:
    person.wechat.person(OPENID, phone=PHONE)
    person.post("phone/", {"code": person.wechat.phone_code_for(OPENID)})

    answer = exported(exporter, unmasked="on")

    [row] = rows_of(answer)
    assert answer.streaming
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    assert (row["openid"], row["unionid"], row["phone"]) == ("oAli…enid", "uAli…onid", "86 13…66")
    assert row["nickname"] == "韩梅梅"
    assert logged("export").details == {"rows": 1, "unmasked": False, "filters": [], "searched": False}


def test_who_may_reveal_may_export_whole_values(person: Api, staff_with: Callable[..., Client]) -> None:
    clerk = staff_with("view_wechatuser", "export_wechatuser", "reveal_wechatuser")

    [row] = rows_of(exported(clerk, unmasked="on"))

    assert (row["openid"], row["unionid"]) == (OPENID, UNIONID)
    assert logged("export").details["unmasked"] is True
    assert logged("export").wechat_user == alice(), "as good as a reveal, and told with the person"


@pytest.mark.parametrize("evil", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1+1", " =1"])  # noqa: RUF001
def test_no_spreadsheet_works_a_nickname_out(person: Api, exporter: Client, evil: str) -> None:
    WeChatUser.objects.update(nickname=evil)

    [row] = rows_of(exported(exporter))

    assert row["nickname"] == "'" + evil


def test_an_export_has_an_end(
    person: Api, bob: Api, exporter: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MAX_ROWS", 1)

    data = {**ending(list(WeChatUser.objects.values_list("pk", flat=True))), "action": "export"}
    del data["confirmed"]
    asked = exporter.post(url("wechatuser"), data).content.decode()

    assert "all further ones: use filters" in asked
    assert len(rows_of(exported(exporter))) == 1


def test_what_was_searched_for_is_not_kept_in_the_log(person: Api, exporter: Client) -> None:
    data = {**ending([alice().pk]), "action": "export"}

    answer = exporter.post(url("wechatuser") + f"?q={OPENID}&state=active", data)

    b"".join(answer.streaming_content)
    assert logged("export").details["filters"] == ["state=active"]
    assert logged("export").details["searched"] is True


@pytest.mark.parametrize("name", ["add", "change", "delete"])
def test_nobody_changes_the_staff_log(person: Api, superuser: Client, name: str) -> None:
    confirm(superuser, "block")
    args = [] if name == "add" else [logged("block").pk]

    answer = superuser.post(
        reverse(f"admin:wxlogin_staffact_{name}", args=args), {"post": "yes", "reason": "x"}
    )

    assert answer.status_code == 403
    assert logged("block").reason == WHY


def test_no_code_changes_the_staff_log_by_mistake(person: Api, superuser: Client) -> None:
    confirm(superuser, "block")
    act = logged("block")

    with pytest.raises(TypeError):
        act.save()
    with pytest.raises(TypeError):
        act.delete()


def test_the_log_outlives_both_sides(person: Api, superuser: Client) -> None:
    confirm(superuser, "block")

    User.objects.all().delete()

    act = logged("block")
    assert (act.staff, act.staff_name, act.wechat_user, act.reason) == (None, "root", None, WHY)


def test_the_history_of_a_person_is_what_staff_did(person: Api, superuser: Client) -> None:
    confirm(superuser, "block")

    answer = superuser.get(url("wechatuser", "history", alice().pk), follow=True)

    assert "/staffact/?wechat_user__id__exact=" in answer.redirect_chain[0][0]
    assert answer.context["cl"].result_count == 1


def test_an_act_that_does_not_exist_is_no_page(person: Api, superuser: Client) -> None:
    assert superuser.get(page("end_sessions").replace("end_sessions", "promote")).status_code == 404
    assert superuser.get(page("end_sessions").replace(f"/{alice().pk}/", "/999999/")).status_code == 404
    assert superuser.get(page("erase").replace("erase", "export")).status_code == 404


@pytest.mark.parametrize("name", ["erase", "reveal", "block"])
def test_only_a_superuser_does_this_to_one_of_the_staff(
    person: Api, staff_with: Callable[..., Client], superuser: Client, name: str
) -> None:
    User.objects.filter(pk=alice().user_id).update(is_staff=True)
    clerk = staff_with("view_wechatuser", f"{name}_wechatuser")

    told = confirm(clerk, name, field="openid").content.decode()

    assert "Only a superuser may do this" in told
    assert not StaffAct.objects.exists()
    confirm(superuser, name, field="openid")
    assert StaffAct.objects.get().action == name


def test_a_second_person_in_the_address_counts_for_a_merge_only(
    person: Api, bob: Api, superuser: Client
) -> None:
    other = WeChatUser.objects.get(openid="o-bob")

    confirm(superuser, "block", other=other.pk)

    assert logged("block").wechat_user == alice()
    assert bob.get("me/").status_code == 200


def test_a_block_ends_within_a_lifetime(person: Api, superuser: Client) -> None:
    answer = confirm(superuser, "block", until_0="9999-12-31", until_1="23:59:00")

    assert "This is too far ahead" in answer.content.decode()
    assert not StaffAct.objects.exists()


def test_the_log_is_searched_by_openid_also_after_a_change_of_the_secret_key(
    person: Api, superuser: Client, settings: Any
) -> None:
    confirm(superuser, "erase")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-made-up-key-that-is-long-enough-for-hs256"
    superuser.force_login(User.objects.get(username="root"))

    listed = superuser.get(url("staffact"), {"q": OPENID})

    assert listed.context["cl"].result_count == 1


def test_who_joins_while_they_are_erased_is_on_record_too(person: Api, superuser: Client) -> None:
    """As a first login in another app may, while the erasure waits for its locks."""
    user = alice().user

    def join(wechat_users: list[WeChatUser], **kwargs: Any) -> None:
        if wechat_users[0].openid == OPENID:
            now = timezone.now()
            WeChatUser.objects.create(
                user=user, appid="wx-other", openid="o2", created_at=now, last_login_at=now
            )

    person_erased.connect(join)
    try:
        told = confirm(superuser, "erase").content.decode()
    finally:
        person_erased.disconnect(join)

    assert "2 identities erased" in told
    assert StaffAct.objects.filter(action="erase").count() == 2
