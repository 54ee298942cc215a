import pytest

from wxlogin.services.profile import clean_nickname


@pytest.mark.parametrize(
    "text",
    [
        "李雷",
        "Tea lover 🍵",
        "👩‍👩‍👧‍👦",
        "👍🏽",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "❤️",
        "नमस्ते",
        "می‌خواهم",
        "a  b",
        "O'Neill <b>",
    ],
)
def test_real_nicknames_stay_as_they_are(text):
    assert clean_nickname(text) == text


@pytest.mark.parametrize(
    "char",
    [
        *map(chr, range(0x20)),
        *map(chr, range(0x7F, 0xA0)),
        *"\u2028\u2029",
        *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
        "\ud800",
    ],
    ids=lambda char: f"U+{ord(char):04X}",
)
def test_characters_that_disturb_the_text_around_them_are_removed(char):
    assert clean_nickname(f"Li{char}Lei{char}") == "LiLei"


@pytest.mark.parametrize("text", ["", "   ", "\u3000", "\u202e \n"])
def test_an_empty_nickname_may_be_left(text):
    assert clean_nickname(text) == ""


def test_space_around_a_nickname_is_removed():
    assert clean_nickname(" \u3000李雷 \u202e ") == "李雷"
