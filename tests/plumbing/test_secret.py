"""The holders: what they show, and that they work as what they hold."""

import copy
import json
import pickle
from pprint import pformat

import pytest

from wxlogin.secret import PrivateDict, PrivateStr, Secret

HIDDEN = "made-up"
HOLDERS = [Secret(HIDDEN), Secret(HIDDEN.encode()), PrivateStr(HIDDEN), PrivateDict(key=HIDDEN)]


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
def test_a_holder_shows_a_mask(holder):
    shown = [repr(holder), repr([holder]), pformat({"it": holder}), f"{holder!r}", holder.__sentry_repr__()]

    assert all("***" in text and HIDDEN not in text for text in shown)


def test_a_secret_shows_a_mask_as_text_too():
    assert (
        f"{Secret(HIDDEN)}, {Secret(HIDDEN)!s}, {Secret(HIDDEN):>5}, %s" % Secret(HIDDEN)
        == "***, ***, ***, ***"
    )


@pytest.mark.parametrize("write", [pickle.dumps, json.dumps], ids=["pickle", "JSON"])
def test_a_secret_is_never_written_in_clear(write):
    with pytest.raises(TypeError):
        write(Secret(HIDDEN))


def test_a_copy_of_a_secret_is_the_secret():
    secret = Secret(HIDDEN)

    assert copy.deepcopy({"it": secret})["it"] is secret


@pytest.mark.parametrize("text", ["", HIDDEN, "阿丽", "\ud800"])
def test_secrets_compare_by_their_texts(text):
    assert Secret(text) == Secret(text)
    assert hash(Secret(text)) == hash(Secret(text))
    assert Secret(text) != Secret(text + "x")
    assert Secret(text) != text
    assert (bool(Secret(text)), len(Secret(text))) == (bool(text), len(text))


def test_a_private_string_is_a_string():
    text = PrivateStr(HIDDEN)

    assert text == HIDDEN
    assert {text: 1}[HIDDEN] == 1
    assert f"<{text}>" == "<made-up>"
    assert json.dumps({"it": text}) == '{"it": "made-up"}'
    assert type(str(text)) is PrivateStr


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "holder", [PrivateStr(HIDDEN), PrivateDict(key=PrivateStr(HIDDEN))], ids=["str", "dict"]
)
def test_private_values_are_pickled_as_ordinary_ones(holder, protocol):
    pickled = pickle.dumps(holder, protocol)
    unpickled = pickle.loads(pickled)  # noqa: S301

    assert b"wxlogin" not in pickled
    assert unpickled == holder
    assert type(unpickled) in (str, dict)


@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_private_string_is_private(make_copy):
    text = PrivateStr(HIDDEN)

    assert make_copy(text) is text


def test_a_private_dict_is_a_dict():
    assert PrivateDict(key=HIDDEN) == {"key": HIDDEN}
    assert json.dumps(PrivateDict(key=HIDDEN)) == '{"key": "made-up"}'
