from collections.abc import Callable
from typing import Any

import pytest

FACTORIES = "tests.projects.mobile_username.factory"


@pytest.fixture
def use_factory(settings: Any) -> Callable[[str], None]:
    """Return a function that chooses the factory: one of this project's, or the default one for an empty name."""

    def use(name: str) -> None:
        others = {key: value for key, value in settings.WXLOGIN.items() if key != "USER_FACTORY"}
        settings.WXLOGIN = others | ({"USER_FACTORY": f"{FACTORIES}.{name}"} if name else {})

    return use
