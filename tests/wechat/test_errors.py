import pytest

from wxlogin.wechat import errors
from wxlogin.wechat.errors import (
    ERRCODES,
    AccessTokenRefused,
    BadResponse,
    BreakerOpen,
    CodeUsed,
    InvalidCode,
    InvalidPhoneCode,
    Misconfigured,
    NotSent,
    RateLimited,
    RiskyUser,
    StaleSessionKey,
    SystemBusy,
    TooManyInFlight,
    WeChatError,
    WeChatTimeout,
    WeChatUnavailable,
    error_for,
)

PATH = "/somewhere"

# The API's promise for each class. It is repeated here on purpose, so that a change of it fails a test.
MEANINGS = [
    (-1, SystemBusy, "wechat_unavailable"),
    (40001, AccessTokenRefused, "wechat_misconfigured"),
    (40002, Misconfigured, "wechat_misconfigured"),
    (40003, Misconfigured, "wechat_misconfigured"),
    (40013, Misconfigured, "wechat_misconfigured"),
    (40014, AccessTokenRefused, "wechat_misconfigured"),
    (40097, Misconfigured, "wechat_misconfigured"),
    (40101, Misconfigured, "wechat_misconfigured"),
    (40125, Misconfigured, "wechat_misconfigured"),
    (40164, Misconfigured, "wechat_misconfigured"),
    (40243, Misconfigured, "wechat_misconfigured"),
    (41002, Misconfigured, "wechat_misconfigured"),
    (41004, Misconfigured, "wechat_misconfigured"),
    (42001, AccessTokenRefused, "wechat_misconfigured"),
    (45009, RateLimited, "wechat_too_frequent"),
    (45011, RateLimited, "wechat_too_frequent"),
    (48001, Misconfigured, "wechat_misconfigured"),
    (50002, Misconfigured, "wechat_misconfigured"),
    (50004, Misconfigured, "wechat_misconfigured"),
    (50007, Misconfigured, "wechat_misconfigured"),
    (61004, Misconfigured, "wechat_misconfigured"),
    (89501, Misconfigured, "wechat_misconfigured"),
    (89503, Misconfigured, "wechat_misconfigured"),
    (89506, Misconfigured, "wechat_misconfigured"),
    (89507, Misconfigured, "wechat_misconfigured"),
]


def test_every_errcode_of_the_table_is_in_this_one():
    assert {errcode: kind for errcode, kind, _ in MEANINGS} == ERRCODES


@pytest.mark.parametrize(("errcode", "kind", "code"), MEANINGS)
def test_an_errcode_has_one_meaning(errcode, kind, code):
    error = error_for(PATH, errcode, "")

    assert type(error) is kind
    assert (error.code, error.errcode, error.path) == (code, errcode, PATH)


LOGIN, PHONE = "/sns/jscode2session", "/wxa/business/getuserphonenumber"
CHECK, RESET, TOKEN = "/wxa/checksession", "/wxa/resetusersessionkey", "/cgi-bin/stable_token"


@pytest.mark.parametrize(
    ("path", "errcode", "kind", "code"),
    [
        (LOGIN, 40029, InvalidCode, "code_invalid"),
        (LOGIN, 40163, CodeUsed, "code_invalid"),
        (LOGIN, 41008, InvalidCode, "code_invalid"),
        (LOGIN, 40226, RiskyUser, "user_blocked"),
        (LOGIN, 87009, BadResponse, "wechat_bad_response"),
        *[
            (PHONE, errcode, InvalidPhoneCode, "phone_code_invalid")
            for errcode in (40003, 40029, 40163, 41008)
        ],
        (PHONE, 87009, BadResponse, "wechat_bad_response"),
        *[
            (path, errcode, StaleSessionKey, "session_key_missing")
            for path in (CHECK, RESET)
            for errcode in (87007, 87009)
        ],
        *[
            (path, errcode, BadResponse, "wechat_bad_response")
            for path in (CHECK, RESET, TOKEN)
            for errcode in (40029, 40163, 41008, 40226)
        ],
    ],
)
def test_the_meaning_of_an_errcode_depends_on_the_path(path, errcode, kind, code):
    error = error_for(path, errcode, "")

    assert type(error) is kind
    assert error.code == code


@pytest.mark.parametrize("errcode", [1, 40030, 99999, -2])
def test_an_errcode_nobody_knows_is_a_bad_response(errcode):
    error = error_for(PATH, errcode, "")

    assert type(error) is BadResponse
    assert (error.code, error.errcode) == ("wechat_bad_response", errcode)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (BadResponse, "wechat_bad_response"),
        (WeChatTimeout, "wechat_timeout"),
        (WeChatUnavailable, "wechat_unavailable"),
        (NotSent, "wechat_unavailable"),
        (TooManyInFlight, "wechat_unavailable"),
        (BreakerOpen, "wechat_unavailable"),
    ],
)
def test_errors_without_an_errcode_have_a_code_too(kind, code):
    error = kind(PATH)

    assert (error.code, error.errcode, error.rid) == (code, None, "")
    assert str(error) == f"{PATH}: {kind.__name__}"


def test_the_tree_in_the_docstring_is_the_real_one():
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, WeChatError)
    ]

    assert len(kinds) == 16
    for kind in kinds:
        drawn = [line for line in errors.__doc__.splitlines() if f" {kind.__name__}" in f" {line} "]
        assert drawn, kind
    assert issubclass(CodeUsed, InvalidCode)
    assert issubclass(AccessTokenRefused, Misconfigured)
    assert issubclass(NotSent, WeChatUnavailable)
    assert issubclass(TooManyInFlight, WeChatUnavailable)
    assert issubclass(BreakerOpen, WeChatUnavailable)
    assert issubclass(SystemBusy, WeChatUnavailable)


@pytest.mark.parametrize(
    ("errmsg", "rid"),
    [
        ("invalid code, rid: 617833f5-4d39a245-36d3a896", "617833f5-4d39a245-36d3a896"),
        (
            "invalid credential, access_token is invalid or not latest rid: 62c53f7f-0bbfe609-5464fb0c",
            "62c53f7f-0bbfe609-5464fb0c",
        ),
        (
            "invalid code hint: [mGhbWV0sf-LxnVma] rid: 65f3e9f7-77cf1a1c-0dd74a0e",
            "65f3e9f7-77cf1a1c-0dd74a0e",
        ),
        ("code blocked, hints: [ req_id: qEjdmsNre-EYNDhA ]", ""),
        ("invalid code, rid: 617833f5-4d39a245", ""),
        ("invalid code, rid: ../../etc-passwd00-hostname", ""),
        ("", ""),
    ],
)
def test_the_rid_is_read_from_the_errmsg(errmsg, rid):
    assert error_for(PATH, 40029, errmsg).rid == rid


def test_the_text_holds_path_errcode_and_rid_and_nothing_else():
    errmsg = (
        "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 617833f5-4d39a245-36d3a896"
    )

    error = error_for(PATH, 40164, errmsg)

    assert str(error) == f"{PATH}: errcode 40164, rid 617833f5-4d39a245-36d3a896"
    assert "203.0.113.7" not in repr(error)
    assert error.errmsg == errmsg
