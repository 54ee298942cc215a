from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from tests.conftest import Api
from tests.helpers.queries import statements
from tests.settings import APPID
from wxlogin.clock import utc_now
from wxlogin.models import LoginFailure, LoginSession, WeChatUser
from wxlogin.services.blocking import block
from wxlogin.services.meanings import Finding
from wxlogin.services.staff.diagnosis import diagnose, failure_of
from wxlogin.wechat.results import PhoneNumber

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OPENID = "oAlice-0123456789-full-openid"


@pytest.fixture
def person(api: Api) -> WeChatUser:
    api.log_in(OPENID)
    return WeChatUser.objects.select_related("user").get()


@pytest.fixture
def fail(db: None) -> Callable[..., LoginFailure]:
    def fail(code: str = "code_invalid", ago: timedelta = timedelta(), **fields: Any) -> LoginFailure:
        row = {"appid": APPID, "created_at": utc_now() - ago, "code": code, **fields}
        return LoginFailure.objects.create(**row)

    return fail


def problems(person: WeChatUser) -> list[Finding]:
    return [finding for finding in diagnose(person) if not finding.is_good]


def subjects(findings: list[Finding]) -> list[str]:
    return [str(finding.subject) for finding in findings]


def text_of(person: WeChatUser) -> str:
    return "\n".join(f"{each.subject}: {each.text} {each.hint}" for each in diagnose(person))


def test_a_person_who_can_log_in_is_asked_for_a_request_id(person: WeChatUser) -> None:
    findings = diagnose(person)

    assert problems(person) == []
    assert subjects(findings)[-1] == "All in all"
    assert "Logged in now. Live sessions: 1." in text_of(person)


def test_a_disabled_account(person: WeChatUser) -> None:
    person.user.is_active = False

    assert subjects(problems(person)) == ["Account"]


def test_a_block_with_its_reason_and_end(person: WeChatUser) -> None:
    block(person, reason="spam {0}", until=utc_now() + DAY)

    (finding,) = problems(person)

    assert finding.subject == "Block"
    assert "until" in str(finding.text)
    assert "spam {0}" in str(finding.text)
    with time_machine.travel(utc_now() + 2 * DAY):
        assert problems(person) == []


def test_a_block_without_an_end(person: WeChatUser) -> None:
    block(person, reason="spam")

    (finding,) = problems(person)

    assert "until" not in str(finding.text)
    assert "No live session; the latest one: account disabled." in text_of(person)


def test_an_app_removed_from_the_settings_is_a_problem(
    person: WeChatUser, configure: Callable[..., None]
) -> None:
    configure(APPS={"wx-other": {"SECRET": "s"}})

    assert subjects(problems(person)) == ["App"]


def test_how_the_latest_session_ended_is_no_problem(person: WeChatUser) -> None:
    LoginSession.objects.all().end("logged_out")
    assert "the latest one: logged out" in text_of(person)

    LoginSession.objects.update(ended_at=None, end_reason="", expires_at=utc_now())
    assert "the latest one: expired" in text_of(person)

    LoginSession.objects.all().delete()
    assert "No login session is kept." in text_of(person)
    assert problems(person) == []


def test_own_failures_are_counted_and_explained(
    person: WeChatUser, fail: Callable[..., LoginFailure]
) -> None:
    for code in ("account_disabled", "account_disabled", "user_blocked", "phone_code_invalid"):
        fail(code, wechat_user=person)
    fail("account_disabled", 25 * HOUR, wechat_user=person)

    found = problems(person)

    assert subjects(found) == ["Refused lately", "Refused lately"]
    assert "risk control" in str(found[0].text)
    assert "(2×, the last time at" in str(found[1].text)
    assert {each.is_good for each in diagnose(person) if each.subject == "Refused lately"} == {True, False}


def test_a_failure_after_a_login_is_no_sign_that_logins_fail(
    person: WeChatUser, fail: Callable[..., LoginFailure]
) -> None:
    fail("wechat_misconfigured", errcode=48001, wechat_user=person)

    assert problems(person) == []


