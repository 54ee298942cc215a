"""Permissions: every URL and every act, tried by visitors of all kinds."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connections
from django.test import Client
from django.urls import resolve, reverse

from tests.conftest import Api
from wxlogin.admin import PAGES
from wxlogin.models import (
    LoginFailure,
    LoginSession,
    SessionKey,
    StaffAct,
    WeChatUser,
)

from .staff import WHY, act_url, alice, confirm, url

ROWS: dict[str, Any] = {
    "wechatuser": WeChatUser,
    "loginsession": LoginSession,
    "sessionkey": SessionKey,
    "loginfailure": LoginFailure,
    "staffact": StaffAct,
}
VIEWS = {f"view_{name}" for name in ROWS} | {"view_overview"}
SUPPORT = VIEWS | {"end_loginsession", "block_wechatuser", "check_sessionkey_wechatuser"}

# Each act, the one permission that allows it, and the required fields of its form besides the reason.
ACTS: dict[str, tuple[str, dict[str, str]]] = {
    "end_sessions": ("end_loginsession", {}),
    "block": ("block_wechatuser", {}),
    "unblock": ("block_wechatuser", {}),
    "check_session_key": ("check_sessionkey_wechatuser", {}),
    "reset_session_key": ("reset_sessionkey_wechatuser", {}),
    "merge": ("merge_wechatuser", {}),
    "split": ("merge_wechatuser", {}),
    "reveal": ("reveal_wechatuser", {"field": "openid"}),
    "erase": ("erase_wechatuser", {}),
    "export": ("export_wechatuser", {}),
}
NOT_ON_PAGE, NOT_IN_LIST = {"export"}, {"split", "reveal"}


@pytest.fixture
def visitors(person: Api, staff_with: Callable[..., Client]) -> dict[str, Client]:
    """One visitor of each kind. The API user is no staff, but has a browser session of their own."""
    mini_program, root = Client(), Client()
    mini_program.force_login(alice().user)
    root.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return {
        "anonymous": Client(),
        "bearer": Client(headers={"Authorization": f"Bearer {person.tokens['access']}"}),
        "api user": mini_program,
        "nobody special": staff_with(),
        "viewer": staff_with(*VIEWS),
        "support": staff_with(*SUPPORT),
        "superuser": root,
    }


OUTSIDERS = {"anonymous": 302, "bearer": 302, "api user": 302, "nobody special": 403}


def our_urls() -> list[str]:
    """Return every URL below /admin/wxlogin/ that the admin answers, with the key of a row if it needs one."""
    fill_staff_log()
    found = []
    for model in PAGES:
        name = model._meta.model_name
        for pattern in admin.site._registry[model].get_urls():
            # Django redirects an old form of URL by a pattern without a name.
            if not pattern.name:
                continue
            row = ROWS[name].objects.latest("pk") if name in ROWS else None
            args = [row.pk] if row and "object_id" in str(pattern.pattern) else []
            args += ["end_sessions"] if pattern.name.endswith("_act") else []
            found.append(reverse(f"admin:{pattern.name}", args=args))
    return found


def fill_staff_log() -> None:
    User.objects.get_or_create(username="clerk", is_staff=True)
    StaffAct.objects.get_or_create(action="block", created_at=LoginSession.objects.latest("pk").created_at)


def test_every_url_is_closed_to_outsiders(visitors: dict[str, Client]) -> None:
    urls = our_urls()

    for name, status in OUTSIDERS.items():
        for each in urls:
            for answer in (visitors[name].get(each), visitors[name].post(each, {"confirmed": 1})):
                assert answer.status_code == status, (name, each)
    assert len(urls) > 25


def test_every_page_opens_for_a_viewer_and_nothing_changes(visitors: dict[str, Client]) -> None:
    urls = our_urls()
    forbidden = ("/add/", "/delete/", "/act/end_sessions/")
    before = (
        list(LoginSession.objects.values_list()),
        list(WeChatUser.objects.values_list("openid", "blocked_at")),
    )

    for each in urls:
        expected = {403} if each.endswith(forbidden) else {200, 302}
        assert visitors["viewer"].get(each).status_code in expected, each
        visitors["viewer"].post(each, {"confirmed": 1, "reason": WHY})
    after = (
        list(LoginSession.objects.values_list()),
        list(WeChatUser.objects.values_list("openid", "blocked_at")),
    )
    assert after == before


@pytest.mark.parametrize("name", ACTS)
def test_an_act_is_done_by_who_has_its_permission_and_by_nobody_else(
    person: Api, bob: Api, visitors: dict[str, Client], staff_with: Callable[..., Client], name: str
) -> None:
    permission, answers = ACTS[name]
    others = {codename for codename, _ in ACTS.values()} - {permission}
    all_but_this = staff_with("view_wechatuser", "view_loginsession", *others)
    allowed = {who for who in ("support", "superuser") if who == "superuser" or permission in SUPPORT}
    both = list(WeChatUser.objects.values_list("pk", flat=True))

    for who, browser in {**visitors, "all but this": all_but_this}.items():
        is_allowed = who in allowed
        if name not in NOT_ON_PAGE:
            asked = browser.get(act_url(name, **{"with": both[1]} if name == "merge" else {}))
            assert (asked.status_code in {200, 302}) == (
                is_allowed or who in {"anonymous", "bearer", "api user"}
            )
            assert ('id="wxlogin-act"' in asked.content.decode()) == (is_allowed and name != "split"), who
        if name not in NOT_IN_LIST:
            listed = browser.post(
                url("wechatuser"), {"action": name, "_selected_action": both[: 2 if name == "merge" else 1]}
            )
            assert ('id="wxlogin-act"' in listed.content.decode()) == is_allowed, who
        if not is_allowed:
            _try_act(browser, name, both, answers)
    assert not StaffAct.objects.exists()
    assert person.get("me/").status_code == 200


def _try_act(browser: Client, name: str, both: list[int], answers: dict[str, str]) -> None:
    """Send the confirmation in both ways, as if the form had been shown."""
    answers = {**answers, "keep": str(WeChatUser.objects.get(pk=both[0]).user_id)}
    if name not in NOT_ON_PAGE:
        confirm(browser, name, **({"other": both[1]} if name == "merge" else {}), **answers)
    data = {"action": name, "_selected_action": both, "confirmed": 1, "reason": WHY, **answers}
    browser.post(url("wechatuser"), data)


@pytest.mark.parametrize("name", ACTS)
def test_one_permission_and_the_right_to_look_is_enough(
    person: Api, bob: Api, staff_with: Callable[..., Client], name: str
) -> None:
    permission, answers = ACTS[name]
    clerk = staff_with("view_wechatuser", permission)
    one, other = WeChatUser.objects.order_by("pk")
    if name == "split":
        WeChatUser.objects.filter(pk=other.pk).update(user=one.user)
    if name == "unblock":
        WeChatUser.objects.update(blocked_at=one.created_at)

    if name in NOT_ON_PAGE:
        clerk.post(
            url("wechatuser"), {"action": name, "_selected_action": [one.pk], "confirmed": 1, "reason": WHY}
        )
    else:
        extra = {"other": other.pk, "keep": one.user_id} if name == "merge" else {}
        confirm(clerk, name, one, **answers, **extra)

    assert StaffAct.objects.get().action == name


def test_every_act_that_the_contract_names_is_there(superuser: Client, person: Api) -> None:
    people = superuser.get(url("wechatuser")).context["action_form"].fields["action"].choices
    sessions = superuser.get(url("loginsession")).context["action_form"].fields["action"].choices

    assert {name for name, _ in people} - {""} == set(ACTS) - NOT_IN_LIST
    assert {name for name, _ in sessions} - {""} == {"end_sessions"}


def test_the_persons_page_shows_only_sections_with_permission(
    person: Api, staff_with: Callable[..., Client], superuser: Client
) -> None:
    page_url = url("wechatuser", "change", alice().pk)

    narrow, whole = staff_with("view_wechatuser").get(page_url).content, superuser.get(page_url).content

    for section in (b"Recent failures", b"What staff did", b"WeChat session key", b"login sessions of this"):
        assert section not in narrow
        assert section in whole


def test_every_permission_of_ours_is_used_by_something(db: None) -> None:
    ours = set(
        Permission.objects.filter(content_type__app_label="wxlogin").values_list("codename", flat=True)
    )
    used = {permission for permission, _ in ACTS.values()} | VIEWS
    # Django asks for these when it deletes a user.
    deleted_along = {f"delete_{name}" for name in ROWS} - {"delete_staffact"}

    shown = {codename for codename in ours if not codename.endswith(("block", "push", "owner"))}
    leftover = {
        f"{verb}_{name}"
        for verb in ("add", "change", "delete", "view")
        for name in ("carriedblock", "receivedpush", "unionidowner")
    }
    assert shown - leftover == (used | deleted_along) - leftover


def test_the_overview_is_a_page_of_its_own_with_a_permission_of_its_own(
    person: Api, staff_with: Callable[..., Client]
) -> None:
    overview_url = reverse("admin:wxlogin_overview_changelist")

    assert staff_with("view_wechatuser").get(overview_url).status_code == 403
    assert staff_with("view_overview").get(overview_url).status_code == 200


@pytest.mark.parametrize("path", ["wechatuser/", "loginsession/", "wechatuser/1/act/block/", "overview/"])
def test_views_that_call_wechat_open_no_request_transaction(path: str) -> None:
    """ATOMIC_REQUESTS would hold one open. A rollback would delete the log entry of an act that can't be undone."""
    assert resolve(f"/admin/wxlogin/{path}").func._non_atomic_requests == set(connections)
