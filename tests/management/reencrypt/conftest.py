import pytest

from wxlogin.clock import utc_now
from wxlogin.models import SessionKey
from wxlogin.secret import Secret


@pytest.fixture
def list_keys(configure):
    def change(*keys):
        configure(ENCRYPTION_KEYS=list(keys))

    return change


@pytest.fixture
def make_key(make_person):
    def make(openid="o-alice", session_key=None):
        person = make_person(openid)
        SessionKey.objects.store(person, Secret(session_key or f"key of {openid}"), asked_at=utc_now())
        return SessionKey.objects.get(wechat_user=person)

    return make
