import pytest
from django.core.checks import Error, Warning, register  # noqa: A004
from django.core.checks.registry import registry

from .command import run

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        (Error("Wrong.", hint="Do this.", id="wxlogin.E900"), "PROBLEM"),
        (Warning("Odd.", hint="Do that.", id="wxlogin.W900"), "note   "),
    ],
)
def test_a_message_of_a_check_is_reported_and_a_warning_is_no_failure(monkeypatch, message, verdict):
    monkeypatch.setattr(registry, "deployment_checks", {*registry.deployment_checks})
    register(lambda **kwargs: [message], deploy=True)

    printed, is_well = run()

    assert is_well is (verdict != "PROBLEM")
    assert f"{verdict} Configuration: {message.id}: {message.msg}\n        {message.hint}\n" in printed


def test_silenced_messages_and_those_of_others_are_not_reported(monkeypatch, settings):
    monkeypatch.setattr(registry, "registered_checks", {*registry.registered_checks})
    settings.SILENCED_SYSTEM_CHECKS = ["wxlogin.W005", "wxlogin.E900"]
    messages = [
        Error("Silenced.", id="wxlogin.E900"),
        Error("Of others.", id="others.E1"),
        Error("Of nobody."),
    ]
    register(lambda **kwargs: messages)

    printed, is_well = run()

    assert is_well
    assert "Nothing to remark." in printed
