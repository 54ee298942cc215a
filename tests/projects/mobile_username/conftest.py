"""The tests here need their own settings. ``tests/projects/test_hosts_in_own_process.py`` runs them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as project

if project.AUTH_USER_MODEL != "members.Member":
    collect_ignore_glob = ["test_*.py"]

FACTORIES = "tests.projects.mobile_username.factory"


@pytest.fixture
def use_factory(settings: Any) -> Callable[[str], None]:
    """Return a function that chooses the factory: one of this project's, or the default one for an empty name."""

    def use(name: str) -> None:
        others = {key: value for key, value in settings.WXLOGIN.items() if key != "USER_FACTORY"}
        settings.WXLOGIN = others | ({"USER_FACTORY": f"{FACTORIES}.{name}"} if name else {})

    return use
