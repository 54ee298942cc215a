import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.fakewechat.http import Client

# Tests of a project that has installed the package, but has no Django settings.
BARE_PROJECT = """
import pytest

@pytest.mark.parametrize("turn", [1, 2])
def test_starts_empty(wechat, turn):
    assert wechat.calls == []
    assert wechat.person(openid="o-alice").nickname is None
    wechat.person(openid="o-alice", nickname="Alice")
    wechat.stop()

def test_is_one_server(wechat, wechat_server):
    assert wechat is wechat_server
"""


@pytest.fixture
def settings() -> SimpleNamespace:
    """A replacement for the fixture of pytest-django."""
    return SimpleNamespace(WXLOGIN={"APPS": {}, "API_BASE": "https://api.weixin.qq.com"})


def test_the_fixture_points_the_settings_to_the_fake(wechat, settings):
    assert settings.WXLOGIN["API_BASE"] == wechat.url
    assert settings.WXLOGIN["APPS"] == {}


def test_no_rate_is_in_the_way_of_a_test(wechat, settings):
    rates = [settings.WXLOGIN[name] for name in ("LOGIN_RATE", "REFRESH_RATE", "DATA_RATE")]

    assert set(rates) == {"1000000/min"}


class TestSettingsWithAnApp:
    @pytest.fixture
    def settings(self) -> SimpleNamespace:
        shop = {"SECRET": "shop-secret", "PUSH_TOKEN": "shop-token", "PUSH_AES_KEY": "A" * 43}
        return SimpleNamespace(WXLOGIN={"APPS": {"wx-shop": shop}})

    def test_let_the_fake_push(self, wechat, receiver):
        assert wechat.push(receiver.url, "debug_demo", "o-alice")["status"] == 200
        assert receiver.last.query["encrypt_type"] == "aes"

    def test_leave_every_secret_good(self, wechat):
        client = Client(wechat.url)
        session = client.code2session(wechat.code_for("o-alice"), secret="whatever").json()

        assert session["openid"] == "o-alice"
        client.close()


def test_apps_of_another_test_are_forgotten(wechat):
    assert wechat.apps == {}


def test_the_fixture_speaks_http(wechat):
    client = Client(wechat.url)

    session = client.code2session(wechat.code_for("o-alice", "wx-shop")).json()

    assert session["session_key"] == wechat.session_key_of("o-alice", "wx-shop")
    client.close()


class TestSettingsWithoutWxlogin:
    @pytest.fixture
    def settings(self) -> SimpleNamespace:
        return SimpleNamespace()

    def test_are_left_alone(self, wechat, settings):
        assert vars(settings) == {}


@pytest.mark.parametrize("options", [[], ["-p", "no:django"]])
def test_the_fixture_works_without_django(tmp_path, options):
    (tmp_path / "test_bare.py").write_text(BARE_PROJECT)
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}

    result = subprocess.run(  # noqa: S603, our own command
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *options],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert "3 passed" in result.stdout, result.stdout
