import pytest

from wxlogin.api.errors import ANSWERS
from wxlogin.exceptions import AccountDisabled
from wxlogin.services.meanings import UNKNOWN, explain
from wxlogin.services.upkeep.doctor import HINTS
from wxlogin.wechat.errors import ERRCODES, OF_PATH, WeChatError, error_for


def every_kind(kind: type[WeChatError] = WeChatError) -> list[type[WeChatError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in every_kind(child))]


CODES = sorted({AccountDisabled.code, *(kind.code for kind in every_kind())})
ERRORS = sorted(
    {(error_for("/path", errcode, "").code, errcode) for errcode in ERRCODES}
    | {
        (error_for(path, errcode, "").code, errcode)
        for path, errcodes in OF_PATH.items()
        for errcode in errcodes
    }
)


@pytest.mark.parametrize("code", CODES)
def test_every_refusal_that_makes_a_failure_is_explained(code: str) -> None:
    explanation = explain(code)

    assert code in ANSWERS
    assert explanation != UNKNOWN
    assert str(explanation.text)
    assert str(explanation.advice)


@pytest.mark.parametrize(("code", "errcode"), ERRORS)
def test_every_errcode_is_explained_in_words_of_its_own(code: str, errcode: int) -> None:
    explanation = explain(code, errcode)

    assert explanation != UNKNOWN
    assert str(errcode) not in str(explanation.text)  # else it would be one that nobody knows
    assert str(explanation.advice)


@pytest.mark.parametrize("errcode", HINTS)
def test_what_the_doctor_knows_is_told_to_staff_too(errcode: int) -> None:
    explanation = explain("wechat_misconfigured", errcode)

    told = str(explanation.advice)
    assert str(HINTS[errcode]) in told or "wait a minute" in told or "try again" in told


def test_one_errcode_means_two_things_for_two_codes() -> None:
    assert explain("code_invalid", 40029) != explain("phone_code_invalid", 40029)
    assert explain("wechat_misconfigured", 40003) != explain("phone_code_invalid", 40003)


def test_an_errcode_that_nobody_knows_still_gets_a_sentence() -> None:
    explanation = explain("wechat_bad_response", 99999)

    assert "99999" in str(explanation.text)
    assert "Look the errcode up" in str(explanation.advice)


def test_even_a_word_that_nobody_knows_gets_one() -> None:
    assert explain("from_the_future") == UNKNOWN
