"""Staff export people as CSV."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.conftest import Api
from wxlogin.models import WeChatUser
from wxlogin.services.staff import exporting

from .staff import (
    OPENID,
    PHONE,
    UNIONID,
    action_form,
    alice,
    log_entry,
    url,
)


def export(browser: Client, **answers: Any) -> Any:
    data = {
        **action_form(list(WeChatUser.objects.values_list("pk", flat=True))),
        "action": "export",
        **answers,
    }
    return browser.post(url("wechatuser"), data)


def read_csv(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.fixture
def exporter(staff_with: Callable[..., Client]) -> Client:
    return staff_with("view_wechatuser", "export_wechatuser")


def test_an_export_is_masked_streamed_and_recorded(person: Api, exporter: Client) -> None:
    person.wechat.person(OPENID, phone=PHONE)
    person.post("phone/", {"code": person.wechat.phone_code_for(OPENID)})

    answer = export(exporter, unmasked="on")

    [row] = read_csv(answer)
    assert answer.streaming
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    assert (row["openid"], row["unionid"], row["phone"]) == ("oAli…enid", "uAli…onid", "86 13…66")
    assert row["nickname"] == "韩梅梅"
    assert log_entry("export").details == {"rows": 1, "unmasked": False, "filters": [], "searched": False}


def test_the_permission_to_reveal_allows_an_unmasked_export(
    person: Api, staff_with: Callable[..., Client]
) -> None:
    clerk = staff_with("view_wechatuser", "export_wechatuser", "reveal_wechatuser")

    [row] = read_csv(export(clerk, unmasked="on"))

    assert (row["openid"], row["unionid"]) == (OPENID, UNIONID)
    assert log_entry("export").details["unmasked"] is True
    assert log_entry("export").wechat_user == alice(), "as good as a reveal, and told with the person"


@pytest.mark.parametrize("evil", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1+1", " =1"])  # noqa: RUF001
def test_no_spreadsheet_works_a_nickname_out(person: Api, exporter: Client, evil: str) -> None:
    WeChatUser.objects.update(nickname=evil)

    [row] = read_csv(export(exporter))

    assert row["nickname"] == "'" + evil


def test_an_export_has_an_end(
    person: Api, bob: Api, exporter: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MAX_ROWS", 1)

    data = {**action_form(list(WeChatUser.objects.values_list("pk", flat=True))), "action": "export"}
    del data["confirmed"]
    form = exporter.post(url("wechatuser"), data).content.decode()

    assert "all further ones: use filters" in form
    assert len(read_csv(export(exporter))) == 1


def test_what_was_searched_for_is_not_kept_in_the_log(person: Api, exporter: Client) -> None:
    data = {**action_form([alice().pk]), "action": "export"}

    answer = exporter.post(url("wechatuser") + f"?q={OPENID}&state=active", data)

    b"".join(answer.streaming_content)
    assert log_entry("export").details["filters"] == ["state=active"]
    assert log_entry("export").details["searched"] is True
