import pytest

from wxlogin.admin.columns import mask_id
from wxlogin.masking import mask_address


@pytest.mark.parametrize(
    ("whole", "shown"),
    [("oK7dQ5aVn0rXw2-Lm9TfPz3sHc8E", "oK7d…Hc8E"), ("oAlice123", "oA…23"), ("o-me", "o…e"), ("x", "…")],
)
def test_an_id_never_shows_more_than_half_of_itself(whole: str, shown: str) -> None:
    assert mask_id(whole) == f'<span class="wxlogin-id">{shown}</span>'


@pytest.mark.parametrize("masked", [mask_id(""), mask_address(None), mask_address("")])
def test_an_empty_value_is_shown_as_a_dash(masked: str) -> None:
    assert masked == "-"


def test_a_hostile_id_is_only_text() -> None:
    assert "<b>" not in mask_id("<b><b><b><b>")
