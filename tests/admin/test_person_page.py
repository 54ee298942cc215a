"""One person's page."""

from collections.abc import Callable

from django.test import Client

from tests.conftest import Api
from wxlogin.models import WeChatUser

from .staff import OPENID, url


def test_a_persons_page_shows_the_story_of_their_sessions(person: Api, viewer: Client) -> None:
    person.post("logout/")

    content = viewer.get(url("wechatuser", "change", WeChatUser.objects.get().pk)).content.decode()

    assert "韩梅梅" in content
    assert "logged out" in content
    assert "Tea House" in content
    assert "All login sessions of this person" in content


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
