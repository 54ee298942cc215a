import base64
from datetime import timedelta

import pytest

from wxlogin.conf import App, Conf, Rate, conf
from wxlogin.secret import Secret
from wxlogin.services.accounts import create_user
from wxlogin.vault import CannotOpen, Vault

DEFAULTS = {
    "APPS": {},
    "API_BASE": "https://api.weixin.qq.com",
    "CA_BUNDLE": None,
    "UPSTREAM_DEADLINE": 5.0,
    "UPSTREAM_CONCURRENCY": 6,
    "BREAKER_FAILURES": 5,
    "BREAKER_PAUSE": timedelta(seconds=5),
    "SIGNING_KEY_FALLBACKS": [],
    "ACCESS_LIFETIME": None,
    "SESSION_IDLE": timedelta(days=7),
    "SESSION_ABSOLUTE": timedelta(days=30),
    "REFRESH_GRACE": timedelta(seconds=30),
    "MAX_SESSIONS": 10,
    "LOGIN_RATE": Rate(30, 60),
    "REFRESH_RATE": Rate(60, 60),
    "DATA_RATE": Rate(20, 60),
    "TRUSTED_PROXIES": 0,
    "OPEN_DATA_MAX_AGE": timedelta(minutes=10),
    "RETENTION": timedelta(days=180),
    "USER_FACTORY": create_user,
}


@pytest.mark.parametrize(("name", "value"), DEFAULTS.items())
def test_a_project_that_sets_nothing_gets_the_documented_default(settings, name, value):
    settings.WXLOGIN = {}

    assert getattr(conf, name) == value


def test_a_project_without_the_dict_gets_defaults_too(settings):
    del settings.WXLOGIN

    assert conf.MAX_SESSIONS == 10


def test_settings_are_read_at_the_moment_of_use(configure):
    configure(MAX_SESSIONS=3)
    before = conf.MAX_SESSIONS
    configure(MAX_SESSIONS=4)

    assert (before, conf.MAX_SESSIONS) == (3, 4)


DURATIONS = [
    "BREAKER_PAUSE",
    "ACCESS_LIFETIME",
    "SESSION_IDLE",
    "SESSION_ABSOLUTE",
    "REFRESH_GRACE",
    "OPEN_DATA_MAX_AGE",
    "RETENTION",
]


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize("value", [90, 90.0, timedelta(seconds=90)])
def test_a_duration_is_a_timedelta_or_seconds(configure, name, value):
    configure(**{name: value})

    assert getattr(conf, name) == timedelta(seconds=90)


def test_a_grace_of_nothing_is_kept(configure):
    configure(REFRESH_GRACE=0)

    assert timedelta() == conf.REFRESH_GRACE


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("5/s", Rate(5, 1)),
        ("5/sec", Rate(5, 1)),
        ("5/second", Rate(5, 1)),
        ("30/m", Rate(30, 60)),
        ("30/min", Rate(30, 60)),
        ("30/minute", Rate(30, 60)),
        ("1000/h", Rate(1000, 3600)),
        ("1000/hour", Rate(1000, 3600)),
        ("1/d", Rate(1, 86400)),
        ("999999999/day", Rate(999_999_999, 86400)),
    ],
)
def test_a_rate_reads_as_it_is_spoken(text, rate):
    assert Rate.parse(text) == rate


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30",
        "/min",
        "30/",
        "0/min",
        "-1/min",
        "1.5/min",
        "30/month",
        "30/mins",
        " 30/min",
        "30/min\n",
        "30/MIN",
    ],
)
def test_what_only_resembles_a_rate_is_refused(text):
    with pytest.raises(ValueError, match="is no rate"):
        Rate.parse(text)


def test_an_app_is_described_by_its_declaration(configure):
    configure(APPS={"wx1": {"SECRET": "made-up", "NAME": "Tea House", "OPEN_PLATFORM": "shops"}})

    assert {"wx1": App("wx1", Secret("made-up"), "Tea House", "shops")} == conf.APPS


def test_an_app_without_a_name_goes_by_its_appid(configure):
    configure(APPS={"wx1": {"SECRET": "made-up"}})

    assert conf.APPS["wx1"].name == "wx1"


def test_an_app_may_receive_pushes(configure):
    configure(APPS={"wx1": {"SECRET": "made-up", "PUSH_TOKEN": "token", "PUSH_AES_KEY": "k" * 43}, "wx2": {}})

    assert (conf.APPS["wx1"].push_token, conf.APPS["wx1"].push_aes_key) == (Secret("token"), Secret("k" * 43))
    assert (conf.APPS["wx2"].push_token, conf.APPS["wx2"].push_aes_key) == (Secret(""), Secret(""))


def test_the_repr_of_an_app_hides_its_secrets():
    hidden = Secret("made-up")

    assert "made-up" not in repr(App("wx1", hidden, push_token=hidden, push_aes_key=hidden))


def test_listed_encryption_keys_are_decoded_in_order(configure):
    keys = [b"a" * 32, b"b" * 32]
    configure(ENCRYPTION_KEYS=[base64.b64encode(key).decode() for key in keys])

    assert [key.reveal() for key in conf.ENCRYPTION_KEYS[:2]] == keys


def test_what_was_sealed_before_a_key_was_listed_still_opens(configure):
    sealed = Vault(conf.ENCRYPTION_KEYS).seal(Secret("made-up"), bound_to=())
    configure(ENCRYPTION_KEYS=[base64.b64encode(b"a" * 32).decode()])
    vault = Vault(conf.ENCRYPTION_KEYS)

    assert vault.open(sealed, bound_to=()).reveal() == "made-up"
    assert not vault.is_current(sealed)
    assert vault.is_current(vault.seal(Secret("made-up"), bound_to=()))


@pytest.mark.parametrize(("keys", "derived"), [(None, True), ([], True), (["made-up"], False)])
def test_keys_are_derived_where_none_are_listed(configure, keys, derived):
    configure(ENCRYPTION_KEYS=keys)

    assert conf.derives_keys() is derived


def test_a_derived_encryption_key_is_not_the_secret_key_itself(settings):
    (key,) = conf.ENCRYPTION_KEYS

    assert len(key) == 32
    assert key.reveal() not in settings.SECRET_KEY.encode()


def test_what_a_derived_key_sealed_still_opens_after_the_secret_key_rotated(settings):
    sealed = Vault(conf.ENCRYPTION_KEYS).seal(Secret("made-up"), bound_to=())
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-made-up-key-that-is-long-enough"

    opened = Vault(conf.ENCRYPTION_KEYS).open(sealed, bound_to=())

    assert opened.reveal() == "made-up"


def test_what_a_derived_key_sealed_is_lost_with_the_secret_key(settings):
    sealed = Vault(conf.ENCRYPTION_KEYS).seal(Secret("made-up"), bound_to=())
    settings.SECRET_KEY = "another-made-up-key-that-is-long-enough"

    with pytest.raises(CannotOpen):
        Vault(conf.ENCRYPTION_KEYS).open(sealed, bound_to=())


def test_the_default_serializer_can_be_imported():
    assert Conf().USER_SERIALIZER.__name__ == "UserSerializer"
