"""Pictures without a person and people without a picture, as after the restore of files and rows of different times."""

import os
import secrets
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, storages

from tests.conftest import Api
from tests.helpers.pictures import picture
from tests.management.commands import lines_of
from wxlogin.models import WeChatUser
from wxlogin.services.upkeep import lost_pictures

DAY = 24 * 3600
FOLDER = "wxlogin/avatars"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def upload(api: Api, settings: Any) -> Any:
    def upload(openid: str) -> str:
        """Upload a picture as ``openid``, and return the name of its file."""
        file = ContentFile(picture(), "a.png")
        answer = api.log_in(openid).call("post", "me/avatar/", data={"avatar": file})
        assert answer.status_code == 200
        return str(WeChatUser.objects.get(openid=openid).avatar.name)

    return upload


def put(media: Path, name: str, age: float = 2 * DAY) -> Path:
    path = media / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"made up")
    os.utime(path, (time.time() - age,) * 2)
    return path


def run(*arguments: str) -> list[str]:
    return lines_of("wxlogin_purge", *arguments)[4:]


def random_name() -> str:
    return f"{FOLDER}/{secrets.token_hex(16)}.png"


@pytest.mark.parametrize("batch", [2, 1000])
def test_pictures_without_a_person_are_deleted(
    upload: Any, media: Path, monkeypatch: Any, batch: int
) -> None:
    monkeypatch.setattr(lost_pictures, "BATCH", batch)
    kept = [upload(f"o-{number}") for number in range(3)]
    for name in kept:
        os.utime(media / name, (0, 0))
    lost = [put(media, random_name()) for _ in range(5)]

    assert run() == ["pictures without a person deleted: 5", "references to missing pictures deleted: 0"]

    assert all((media / name).exists() for name in kept)
    assert not any(path.exists() for path in lost)
    assert run() == ["pictures without a person deleted: 0", "references to missing pictures deleted: 0"]


@pytest.mark.parametrize(
    ("name", "age"),
    [
        (random_name(), 60),
        (f"{FOLDER}/holiday.png", 2 * DAY),
        (f"{FOLDER}/deeper/{secrets.token_hex(16)}.png", 2 * DAY),
        (f"shop/{secrets.token_hex(16)}.png", 2 * DAY),
        (f"{secrets.token_hex(16)}.png", 2 * DAY),
    ],
    ids=["just uploaded", "another name", "another folder", "another app's", "the storage's root"],
)
def test_what_may_be_somebody_elses_stays(upload: Any, media: Path, name: str, age: float) -> None:
    upload("o-alice")
    file = put(media, name, age)

    assert run() == ["pictures without a person deleted: 0", "references to missing pictures deleted: 0"]

    assert file.exists()


def test_a_person_whose_picture_is_gone_has_none(upload: Any, api: Api, media: Path) -> None:
    upload("o-alice")
    (media / upload("o-bob")).unlink()

    assert run() == ["pictures without a person deleted: 0", "references to missing pictures deleted: 1"]

    assert api.log_in("o-bob").get("me/").json()["avatar"] is None
    assert api.log_in("o-alice").get("me/").json()["avatar"]


def test_nothing_is_changed_where_the_storage_is_another_one(upload: Any, media: Path, settings: Any) -> None:
    name = upload("o-alice")
    settings.MEDIA_ROOT = media / "not mounted"

    [line] = run()

    assert line.startswith(
        "pictures and people were not compared: 0 pictures have their person; 0 have none, and 1 people"
    )
    assert WeChatUser.objects.get().avatar.name == name


def test_nothing_is_changed_where_many_have_lost_each_other(upload: Any, media: Path, settings: Any) -> None:
    for number in range(12):
        name = upload(f"o-{number}")
        os.utime(media / name, (0, 0))
    unmounted = settings.MEDIA_ROOT = media / "not mounted"
    # Somebody uploads a picture before anybody notices.
    upload("o-late")

    [line] = run()
    assert "1 pictures have their person; 0 have none, and 12 people have lost theirs" in line
    settings.MEDIA_ROOT = media
    assert run() == ["pictures without a person deleted: 0", "references to missing pictures deleted: 1"]

    settings.MEDIA_ROOT = unmounted
    (unmounted / upload("o-late")).touch()
    assert run("--many-pictures")[1] == "references to missing pictures deleted: 12"


def test_nothing_is_deleted_where_the_database_is_another_one(media: Path, db: None) -> None:
    file = put(media, random_name())

    [line] = run()

    assert "were not compared" in line
    assert file.exists()


class Unlistable(InMemoryStorage):
    def listdir(self, path: str) -> Any:
        raise NotImplementedError


def test_a_storage_that_can_not_list_is_named(upload: Any, settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": f"{__name__}.Unlistable"}}
    name = upload("o-alice")

    assert run() == [
        "pictures and people were not compared: the storage can't list its files (NotImplementedError)."
    ]

    assert storages["default"].exists(name)
