import pytest

from tests.conftest import Api
from wxlogin.models import WeChatUser
from wxlogin.models.people import WeChatUserQuerySet


def test_me_is_the_user_object_of_the_login(alice: Api) -> None:
    answer = alice.get("me/")

    assert answer.status_code == 200
    assert answer.json() == alice.tokens["user"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("李雷", "李雷"),
        ("  Anna  ", "Anna"),
        ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
        ("a\u202eb\u0000c\nd", "abcd"),
        ("x" * 64, "x" * 64),
        ("x" * 64 + "\u200f", "x" * 64),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_a_nickname_is_kept_without_what_nobody_sees(alice: Api, sent: str, kept: str) -> None:
    answer = alice.put("me/", {"nickname": sent})

    if "\x00" in sent:
        assert answer.status_code == 400
        answer = alice.put("me/", {"nickname": sent.replace("\x00", "")})
    assert answer.status_code == 200
    assert answer.json()["nickname"] == kept
    assert alice.get("me/").json()["nickname"] == kept


@pytest.mark.parametrize(
    "nickname", [None, "", "  ", "\u202e\u200f", "\u200b\u200d", "x" * 65, 7, True, ["n"], {"a": 1}, "\ud800"]
)
def test_what_is_no_nickname_is_refused(alice: Api, nickname: object) -> None:
    answer = alice.put("me/", {"nickname": nickname})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["nickname"])
    assert WeChatUser.objects.get().nickname == ""


def test_nothing_else_about_me_can_be_changed(alice: Api) -> None:
    body = {
        "nickname": "Anna",
        "id": 99,
        "openid": "o-x",
        "phone_bound": True,
        "created_at": "2000-01-01",
        "user": 1,
    }

    answer = alice.put("me/", body)

    assert answer.json() == {**alice.tokens["user"], "nickname": "Anna"}


def test_a_nickname_for_somebody_who_was_just_deleted_is_refused(
    alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = WeChatUserQuerySet.update

    def update(people: WeChatUserQuerySet, **fields: object) -> int:
        WeChatUser.objects.all().delete()
        return real(people, **fields)

    monkeypatch.setattr(WeChatUserQuerySet, "update", update)

    answer = alice.put("me/", {"nickname": "Anna"})

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


def test_an_avatar_is_an_absolute_url(alice: Api) -> None:
    WeChatUser.objects.update(avatar="wxlogin/avatars/a.png", sealed_phone=b"sealed")

    shown = alice.get("me/").json()

    assert shown["avatar"] == "http://testserver/media/wxlogin/avatars/a.png"
    assert shown["phone_bound"] is True
