import pytest
from django.core.management import call_command

from wxlogin.fakewechat import FakeWeChat
from wxlogin.management.commands import fakewechat


@pytest.fixture
def served(monkeypatch):
    """The apps that the command passes to ``serve``."""
    served = []

    def serve(host, port, apps, ready):
        with FakeWeChat(host, 0, apps) as fake:
            served.append(fake.apps)

    monkeypatch.setattr(fakewechat, "serve", serve)
    return served


def test_the_command_hands_on_what_the_settings_say_of_the_apps(served, settings):
    push = {"PUSH_TOKEN": "shop-token", "PUSH_AES_KEY": "A" * 43}
    settings.WXLOGIN = {"APPS": {"wx-shop": {"SECRET": "s", **push}, "wx-silent": {"SECRET": "s"}}}

    call_command("fakewechat")

    [apps] = served
    assert (apps["wx-shop"].secret, apps["wx-shop"].push_token) == ("s", "shop-token")
    assert apps["wx-shop"].push_aes_key == "A" * 43
    assert (apps["wx-silent"].push_token, apps["wx-silent"].push_aes_key) == ("", "")
