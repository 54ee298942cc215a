"""The upload of an avatar: the form, the stored file, and what can go wrong."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test.client import MULTIPART_CONTENT
from PIL import Image

from tests.api.uploads import send, stored_files
from tests.conftest import Api
from tests.helpers.pictures import picture, png_that_claims
from wxlogin.api.schema.operations import OPERATIONS
from wxlogin.api.views import AvatarView
from wxlogin.models import WeChatUser
from wxlogin.services import pictures

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_kept_under_a_random_name_and_answered_as_an_address(
    alice: Api, media: Path, kind: str
) -> None:
    answer = send(alice, picture(kind))

    assert answer.status_code == 200
    (file,) = stored_files(media)
    assert answer.json()["avatar"] == f"http://testserver/media/wxlogin/avatars/{file.name}"
    assert len(file.stem) == 32
    assert alice.get("me/").json() == answer.json()
    with Image.open(file) as image:
        assert image.size == (132, 132)


def test_a_new_one_takes_the_place_of_the_old_one(alice: Api, media: Path) -> None:
    first = send(alice, picture()).json()["avatar"]

    second = send(alice, picture()).json()["avatar"]

    assert first != second
    assert [file.name for file in stored_files(media)] == [second.rpartition("/")[2]]


@pytest.mark.parametrize("field", ["Avatar", "file", "picture"])
def test_a_file_under_another_name_is_missing(alice: Api, field: str) -> None:
    answer = send(alice, picture(), field=field)

    assert answer.json()["fields"].keys() == {"avatar"}


def test_an_empty_file_is_refused(alice: Api) -> None:
    assert send(alice, b"").json()["fields"].keys() == {"avatar"}


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.png", "x.php", "头像.png", "a" * 300, "\x00.png", "<b>.svg"]
)
def test_the_name_that_the_client_gives_does_not_matter(alice: Api, media: Path, name: str) -> None:
    answer = send(alice, picture(), name=name)

    assert answer.status_code == 200
    (file,) = stored_files(media)
    assert file.parent == media / "wxlogin/avatars"
    assert file.suffix == ".jpg"


def test_two_mebibytes_are_the_limit(alice: Api, media: Path) -> None:
    answer = send(alice, picture() + b"\0" * (2 * 1024 * 1024))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert stored_files(media) == []
    assert send(alice, picture() + b"\0" * (2 * 1024 * 1024 - 2000)).status_code == 200


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", "{}", 415),
        ("image/png", "x", 415),
        ("multipart/form-data", "x", 400),
        ("multipart/form-data; boundary=x", "nonsense", 400),
        ("multipart/form-data; boundary=" + "x" * 1000, "nonsense", 400),
    ],
)
def test_what_is_no_form_is_refused(alice: Api, content_type: str, body: str, status: int) -> None:
    answer = alice.call("post", "me/avatar/", body, content_type=content_type)

    assert answer.status_code == status


def test_a_form_of_a_thousand_fields_is_refused(alice: Api) -> None:
    fields = {f"field-{number}": "x" for number in range(1200)}

    answer = alice.call("post", "me/avatar/", fields, content_type=MULTIPART_CONTENT)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_a_storage_that_fails_gets_its_answer_and_keeps_the_old_picture(
    alice: Api, media: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = send(alice, picture()).json()

    def fail(*args: Any, **kwargs: Any) -> str:
        raise RuntimeError("PLANTED bucket password")

    monkeypatch.setattr(type(default_storage), "save", fail, raising=False)
    answer = send(alice, picture())

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert "PLANTED" not in caplog.text
    assert alice.get("me/").json() == before
    assert len(stored_files(media)) == 1


def test_a_picture_of_somebody_deleted_meanwhile_leaves_no_file(
    alice: Api, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remade = pictures.reencode

    def slowly(file: Any) -> tuple[bytes, str]:
        WeChatUser.objects.all().delete()
        return remade(file)

    monkeypatch.setattr(pictures, "reencode", slowly)

    answer = send(alice, picture())

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert stored_files(media) == []


@pytest.mark.django_db(transaction=True)
def test_the_file_is_deleted_with_the_row_whatever_deletes_it(alice: Api, media: Path) -> None:
    send(alice, picture())

    WeChatUser.objects.get().user.delete()

    assert stored_files(media) == []


def test_uploads_have_a_limit(alice: Api, configure: Any, address: str) -> None:
    configure(DATA_RATE="2/min")

    statuses = [send(alice, picture(), REMOTE_ADDR=address).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


def test_the_answer_names_the_real_limits(alice: Api) -> None:
    def limits_in(language: str) -> str:
        answer = send(alice, png_that_claims(8193, 16), headers={"Accept-Language": language})
        return str(answer.json()["fields"]["avatar"][0])

    english, chinese = limits_in("en"), limits_in("zh-hans")

    most, most_of_jpeg = (
        pixels // 1_000_000 for pixels in (pictures.MAX_PIXELS, pictures.MAX_PIXELS_OF_JPEG)
    )
    assert english == (
        f"Send a PNG, JPEG or WebP picture of at most {most} million pixels (JPEG: {most_of_jpeg} million), "
        f"no side longer than {pictures.MAX_LENGTH}."
    )
    for limit in (f"{most}00 万", f"{most_of_jpeg}00 万", f"{pictures.MAX_LENGTH} 像素"):
        assert limit in chinese
    assert OPERATIONS[AvatarView, "post"].body.field_errors == {"avatar": english}
    for page, limits in (
        ("after-login.md", english.partition(" of ")[2].removesuffix(".")),
        ("after-login.zh-CN.md", chinese.partition("，")[2].removesuffix("。")),
    ):
        assert limits in " ".join((DOCS / page).read_text().split())
