"""Staff reveal a masked field."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.conftest import Api
from wxlogin.models import StaffAct
from wxlogin.services.staff import revealing

from .staff import OPENID, PHONE, UNIONID, act_url, alice, confirm, log_entry, url


@pytest.mark.parametrize(
    ("field", "value"), [("openid", OPENID), ("unionid", UNIONID), ("phone", f"+86 {PHONE}")]
)
def test_a_field_is_revealed_once_and_recorded(
    person: Api, staff_with: Callable[..., Client], field: str, value: str
) -> None:
    person.wechat.person(OPENID, phone=PHONE)
    person.post("phone/", {"code": person.wechat.phone_code_for(OPENID)})
    clerk = staff_with("view_wechatuser", "reveal_wechatuser")

    form, shown = clerk.get(act_url("reveal")), confirm(clerk, "reveal", field=field)

    assert value not in form.content.decode()
    assert value in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert log_entry("reveal").details == {"field": field}
    assert value not in clerk.get(url("wechatuser", "change", alice().pk)).content.decode()
    assert not [
        each for each in ("openid", "unionid", "phone") if value in str(StaffAct.objects.values_list())
    ]


def test_no_other_field_is_revealed(person: Api, superuser: Client) -> None:
    answer = confirm(superuser, "reveal", field="sealed_phone")

    assert 'id="wxlogin-act"' in answer.content.decode()
    assert not StaffAct.objects.exists()


def test_reveals_beyond_the_limit_are_refused(
    person: Api, superuser: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(revealing, "MAX_REVEALS", 1)
    confirm(superuser, "reveal", field="openid")

    result = confirm(superuser, "reveal", field="openid").content.decode()

    assert "You have revealed a lot within an hour" in result
    assert OPENID not in result
    assert StaffAct.objects.count() == 1
    assert "too many reveals" in caplog.text


def test_a_phone_that_no_key_opens_is_not_revealed(
    person: Api, superuser: Client, lose_keys: Callable[[], None]
) -> None:
    person.post("phone/", {"code": person.wechat.phone_code_for(OPENID)})
    lose_keys()

    result = confirm(superuser, "reveal", field="phone").content.decode()

    assert "sealed with a key that is no longer listed" in result
    assert not StaffAct.objects.exists()
