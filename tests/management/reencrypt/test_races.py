from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import OperationalError, connections

from tests.management.commands import lines_of
from wxlogin.clock import utc_now
from wxlogin.models import SessionKey, WeChatUser
from wxlogin.secret import Secret
from wxlogin.wechat.results import PhoneNumber

from .keys import NEW, OLD, PHONE


def test_a_login_at_the_same_moment_wins(make_key, list_keys, monkeypatch):
    list_keys(OLD)
    key = make_key()
    list_keys(NEW, OLD)
    reveal = SessionKey.unseal

    def reveal_while_alice_logs_in(self):
        monkeypatch.setattr(SessionKey, "unseal", reveal)
        SessionKey.objects.store(key.wechat_user, Secret("newer"), asked_at=utc_now())
        return reveal(self)

    monkeypatch.setattr(SessionKey, "unseal", reveal_while_alice_logs_in)

    lines = lines_of("wxlogin_reencrypt")

    assert lines[0] == "session keys: 0 moved, 1 current, 0 don't open"
    assert SessionKey.objects.get().unseal().reveal() == "newer"


def test_a_phone_bound_or_taken_back_at_the_same_moment_wins(make_person, list_keys, monkeypatch):
    list_keys(OLD)
    alice, bob = make_person("o-alice"), make_person("o-bob")
    alice.store_phone(PHONE)
    bob.store_phone(PHONE)
    list_keys(NEW, OLD)
    newer, phone = PhoneNumber("13900139000", "86"), WeChatUser.phone.fget

    def phone_while_it_changes(self):
        if self.openid == "o-alice":
            alice.store_phone(newer)
        else:
            bob.change(sealed_phone=b"", phone_hash="")
        return phone(self)

    monkeypatch.setattr(WeChatUser, "phone", property(phone_while_it_changes))
    lines_of("wxlogin_reencrypt")
    monkeypatch.setattr(WeChatUser, "phone", property(phone))

    assert list(WeChatUser.objects.with_phone("13900139000")) == [alice]
    assert WeChatUser.objects.get(openid="o-alice").phone == newer
    assert WeChatUser.objects.get(openid="o-bob").phone is None
    assert not WeChatUser.objects.with_phone("13800138000").exists()


@pytest.mark.django_db(transaction=True)
def test_keys_that_are_written_in_parallel_are_neither_lost_nor_replaced(make_key, list_keys):
    list_keys(OLD)
    people = [make_key(f"o-{number}").wechat_user for number in range(40)]
    list_keys(NEW, OLD)
    start = Barrier(3)

    def log_everybody_in():
        for person in people[::2]:
            asked_at = utc_now()
            SessionKey.objects.store(person, Secret(f"newer of {person.openid}"), asked_at=asked_at)

    def at_once(work):
        try:
            start.wait()
            return work()
        finally:
            connections.close_all()

    def move():
        return lines_of("wxlogin_reencrypt")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(at_once, [move, log_everybody_in, move]))

    list_keys(NEW)
    revealed = {
        key.wechat_user.openid: key.unseal().reveal()
        for key in SessionKey.objects.select_related("wechat_user")
    }
    assert revealed == {
        f"o-{number}": f"key of o-{number}" if number % 2 else f"newer of o-{number}" for number in range(40)
    }


@pytest.mark.django_db(transaction=True)
def test_a_locked_database_does_not_stop_it(make_key, list_keys, monkeypatch):
    list_keys(OLD)
    make_key()
    list_keys(NEW, OLD)
    reveal, failures = SessionKey.unseal, [OperationalError("database is locked")]

    def reveal_later(self):
        if failures:
            raise failures.pop()
        return reveal(self)

    monkeypatch.setattr(SessionKey, "unseal", reveal_later)

    assert lines_of("wxlogin_reencrypt")[0] == "session keys: 1 moved, 0 current, 0 don't open"
