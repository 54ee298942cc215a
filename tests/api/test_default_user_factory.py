"""First logins with the default ``USER_FACTORY``, whose user model saves in its own way."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import models
from django.test import Client

from tests.conftest import Api
from wxlogin.models import WeChatUser


def save_twice(self: User, *args: Any, **kwargs: Any) -> None:
    models.Model.save(self, *args, **kwargs)
    self.first_name = f"Customer {self.pk}"
    models.Model.save(self, *args, **kwargs)


def save_without_arguments(self: User) -> None:
    models.Model.save(self)


@pytest.mark.parametrize("save", [save_twice, save_without_arguments])
def test_a_save_of_the_projects_own_takes_what_djangos_takes_by_default(
    api: Api, monkeypatch: pytest.MonkeyPatch, save: Any
) -> None:
    api.client = Client(raise_request_exception=False)
    monkeypatch.setattr(User, "save", save)

    assert api.send_code(openid="o-alice").status_code == 200


def test_a_primary_key_that_is_the_same_for_all_overwrites_nobody(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user model may have a primary key without a default that differs from person to person."""
    api.client = Client(raise_request_exception=False)
    monkeypatch.setattr(get_user_model()._meta.pk, "get_default", lambda: 7)
    first = api.send_code(openid="o-alice")

    second = api.send_code(openid="o-bob")

    assert first.json()["user"]["id"] == 7
    assert (second.status_code, second.json()["code"]) == (500, "internal_error")
    assert User.objects.get().pk == 7
    assert WeChatUser.objects.get().openid == "o-alice"
