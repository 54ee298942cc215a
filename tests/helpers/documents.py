"""The pages of the documentation, in both languages."""

from typing import Any

import pytest

from .process import ROOT

READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
both_languages = pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)


def shape(value: Any) -> Any:
    """Return the keys and types of a JSON value. An example and a real answer have the same, whatever their texts."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return "text or nothing" if value is None or isinstance(value, str) else type(value).__name__
