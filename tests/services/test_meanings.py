"""The tables of meanings agree with the errors, the doctor, the API, both READMEs and the fake WeChat."""

import re
from pathlib import Path

import pytest
from django.utils import translation

from wxlogin.api.errors import ANSWERS
from wxlogin.exceptions import AccountDisabled
from wxlogin.fakewechat.platform import ERRMSG
from wxlogin.services import meanings
from wxlogin.services.meanings import ERRCODES, KNOWN_ERRCODES, UNKNOWN, explain
from wxlogin.services.upkeep import doctor
from wxlogin.wechat import errors
from wxlogin.wechat.errors import ERRCODES_BY_PATH, Misconfigured, WeChatError, error_for

ROOT = Path(__file__).parents[2]
MENDABLE = [errcode for errcode, meaning in ERRCODES.items() if meaning.remedy]


def every_kind(kind: type[WeChatError] = WeChatError) -> list[type[WeChatError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in every_kind(child))]


CODES = sorted({AccountDisabled.code, *(kind.code for kind in every_kind())})
ERRORS = sorted(
    {(error_for("/path", errcode, "").code, errcode) for errcode in errors.ERRCODES}
    | {
        (error_for(path, errcode, "").code, errcode)
        for path, errcodes in ERRCODES_BY_PATH.items()
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
    # Only the text of an unknown errcode names the errcode.
    assert str(errcode) not in str(explanation.text)
    assert str(explanation.advice)


@pytest.mark.parametrize("errcode", MENDABLE)
def test_staff_are_told_the_remedy_or_to_wait(errcode: int) -> None:
    meaning = explain("wechat_misconfigured", errcode)

    advice = str(meaning.advice)
    assert str(meaning.remedy) in advice or "wait a minute" in advice or "try again" in advice


@pytest.mark.parametrize("errcode", sorted(KNOWN_ERRCODES))
def test_the_doctor_tells_the_remedy(errcode: int) -> None:
    error = error_for("/sns/jscode2session", errcode, "")

    hint = doctor._hint(error)

    assert hint == (explain(error.code, errcode).remedy or meanings.LOOK_IT_UP)


def test_one_errcode_means_two_things_for_two_codes() -> None:
    assert explain("code_invalid", 40029) != explain("phone_code_invalid", 40029)
    assert explain("wechat_misconfigured", 40003) != explain("phone_code_invalid", 40003)


def test_an_unknown_errcode_is_explained_too() -> None:
    explanation = explain("wechat_bad_response", 99999)

    assert "99999" in str(explanation.text)
    assert "Look the errcode up" in str(explanation.advice)


def test_an_unknown_code_is_explained_too() -> None:
    assert explain("from_the_future") == UNKNOWN


def test_there_is_a_row_for_exactly_the_codes_of_failure_rows() -> None:
    assert set(meanings.CODES) == set(CODES)


def test_each_code_of_a_row_by_code_and_errcode_has_a_row_of_its_own() -> None:
    assert {code for code, _errcode in meanings.CODES_WITH_ERRCODE} <= set(meanings.CODES)


def test_the_fake_has_a_text_for_exactly_the_known_errcodes() -> None:
    assert set(ERRMSG) - {0} == KNOWN_ERRCODES


def test_the_fake_refuses_only_with_errcodes_that_have_a_text() -> None:
    source = "".join(path.read_text() for path in (ROOT / "wxlogin/fakewechat").glob("*.py"))

    raised = re.findall(r"raise Refusal\((.+)\)", source)

    errcodes = {int(errcode) for each in raised for errcode in re.findall(r"\d{5}", each)}
    assert {40029, 43002, 87009} < errcodes <= set(ERRMSG)


@pytest.mark.parametrize(("name", "language"), [("README.md", "en"), ("README.zh-CN.md", "zh-hans")])
def test_the_readme_shows_each_errcode_that_is_logged_as_an_error_and_has_a_remedy(
    name: str, language: str
) -> None:
    documented = re.findall(r"^\| (-?\d[-\d, ]*) \| (.+) \| (.+) \|$", (ROOT / name).read_text(), re.M)

    rows: dict[tuple[str, str], list[str]] = {}
    with translation.override(language):
        for errcode in MENDABLE:
            meaning = ERRCODES[errcode]
            if issubclass(errors.ERRCODES.get(errcode, WeChatError), Misconfigured):
                rows.setdefault((str(meaning.text), str(meaning.remedy)), []).append(str(errcode))
    assert documented == [(", ".join(errcodes), *row) for row, errcodes in rows.items()]