def test_a_failure_before_a_login_that_worked_is_no_problem(
    person: WeChatUser, fail: Callable[..., LoginFailure]
) -> None:
    fail(ago=timedelta(minutes=1), wechat_user=person)

    assert "Refused lately" in subjects(diagnose(person))
    assert problems(person) == []


def test_failures_at_their_address_may_be_somebody_elses(
    person: WeChatUser, fail: Callable[..., LoginFailure], bob: Api
) -> None:
    LoginSession.objects.filter(wechat_user=person).update(ip="203.0.113.77")
    fail(errcode=40029, ip="203.0.113.77")
    fail("account_disabled", ip="203.0.113.77", wechat_user=WeChatUser.objects.exclude(pk=person.pk).get())
    fail("wechat_timeout", ip="203.0.113.78", appid="wx-other")

    (finding,) = problems(person)

    assert finding.subject == "Refused at their address"
    assert "(1×" in str(finding.text)
    assert "somebody else behind the same address" in str(finding.hint)


@pytest.mark.parametrize(
    ("code", "ago", "appid", "is_found"),
    [
        ("wechat_misconfigured", timedelta(minutes=5), APPID, True),
        ("wechat_timeout", timedelta(minutes=59), APPID, True),
        ("wechat_unavailable", timedelta(minutes=61), APPID, False),
        ("code_invalid", timedelta(minutes=5), APPID, False),
        ("wechat_misconfigured", timedelta(minutes=5), "wx-other", False),
    ],
)
def test_an_outage_is_a_finding_about_everybody(
    person: WeChatUser,
    fail: Callable[..., LoginFailure],
    code: str,
    ago: timedelta,
    appid: str,
    is_found: bool,
) -> None:
    LoginSession.objects.update(created_at=utc_now() - 2 * HOUR)
    fail(code, ago, appid=appid, errcode=40013 if code == "wechat_misconfigured" else None)

    assert subjects(problems(person)) == (["Everybody else in this app"] if is_found else [])


def test_a_later_login_of_somebody_else_ends_the_outage(
    person: WeChatUser, fail: Callable[..., LoginFailure], bob: Api
) -> None:
    fail("wechat_timeout", timedelta(minutes=5))

    assert problems(person) == []


def test_findings_hold_no_personal_data(person: WeChatUser, fail: Callable[..., LoginFailure]) -> None:
    person.store_phone(PhoneNumber("13800138000", "86"))
    LoginSession.objects.update(ip="203.0.113.77", created_at=utc_now() - 2 * HOUR)
    fail(ip="203.0.113.77")
    fail("wechat_misconfigured", errcode=40125, wechat_user=person, ip="203.0.113.77")

    text = text_of(person)

    for secret in (OPENID, "13800138000", "203.0.113", "0123456789abcdef"):
        assert secret not in text


def test_the_number_of_statements_does_not_depend_on_the_rows(
    person: WeChatUser, fail: Callable[..., LoginFailure]
) -> None:
    fail(wechat_user=person)
    with statements() as few:
        diagnose(person)
    for number in range(50):
        fail(errcode=number, wechat_user=person)
        fail(errcode=number, ip="127.0.0.1")
        LoginSession.objects.start(person, at=utc_now(), ip=f"10.0.0.{number}")

    with statements() as many:
        findings = diagnose(person)

    assert len(few) == len(many) == 5
    assert len(findings) <= 20


def test_a_failure_is_found_by_the_id_of_its_request(api: Api, fail: Callable[..., LoginFailure]) -> None:
    fail(request_id="trace-42", ago=HOUR, errcode=1)
    api.post("login/", {"code": "never-issued"}, headers={"X-Request-ID": "trace-42"})
    fail(request_id="")

    found = failure_of("trace-42")

    assert found is not None
    assert (found.code, found.errcode) == ("code_invalid", 40029)
    assert failure_of("trace-43") is None
    assert failure_of("") is None
