"""What holds when many ask at once, over real connections to a real server."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from django.contrib.auth import get_user_model
from django.db import connections
from django.utils import timezone

from tests.helpers.pictures import picture
from tests.settings import APPID
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import LoginSession, SessionKey, StaffAct, WeChatUser
from wxlogin.services.accounts import merge_accounts
from wxlogin.services.blocking import block
from wxlogin.services.erasure import erase
from wxlogin.services.sessions import end_sessions
from wxlogin.services.staff import revealing
from wxlogin.signals import push_received

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def post(live_server: Any, wechat: FakeWeChat) -> Callable[..., requests.Response]:
    def call(path: str, body: dict[str, Any], access: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {access}"} if access else {}
        return requests.post(f"{live_server.url}/api/wechat/{path}", json=body, headers=headers, timeout=30)

    return call


@pytest.fixture
def all_at_wechat_at_once(configure: Callable[..., None]) -> None:
    """So that the database, and not WeChat, is where they meet."""
    configure(UPSTREAM_CONCURRENCY=32)


def at_once(count: int, function: Callable[[int], Any]) -> list[Any]:
    start = threading.Barrier(count)

    def run(number: int) -> Any:
        start.wait()
        return function(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_thirty_two_first_logins_of_one_person_make_one_user(
    post: Callable[..., requests.Response], wechat: FakeWeChat, all_at_wechat_at_once: None
) -> None:
    for people in range(1, 21):
        codes = [wechat.code_for(f"o-new-{people}") for _ in range(32)]

        answers = at_once(32, lambda n, codes=codes: post("login/", {"code": codes[n]}))

        assert [answer.status_code for answer in answers] == [200] * 32
        assert get_user_model().objects.count() == WeChatUser.objects.count() == people
        assert len({answer.json()["user"]["id"] for answer in answers}) == 1
        assert sum(answer.json()["created"] for answer in answers) == 1
        assert LoginSession.objects.live(timezone.now()).count() == 10 * people


def test_thirty_two_first_logins_of_one_unionid_in_two_apps_make_one_user(
    post: Callable[..., requests.Response], wechat: FakeWeChat, all_at_wechat_at_once: None, configure: Any
) -> None:
    apps = ["wx-tea", "wx-books"]
    configure(APPS={appid: {"SECRET": "s", "OPEN_PLATFORM": "ours"} for appid in apps})
    for people in range(1, 21):
        for appid in apps:
            wechat.person(f"o-{people}-{appid}", unionid=f"u-{people}")
        calls = [(appid, wechat.code_for(f"o-{people}-{appid}", appid)) for appid in apps * 16]

        answers = at_once(
            32, lambda n, calls=calls: post("login/", {"appid": calls[n][0], "code": calls[n][1]})
        )

        assert [answer.status_code for answer in answers] == [200] * 32
        assert get_user_model().objects.count() == people
        assert WeChatUser.objects.count() == 2 * people
        assert len({answer.json()["user"]["id"] for answer in answers}) == 1


def test_sixteen_first_logins_are_answered_with_the_default_settings(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    codes = [wechat.code_for("o-new") for _ in range(16)]

    answers = at_once(16, lambda n: post("login/", {"code": codes[n]}))

    assert [answer.status_code for answer in answers] == [200] * 16
    assert get_user_model().objects.count() == WeChatUser.objects.count() == 1


def test_sixteen_people_at_once_are_sixteen_users(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    codes = [wechat.code_for(f"o-{number}") for number in range(16)]

    answers = at_once(16, lambda n: post("login/", {"code": codes[n]}))

    assert [answer.status_code for answer in answers] == [200] * 16
    assert get_user_model().objects.count() == 16


def test_a_burst_beyond_the_calls_in_flight_waits_its_turn(
    post: Callable[..., requests.Response], wechat: FakeWeChat, settings: Any
) -> None:
    settings.WXLOGIN = {**settings.WXLOGIN, "UPSTREAM_CONCURRENCY": 2}
    wechat.fault(delay=0.02)
    codes = [wechat.code_for(f"o-{number}") for number in range(12)]

    answers = at_once(12, lambda n: post("login/", {"code": codes[n]}))

    assert [answer.status_code for answer in answers] == [200] * 12


def test_a_slow_answer_to_an_older_code_does_not_bring_its_session_key_back(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    post("login/", {"code": wechat.code_for("o-alice")})
    older, newer = wechat.code_for("o-alice"), wechat.code_for("o-alice")
    wechat.fault(delay=1.0, times=1)

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(post, "login/", {"code": older})
        time.sleep(0.4)  # it is on its way
        quick = post("login/", {"code": newer})
        stored = SessionKey.objects.get().reveal()
        answers = slow.result(), quick

    assert [answer.status_code for answer in answers] == [200, 200]
    assert stored == wechat.session_key_of("o-alice", APPID)
    assert SessionKey.objects.get().reveal() == stored


def test_one_code_sent_by_many_logs_in_once(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    code = wechat.code_for("o-alice")

    answers = at_once(8, lambda n: post("login/", {"code": code}))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7


@pytest.mark.parametrize("round_", range(5))
def test_parallel_refreshes_leave_one_live_generation_and_log_nobody_out(
    post: Callable[..., requests.Response], wechat: FakeWeChat, round_: int
) -> None:
    tokens = post("login/", {"code": wechat.code_for("o-alice")}).json()

    answers = at_once(12, lambda n: post("token/refresh/", {"refresh": tokens["refresh"]}))

    successors = [answer.json()["refresh"] for answer in answers]
    assert [answer.status_code for answer in answers] == [200] * 12
    assert len({_id_of(token) for token in successors}) == 1
    assert LoginSession.objects.get().generation == 1
    assert post("token/refresh/", {"refresh": successors[-1]}).status_code == 200


def test_a_logout_beats_the_refreshes_that_race_it(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    tokens = post("login/", {"code": wechat.code_for("o-alice")}).json()

    def act(number: int) -> requests.Response:
        if number == 0:
            return post("logout/", {}, access=tokens["access"])
        return post("token/refresh/", {"refresh": tokens["refresh"]})

    answers = at_once(8, act)

    assert answers[0].status_code == 204
    for answer in answers[1:]:
        if answer.status_code == 200:
            late = post("token/refresh/", {"refresh": answer.json()["refresh"]})
            assert (late.status_code, late.json()["reason"]) == (401, "logged_out")
    assert LoginSession.objects.get().end_reason == "logged_out"


def test_a_hanging_wechat_takes_no_more_calls_than_allowed(
    post: Callable[..., requests.Response], wechat: FakeWeChat, settings: Any
) -> None:
    tokens = post("login/", {"code": wechat.code_for("o-alice")}).json()
    settings.WXLOGIN = {**settings.WXLOGIN, "UPSTREAM_CONCURRENCY": 2, "UPSTREAM_DEADLINE": 1.0}
    wechat.fault(delay=10)

    def act(number: int) -> tuple[int, str]:
        if number == 0:
            return post("token/refresh/", {"refresh": tokens["refresh"]}).status_code, "refresh"
        answer = post("login/", {"code": f"c{number}"})
        return answer.status_code, answer.json()["code"]

    answers = at_once(8, act)

    assert answers[0] == (200, "refresh")
    assert sorted(answers[1:]) == [(503, "wechat_unavailable")] * 5 + [(504, "wechat_timeout")] * 2


def _id_of(refresh: str) -> tuple[int, str]:
    claims = jwt.decode(refresh, options={"verify_signature": False})
    return claims["generation"], claims["jti"]


def keep_logging_in(
    post: Callable[..., requests.Response], wechat: FakeWeChat, openid: str, meanwhile: Callable[[], None]
) -> list[requests.Response]:
    """Four devices log in at the very moment of ``meanwhile``; their answers."""
    codes = [wechat.code_for(openid) for _ in range(4)]

    def act(number: int) -> requests.Response | None:
        if number == 4:
            return meanwhile()
        return post("login/", {"code": codes[number]})

    try:
        return at_once(5, act)[:4]
    finally:
        connections.close_all()


def no_longer_open(openid: str) -> bool:
    return not LoginSession.objects.filter(wechat_user__openid=openid, ended_at=None).exists()


@pytest.mark.parametrize("how", ["block", "disable"])
def test_who_is_kept_out_while_logging_in_keeps_no_session(
    post: Callable[..., requests.Response], wechat: FakeWeChat, how: str
) -> None:
    for number in range(10):
        openid = f"o-{number}"
        post("login/", {"code": wechat.code_for(openid)})

        def keep_out(openid: str = openid) -> None:
            person = WeChatUser.objects.select_related("user").get(openid=openid)
            if how == "block":
                block(person, reason="spam")
            else:
                person.user.is_active = False
                person.user.save()
            connections.close_all()

        answers = keep_logging_in(post, wechat, openid, keep_out)

        assert {answer.status_code for answer in answers} <= {200, 403}
        assert no_longer_open(openid)


def test_a_merge_and_logins_of_the_same_person_do_not_stop_each_other(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    for number in range(10):
        openid = f"o-{number}"
        source = post("login/", {"code": wechat.code_for(openid)}).json()["user"]["id"]
        target = post("login/", {"code": wechat.code_for(f"o-target-{number}")}).json()["user"]["id"]

        def merge(source: int = source, target: int = target) -> None:
            users = get_user_model().objects
            merge_accounts(users.get(pk=source), users.get(pk=target), staff=None, reason="same person")
            connections.close_all()

        answers = keep_logging_in(post, wechat, openid, merge)

        assert [answer.status_code for answer in answers] == [200] * 4
        assert WeChatUser.objects.get(openid=openid).user_id == target
        for answer in answers:
            renewed = post("token/refresh/", {"refresh": answer.json()["refresh"]})
            assert renewed.status_code == 200


def test_a_first_login_that_joins_an_account_while_it_is_merged_ends_up_where_it_went(
    post: Callable[..., requests.Response], wechat: FakeWeChat, configure: Any
) -> None:
    apps = ["wx-tea", "wx-books"]
    configure(APPS={appid: {"SECRET": "s", "OPEN_PLATFORM": "ours"} for appid in apps})

    def first_login(openid: str, appid: str) -> requests.Response:
        return post("login/", {"appid": appid, "code": wechat.code_for(openid, appid)})

    for number in range(10):
        for appid in apps:
            wechat.person(f"o-{number}-{appid}", unionid=f"u-{number}")
        source = first_login(f"o-{number}-wx-tea", "wx-tea").json()["user"]["id"]
        target = first_login(f"o-target-{number}", "wx-tea").json()["user"]["id"]

        def act(which: int, number: int = number, source: int = source, target: int = target) -> Any:
            if which:
                return first_login(f"o-{number}-wx-books", "wx-books")
            users = get_user_model().objects
            merge_accounts(users.get(pk=source), users.get(pk=target), staff=None, reason="same person")
            connections.close_all()
            return None

        _, answer = at_once(2, act)

        assert answer.status_code == 200
        assert not WeChatUser.objects.filter(user=source).exists()
        assert WeChatUser.objects.filter(user=target).count() == 3


def test_a_login_and_an_erasure_at_once_leave_nobody_half_erased(
    post: Callable[..., requests.Response], wechat: FakeWeChat, all_at_wechat_at_once: None
) -> None:
    for number in range(20):
        openid = f"o-{number}"
        before = post("login/", {"code": wechat.code_for(openid)}).json()["user"]["id"]
        user = get_user_model().objects.get(pk=before)
        codes = [wechat.code_for(openid) for _ in range(5)]

        def act(n: int, user: Any = user, codes: Any = codes) -> Any:
            if n == 5:
                erase(user)
                connections.close_all()
                return None
            return post("login/", {"code": codes[n]})

        answers = [answer for answer in at_once(6, act) if answer is not None]

        assert [answer.status_code for answer in answers] == [200] * 5
        assert not get_user_model().objects.filter(pk=before).exists()
        back = WeChatUser.objects.filter(openid=openid)
        ids = {answer.json()["user"]["id"] for answer in answers}
        assert ids - {before} == set(back.values_list("user_id", flat=True))
        live = LoginSession.objects.filter(wechat_user__in=back, ended_at=None).count()
        assert live == sum(answer.json()["user"]["id"] != before for answer in answers)
    erased = LoginSession.objects.filter(wechat_user=None)
    assert set(erased.values_list("end_reason", flat=True)) == {"erased"}


def test_eight_erasures_of_one_person_at_once_are_one(
    post: Callable[..., requests.Response], wechat: FakeWeChat, live_server: Any
) -> None:
    access = post("login/", {"code": wechat.code_for("o-alice")}).json()["access"]
    url, headers = f"{live_server.url}/api/wechat/me/", {"Authorization": f"Bearer {access}"}

    answers = at_once(8, lambda n: requests.delete(url, headers=headers, timeout=30).status_code)

    assert set(answers) <= {204, 401}
    assert 204 in answers
    assert not get_user_model().objects.exists()


def test_eight_deliveries_of_one_push_at_once_act_once(
    post: Callable[..., requests.Response], wechat: FakeWeChat, live_server: Any
) -> None:
    heard = []

    def listen(**kwargs: Any) -> None:
        heard.append(kwargs["appid"])

    post("login/", {"code": wechat.code_for("o-alice")})
    url = f"{live_server.url}/api/wechat/events/{APPID}/"
    push_received.connect(listen)
    try:
        answers = at_once(
            8,
            lambda n: wechat.push(
                url, "user_authorization_cancellation", "o-alice", CreateTime=1_800_000_000
            ),
        )
    finally:
        push_received.disconnect(listen)

    assert answers == [{"status": 200, "body": "success"}] * 8
    assert heard == [APPID]
    assert not WeChatUser.objects.exists()


def test_eight_pictures_at_once_leave_one_file(
    post: Callable[..., requests.Response],
    wechat: FakeWeChat,
    live_server: Any,
    settings: Any,
    tmp_path: Path,
) -> None:
    settings.MEDIA_ROOT = tmp_path
    access = post("login/", {"code": wechat.code_for("o-alice")}).json()["access"]
    url, headers = f"{live_server.url}/api/wechat/me/avatar/", {"Authorization": f"Bearer {access}"}

    answers = at_once(
        8, lambda n: requests.post(url, headers=headers, files={"avatar": picture()}, timeout=30).status_code
    )

    assert answers == [200] * 8
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert WeChatUser.objects.get().avatar.name.endswith(file.name)


def test_a_picture_and_an_erasure_at_once_leave_no_file(
    post: Callable[..., requests.Response],
    wechat: FakeWeChat,
    live_server: Any,
    settings: Any,
    tmp_path: Path,
) -> None:
    settings.MEDIA_ROOT = tmp_path
    for number in range(10):
        access = post("login/", {"code": wechat.code_for(f"o-{number}")}).json()["access"]
        url, headers = f"{live_server.url}/api/wechat/me/", {"Authorization": f"Bearer {access}"}

        def act(n: int, url: str = url, headers: Any = headers) -> int:
            if n:
                return requests.delete(url, headers=headers, timeout=30).status_code
            files = {"avatar": picture()}
            return requests.post(f"{url}avatar/", headers=headers, files=files, timeout=30).status_code

        uploaded, erased = at_once(2, act)

        assert (uploaded in {200, 401}, erased) == (True, 204)
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_who_joins_a_user_while_it_is_erased_is_new_or_erased_and_never_nobody(
    post: Callable[..., requests.Response], wechat: FakeWeChat, live_server: Any, configure: Any
) -> None:
    apps = ["wx-tea", "wx-books"]
    configure(APPS={appid: {"SECRET": "s", "OPEN_PLATFORM": "ours"} for appid in apps})
    for number in range(20):
        codes = []
        for appid in apps:
            wechat.person(f"o-{number}-{appid}", unionid=f"u-{number}")
            codes.append(wechat.code_for(f"o-{number}-{appid}", appid))
        first = post("login/", {"appid": "wx-tea", "code": codes[0]}).json()
        user = get_user_model().objects.get(pk=first["user"]["id"])

        def act(n: int, user: Any = user, code: str = codes[1]) -> Any:
            if n:
                erase(user)
                return connections.close_all()
            return post("login/", {"appid": "wx-books", "code": code})

        joined = at_once(2, act)[0]

        assert joined.status_code == 200
        bearer = {"Authorization": f"Bearer {joined.json()['access']}"}
        answer = requests.get(f"{live_server.url}/api/wechat/me/", headers=bearer, timeout=30)
        assert (answer.status_code, answer.json().get("reason")) in {(200, None), (401, "erased")}


def test_sessions_that_two_of_the_staff_end_at_once_are_ended_and_recorded_once(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    for _ in range(6):
        post("login/", {"code": wechat.code_for("o-alice")})
    clerks = [get_user_model().objects.create(username=f"clerk-{number}") for number in range(4)]

    def end(number: int) -> int:
        try:
            return end_sessions(LoginSession.objects.with_person(), staff=clerks[number], reason="lost phone")
        finally:
            connections.close_all()

    ended = at_once(4, end)

    recorded = StaffAct.objects.filter(action="end_sessions")
    assert sum(ended) == 6
    assert sum(act.details["sessions"] for act in recorded) == 6
    assert not LoginSession.objects.filter(ended_at=None).exists()


def test_parallel_reveals_do_not_pass_the_limit(
    post: Callable[..., requests.Response], wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revealing, "AT_MOST", 3)
    post("login/", {"code": wechat.code_for("o-alice")})
    clerk = get_user_model().objects.create(username="clerk")

    def reveal(number: int) -> str:
        try:
            return revealing.reveal(WeChatUser.objects.get(), "openid", staff=clerk, reason="asked")
        except revealing.TooManyReveals:
            return ""
        finally:
            connections.close_all()

    assert sorted(at_once(8, reveal)) == [""] * 5 + ["o-alice"] * 3
    assert StaffAct.objects.count() == 3
