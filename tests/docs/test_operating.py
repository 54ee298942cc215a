"""The page for operators, in both languages."""

import re

from tests.helpers.documents import ROOT

PAGES = [ROOT / "docs/operating.md", ROOT / "docs/operating.zh-CN.md"]


def test_both_pages_show_the_same_commands_and_outputs() -> None:
    blocks = [re.findall(r"^ *```(\w+)\n(.*?)^ *```", page.read_text(), re.S | re.M) for page in PAGES]

    assert blocks[0] == blocks[1]
    assert len(blocks[0]) >= 7
