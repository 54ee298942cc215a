import pytest
from django.utils import timezone

from wxlogin.models import SessionKey


@pytest.fixture
def list_keys(configure):
    def change(*keys):
        configure(ENCRYPTION_KEYS=list(keys))

    return change


@pytest.fixture
def make_key(make_person):
    def make(openid="o-alice", session_key=None):
        person = make_person(openid)
        SessionKey.objects.store(person, session_key or f"key of {openid}", asked_at=timezone.now())
        return SessionKey.objects.get(wechat_user=person)

    return make
