"""Staff end login sessions."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tests.conftest import Api
from wxlogin.clock import utc_now
from wxlogin.models import LoginSession, StaffAct, WeChatUser

from .staff import OPENID, act_url, action_form, alice, confirm, log_entry, url


def test_ending_a_session_refuses_its_tokens_at_the_next_request(person: Api, support: Client) -> None:
    session = LoginSession.objects.latest("pk")

    answer = support.post(url("loginsession"), action_form([session.pk]), follow=True)

    refused = person.get("me/")
    assert "1 login session ended" in answer.content.decode()
    assert (refused.status_code, refused.json()["reason"]) == (401, "ended_by_staff")
    assert person.refresh().json()["reason"] == "ended_by_staff"
    assert LoginSession.objects.live(utc_now()).count() == 1


def test_ending_a_persons_sessions_ends_all_of_them_and_nobody_elses(
    person: Api, bob: Api, support: Client, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = WeChatUser.objects.get(openid=OPENID)

    answer = support.post(url("wechatuser"), action_form([chosen.pk]), follow=True)

    assert "2 login sessions ended" in answer.content.decode()
    assert person.get("me/").json()["reason"] == "ended_by_staff"
    assert bob.get("me/").status_code == 200
    assert f"staff={get_user_model().objects.get(username='staff-5-0').pk}" in caplog.text


def test_one_session_is_ended_from_the_persons_page(person: Api, support: Client) -> None:
    session = LoginSession.objects.latest("pk")
    end_url = act_url("end_sessions", session)
    assert end_url in support.get(url("wechatuser", "change", alice().pk)).content.decode()

    result = confirm(support, "end_sessions", session).content.decode()

    assert "1 login session ended. Its tokens are refused from the next request on." in result
    assert person.get("me/").json()["reason"] == "ended_by_staff"
    assert LoginSession.objects.live(utc_now()).count() == 1
    assert log_entry("end_sessions").details == {"sessions": 1}
    assert end_url not in support.get(url("wechatuser", "change", alice().pk)).content.decode()


def test_all_sessions_are_ended_from_the_persons_page_with_counts_first(person: Api, support: Client) -> None:
    form = support.get(act_url("end_sessions")).content.decode()

    result = confirm(support, "end_sessions").content.decode()

    assert re.search(r"live sessions</bdi></th><td>2<", form)
    assert "2 login sessions ended" in result
    assert person.get("me/").json()["reason"] == "ended_by_staff"


def test_all_that_a_filter_finds_can_be_ended_at_once(person: Api, bob: Api, support: Client) -> None:
    everything = {"index": 0, "select_across": 1, **action_form([LoginSession.objects.first().pk])}
    question = {key: value for key, value in everything.items() if key != "confirmed"}
    form = support.post(url("loginsession") + "?state=live", question)

    done = support.post(url("loginsession") + "?state=live", everything)

    assert 'name="select_across" value="1"' in form.content.decode()
    assert done["Location"].endswith("?state=live")
    assert person.get("me/").status_code == bob.get("me/").status_code == 401
    assert {act.details["sessions"] for act in StaffAct.objects.all()} == {2, 1}


def test_what_is_over_already_keeps_its_reason(person: Api, support: Client) -> None:
    person.post("logout/")
    session = LoginSession.objects.get(end_reason="logged_out")

    answer = support.post(url("loginsession"), action_form([session.pk]), follow=True)

    session.refresh_from_db()
    assert "Nothing to end" in answer.content.decode()
    assert session.end_reason == "logged_out"


def test_what_expired_is_not_ended_by_staff(person: Api, support: Client) -> None:
    LoginSession.objects.update(expires_at=utc_now())
    ids = list(LoginSession.objects.values_list("pk", flat=True))

    answer = support.post(url("loginsession"), action_form(ids), follow=True)

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
