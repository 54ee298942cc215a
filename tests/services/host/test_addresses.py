"""Limits that count many people as one, and what the operator hears of it."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import translation

from tests.conftest import Api
from tests.management.doctor.command import line_with, run
from wxlogin import checks
from wxlogin.services.host.addresses import KEY, shared_limits

LOOPBACK = "127.0.0.1"


@pytest.fixture(autouse=True)
def _nothing_noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(shared_limits, "quiet_until", 0.0)
    cache.delete(KEY)
    yield
    cache.delete(KEY)


@pytest.fixture
def hit(api: Api, configure: Any, caplog: pytest.LogCaptureFixture) -> Any:
    """Return a function that hits the limit on logins with these headers, and returns the warnings."""

    def hit(peer: str | None, proxies: int = 0, **headers: str) -> list[str]:
        caplog.clear()
        configure(LOGIN_RATE="1/min", TRUSTED_PROXIES=proxies)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        extra = {} if peer is None else {"REMOTE_ADDR": peer}
        answers = [api.post("login/", {}, access="", headers=sent, **extra).status_code for _ in range(3)]
        assert answers[1:] == [429, 429]
        return [
            each.getMessage()
            for each in caplog.records
            if each.name == "wxlogin" and each.levelno >= logging.WARNING
        ]

    return hit


HEADERS = [{"X_Forwarded_For": "203.0.113.5"}, {"Forwarded": "for=203.0.113.5"}, {"X_Real_IP": "203.0.113.5"}]


@pytest.mark.parametrize("headers", HEADERS)
def test_a_limit_behind_a_proxy_that_nobody_declared_is_told_once(
    hit: Any, address: str, headers: dict[str, str]
) -> None:
    [line] = hit(address, **headers)

    assert line.startswith(
        "limit hit scope=login problem=many people may share this limit. A header tells of a proxy"
    )
    assert "set TRUSTED_PROXIES to their number, usually 1" in line
    assert "203.0.113.5" not in line
    assert hit(address, **headers) == []


@pytest.mark.parametrize("headers", [{}, *HEADERS])
def test_a_limit_at_a_unix_socket_is_told_whatever_a_client_sends(hit: Any, headers: dict[str, str]) -> None:
    cache.delete_many(["wxlogin:login:unknown", "wxlogin:login:unknown:end"])

    [line] = hit("", **headers)

    assert "Unix socket" in line
    assert "proxy_set_header X-Forwarded-For" in line


def test_the_log_is_english_whatever_the_language_of_the_request(hit: Any, address: str) -> None:
    with translation.override("zh-hans"):
        [line] = hit(address, X_Real_IP="203.0.113.5", Accept_Language="zh-hans")

    assert line.isascii()


@pytest.mark.parametrize(
    ("proxies", "headers", "told"),
    [
        (
            2,
            {"X_Forwarded_For": "203.0.113.5"},
            "TRUSTED_PROXIES is larger than the number of addresses in X-Forwarded-For.",
        ),
        (1, {}, "TRUSTED_PROXIES is larger than the number of addresses in X-Forwarded-For."),
        (1, {"X_Forwarded_For": "unknown"}, "is no address"),
    ],
)
def test_a_limit_with_proxies_declared_that_do_not_fit_is_told(
    hit: Any, address: str, proxies: int, headers: dict[str, str], told: str
) -> None:
    cache.delete_many(
        [f"wxlogin:login:{who}{end}" for who in ("unknown", "203.0.113.5") for end in ("", ":end")]
    )

    [line] = hit(address, proxies, **headers)

    assert told in line


@pytest.mark.parametrize(("proxies", "headers"), [(0, {}), (1, {"X_Forwarded_For": "{}"})])
def test_a_limit_of_one_person_is_no_warning(
    hit: Any, address: str, proxies: int, headers: dict[str, str]
) -> None:
    sent = {name: value.format(address) for name, value in headers.items()}

    assert hit(address, proxies, **sent) == []
    assert cache.get(KEY) is None


def test_the_doctor_remembers_it_until_the_setting_is_changed(hit: Any, address: str, configure: Any) -> None:
    good, _ = run()
    hit(address, X_Forwarded_For="203.0.113.5")

    told, is_well = run()
    configure(TRUSTED_PROXIES=1)
    mended, _ = run()

    assert line_with("Client addresses:", good).startswith("ok ")
    assert line_with("Client addresses:", told).startswith("note ")
    assert "a limit was hit that many people may share: A header tells of a proxy" in told
    assert is_well
    assert line_with("Client addresses:", mended).startswith("ok ")
    assert isinstance(cache.get(KEY), str | None)


@pytest.mark.parametrize("rubbish", ["", "x", "untrusted", "untrusted 9 9", 7, ["untrusted 0"]])
def test_what_the_cache_remembers_may_be_anything(db: None, rubbish: Any) -> None:
    cache.set(KEY, rubbish, 60)

    assert line_with("Client addresses:", run()[0]).startswith("ok ")


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "kind", "told"),
    [
        (0, "198.51.100.7", None, "good", "You come from 198.51.100.7. TRUSTED_PROXIES is 0"),
        (1, "10.0.0.1", "203.0.113.5", "good", "You come from 203.0.113.5. TRUSTED_PROXIES is 1"),
        (1, "", "203.0.113.5", "good", "You come from 203.0.113.5."),
        (2, "10.0.0.1", "203.0.113.5, 10.0.0.2", "good", "You come from 203.0.113.5."),
        (1, "10.0.0.1", "203.0.113.5, 10.0.0.2", "quiet", "You come from 10.0.0.2."),
        (0, "198.51.100.7", "203.0.113.5", "quiet", "You seem to come from 198.51.100.7."),
        (0, LOOPBACK, "203.0.113.5", "bad", "You seem to come from 127.0.0.1."),
        (0, "", "203.0.113.5", "bad", "You seem to come from no address."),
        (0, "", None, "bad", "The server listens at a Unix socket"),
        (1, "198.51.100.7", None, "quiet", "TRUSTED_PROXIES is larger than the number of addresses"),
        (1, "", None, "bad", "TRUSTED_PROXIES is larger than the number of addresses"),
        (1, "10.0.0.1", "unknown", "bad", "is no address"),
    ],
)
def test_the_overview_compares_the_request_that_asks(
    admin_client: Any,
    wechat: Any,
    configure: Any,
    proxies: int,
    peer: str,
    forwarded: str,
    kind: str,
    told: str,
) -> None:
    configure(TRUSTED_PROXIES=proxies)
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}

    page = admin_client.post(reverse("admin:wxlogin_overview_changelist"), headers=headers, REMOTE_ADDR=peer)

    [(badge, _verdict, finding)] = [
        each for each in page.context["findings"] if str(each[2].subject) == "Client addresses"
    ]
    assert (badge, told in str(finding.text)) == (kind, True), finding.text
    assert bool(finding.hint) == (kind != "good")
    with translation.override("zh-hans"):
        assert str(finding.text).isascii() is False


@pytest.mark.parametrize(
    "declared",
    [
        {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
        {"USE_X_FORWARDED_HOST": True},
        {"USE_X_FORWARDED_PORT": True},
    ],
)
def test_settings_that_tell_of_a_proxy_are_compared(
    settings: Any, configure: Any, declared: dict[str, Any]
) -> None:
    for name, value in declared.items():
        setattr(settings, name, value)

    found = [each for each in checks.check_deployment() if each.id == "wxlogin.W021"]
    configure(TRUSTED_PROXIES=1)

    assert len(found) == 1
    assert next(iter(declared)) in str(found[0].msg)
    assert "wxlogin.W021" not in [each.id for each in checks.check_deployment()]


@pytest.mark.parametrize("value", [None, "x", -1])
def test_a_bad_value_is_told_of_by_its_own_check(settings: Any, configure: Any, value: Any) -> None:
    settings.USE_X_FORWARDED_HOST = True
    configure(TRUSTED_PROXIES=value)

    assert "wxlogin.W021" not in [each.id for each in checks.check_deployment()]
