"""One person in several mini-programs: when identities share a Django user, and when they don't."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from tests.conftest import Api
from tests.helpers.queries import statements
from wxlogin.models import UnionidOwner, WeChatUser
from wxlogin.services.accounts import merge_accounts, split_identity
from wxlogin.signals import unionid_conflict

TEA, BOOKS, STRANGER, ALONE = "wx-tea", "wx-books", "wx-stranger", "wx-alone"


@pytest.fixture(autouse=True)
def _apps(configure: Callable[..., None]) -> None:
    configure(
        APPS={
            TEA: {"SECRET": "s", "OPEN_PLATFORM": "ours"},
            BOOKS: {"SECRET": "s", "OPEN_PLATFORM": "ours"},
            STRANGER: {"SECRET": "s", "OPEN_PLATFORM": "theirs"},
            ALONE: {"SECRET": "s"},
        }
    )


@pytest.fixture
def log_in(api: Api) -> Callable[..., Any]:
    """Log the person with ``unionid`` into ``appid``. Each app has openids of its own."""

    def log_in(appid: str, unionid: str | None = "u-alice", who: str = "alice") -> Any:
        openid = f"o-{who}-{appid}"
        api.wechat.person(openid, unionid=unionid)
        answer = api.send_code(api.wechat.code_for(openid, appid), appid=appid)
        assert answer.status_code == 200, answer.content
        return answer.json()

    return log_in


@pytest.fixture
def conflicts() -> Any:
    heard: list[tuple[str, list[str]]] = []

    def listen(wechat_user: WeChatUser, others: list[WeChatUser], **kwargs: Any) -> None:
        heard.append((wechat_user.openid, [other.openid for other in others]))

    unionid_conflict.connect(listen)
    yield heard
    unionid_conflict.disconnect(listen)


def test_one_unionid_in_two_apps_of_a_group_is_one_user(log_in: Any) -> None:
    first, second = log_in(TEA), log_in(BOOKS)

    assert first["user"]["id"] == second["user"]["id"]
    assert (first["created"], second["created"]) == (True, False)
    assert get_user_model().objects.count() == 1
    assert WeChatUser.objects.count() == 2


@pytest.mark.parametrize("appid", [STRANGER, ALONE])
def test_the_same_unionid_outside_the_group_is_somebody_else(log_in: Any, appid: str) -> None:
    ours, theirs = log_in(TEA), log_in(appid)

    assert ours["user"]["id"] != theirs["user"]["id"]


def test_apps_without_a_group_are_not_a_group(log_in: Any, configure: Any) -> None:
    configure(APPS={TEA: {"SECRET": "s", "OPEN_PLATFORM": ""}, BOOKS: {"SECRET": "s"}})

    assert log_in(TEA)["user"]["id"] != log_in(BOOKS)["user"]["id"]


@pytest.mark.parametrize("unionid", [None, ""])
def test_without_a_unionid_nobody_is_joined(log_in: Any, unionid: str | None) -> None:
    assert log_in(TEA, unionid)["user"]["id"] != log_in(BOOKS, unionid)["user"]["id"]


def test_unionids_that_differ_only_in_case_are_two_people(log_in: Any) -> None:
    assert log_in(TEA, "u-alice")["user"]["id"] != log_in(BOOKS, "U-Alice")["user"]["id"]


@pytest.mark.django_db(transaction=True)
def test_a_unionid_that_comes_late_joins_the_apps_that_follow(log_in: Any, conflicts: list[Any]) -> None:
    first = log_in(TEA, None)
    again = log_in(TEA)

    second = log_in(BOOKS)

    assert first["user"]["id"] == again["user"]["id"] == second["user"]["id"]
    assert conflicts == []


def test_a_unionid_that_is_gone_again_is_kept(log_in: Any) -> None:
    log_in(TEA)
    log_in(TEA, None)

    assert WeChatUser.objects.get().unionid == "u-alice"
    assert log_in(BOOKS)["created"] is False


@pytest.mark.django_db(transaction=True)
def test_a_late_unionid_that_somebody_has_is_a_conflict_and_merges_nothing(
    log_in: Any, conflicts: list[Any]
) -> None:
    tea, books = log_in(TEA, None), log_in(BOOKS)

    again = log_in(TEA)

    assert again["user"]["id"] == tea["user"]["id"] != books["user"]["id"]
    assert WeChatUser.objects.get(appid=TEA).unionid == "u-alice"
    assert conflicts == [(f"o-alice-{TEA}", [f"o-alice-{BOOKS}"])]


@pytest.mark.django_db(transaction=True)
def test_a_conflict_sends_one_signal_and_not_one_at_every_login(log_in: Any, conflicts: list[Any]) -> None:
    log_in(TEA, None)
    log_in(BOOKS)

    for _ in range(3):
        log_in(TEA)

    assert len(conflicts) == 1


@pytest.mark.django_db(transaction=True)
def test_a_unionid_that_changes_keeps_the_person_where_they_are(log_in: Any, conflicts: list[Any]) -> None:
    before = log_in(TEA, "u-old")
    other = log_in(BOOKS, "u-new", who="bob")

    after = log_in(TEA, "u-new")

    assert after["user"]["id"] == before["user"]["id"] != other["user"]["id"]
    assert WeChatUser.objects.get(appid=TEA).unionid == "u-new"
    assert len(conflicts) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
def test_nobody_is_joined_into_a_staff_account(log_in: Any, conflicts: list[Any], right: str) -> None:
    staff = log_in(TEA)["user"]["id"]
    get_user_model().objects.filter(pk=staff).update(**{right: True})

    books = log_in(BOOKS)

    assert books["user"]["id"] != staff
    assert books["created"] is True
    assert len(conflicts) == 1
    assert UnionidOwner.objects.get().user_id == books["user"]["id"]


def test_a_disabled_owner_is_no_way_around_being_disabled(log_in: Any, api: Api) -> None:
    get_user_model().objects.filter(pk=log_in(TEA)["user"]["id"]).update(is_active=False)
    api.wechat.person(f"o-alice-{BOOKS}", unionid="u-alice")

    answer = api.send_code(api.wechat.code_for(f"o-alice-{BOOKS}", BOOKS), appid=BOOKS)

    assert answer.json()["code"] == "account_disabled"
    assert get_user_model().objects.count() == 1


def test_people_who_were_there_before_the_group_was_declared_are_found(
    log_in: Any, configure: Any, settings: Any
) -> None:
    declared = settings.WXLOGIN["APPS"]
    configure(APPS={TEA: {"SECRET": "s"}, BOOKS: {"SECRET": "s"}})
    first = log_in(TEA)
    configure(APPS=declared)

    second = log_in(BOOKS)

    assert first["user"]["id"] == second["user"]["id"]


def test_a_person_whose_user_was_deleted_starts_anew(log_in: Any) -> None:
    log_in(TEA)
    get_user_model().objects.all().delete()

    assert log_in(BOOKS)["created"] is True
    assert not UnionidOwner.objects.exclude(user=get_user_model().objects.get()).exists()


def test_sessions_and_logout_everywhere_reach_over_the_apps(log_in: Any, api: Api) -> None:
    tea, books = (Api(api.wechat, log_in(appid), api.client) for appid in (TEA, BOOKS))

    listed = tea.get("sessions/").json()
    books.post("logout/", {"everywhere": True})

    assert len(listed) == 2
    assert tea.get("me/").json()["reason"] == "logged_out"


def test_nothing_of_one_app_is_seen_with_the_token_of_another(log_in: Any, api: Api) -> None:
    tea, theirs = (Api(api.wechat, log_in(appid), api.client) for appid in (TEA, STRANGER))
    theirs.put("me/", {"nickname": "theirs"})
    [foreign] = theirs.get("sessions/").json()

    assert tea.get("me/").json()["nickname"] == ""
    assert len(tea.get("sessions/").json()) == 1
    assert tea.delete(f"sessions/{foreign['id']}/").status_code == 404


def person(openid: str) -> WeChatUser:
    return WeChatUser.objects.get(openid=openid)


def test_after_a_wrong_merge_and_a_split_nobody_logs_in_as_the_other(log_in: Any) -> None:
    mallory, victim = log_in(TEA, "u-m", who="mallory"), log_in(TEA, "u-v", who="victim")
    merge_accounts(
        person(f"o-mallory-{TEA}").user, person(f"o-victim-{TEA}").user, staff=None, reason="by mistake"
    )
    alone = split_identity(person(f"o-mallory-{TEA}"), staff=None, reason="two people")

    elsewhere = log_in(BOOKS, "u-m", who="mallory")

    assert elsewhere["user"]["id"] == alone.pk
    assert elsewhere["user"]["id"] not in (victim["user"]["id"], mallory["user"]["id"])


def test_a_unionid_that_an_account_no_longer_has_brings_nobody_into_it(log_in: Any) -> None:
    first = log_in(TEA, "u-1")
    log_in(TEA, "u-2")

    other = log_in(BOOKS, "u-1", who="bob")

    assert other["user"]["id"] != first["user"]["id"]
    assert other["created"] is True


def test_an_app_that_left_the_group_takes_its_people_along(
    log_in: Any, configure: Any, settings: Any
) -> None:
    first = log_in(TEA)
    apps = settings.WXLOGIN["APPS"]
    configure(APPS={**apps, TEA: {"SECRET": "s", "OPEN_PLATFORM": "theirs"}})

    assert log_in(BOOKS)["user"]["id"] != first["user"]["id"]


def test_an_account_that_people_were_unlinked_from_is_joined_by_nobody(log_in: Any) -> None:
    first = log_in(TEA)
    WeChatUser.objects.all().delete()

    assert log_in(BOOKS)["user"]["id"] != first["user"]["id"]


def test_after_a_split_the_unionid_stays_with_who_still_has_it(log_in: Any) -> None:
    shared = log_in(TEA)["user"]["id"]
    log_in(BOOKS)
    split_identity(person(f"o-alice-{BOOKS}"), staff=None, reason="r")

    assert log_in(TEA)["user"]["id"] == shared
    assert UnionidOwner.objects.get().user_id == shared


@pytest.mark.django_db(transaction=True)
def test_a_warm_login_in_a_group_costs_six_statements_too(log_in: Any) -> None:
    for _ in range(11):
        log_in(TEA)

    with statements() as queries:
        log_in(TEA)

    assert len(queries) <= 6, queries
