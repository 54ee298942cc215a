from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.test.utils import isolate_apps

from wxlogin import checks
from wxlogin.services.accounts import misfits

from .user_models import user_model


@pytest.fixture
def _models_of_one_test() -> Iterator[None]:
    with isolate_apps("tests.checks", "django.contrib.auth"):
        yield


@pytest.fixture
def problems_of(_models_of_one_test: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Return a function that makes a user model with these fields, and runs the check on it."""

    def find(base: type = AbstractBaseUser, **members: Any) -> list[Any]:
        model = user_model(base, **members)
        monkeypatch.setattr(misfits, "get_user_model", lambda: model)
        return list(checks.check_project())

    return find
