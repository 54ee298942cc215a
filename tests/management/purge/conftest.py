import pytest

from wxlogin.clock import utc_now
from wxlogin.models import LoginSession
from wxlogin.services.upkeep import retention

from .rows import DAY


@pytest.fixture(autouse=True)
def _no_pictures(settings, tmp_path):
    """Pictures that other tests have left would be compared with the people."""
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def make_session(make_person):
    alice = make_person()

    def make(*, created, expires=None, ended=None, **fields):
        """Make a session. All times are ages; a negative age lies in the future."""
        now = utc_now()
        return LoginSession.objects.create(
            wechat_user=fields.pop("wechat_user", alice),
            created_at=now - created,
            last_seen_at=now - created,
            expires_at=now - (created - 30 * DAY if expires is None else expires),
            ended_at=None if ended is None else now - ended,
            **fields,
        )

    return make


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
