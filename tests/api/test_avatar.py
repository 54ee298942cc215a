import io
import os
import struct
import threading
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import MULTIPART_CONTENT
from PIL import Image, PngImagePlugin

from tests.conftest import Api
from wxlogin.api.schema.operations import OPERATIONS
from wxlogin.api.views import AvatarView
from wxlogin.models import WeChatUser
from wxlogin.services import pictures

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def picture(
    kind: str = "PNG", size: tuple[int, int] = (132, 132), mode: str = "RGB", **options: Any
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, "teal").save(out, kind, **options)
    return out.getvalue()


def send(api: Api, content: bytes, name: str = "tmp_avatar.png", field: str = "avatar", **extra: Any) -> Any:
    """As ``wx.uploadFile`` does."""
    return api.call(
        "post",
        "me/avatar/",
        {field: SimpleUploadedFile(name, content)},
        content_type=MULTIPART_CONTENT,
        **extra,
    )


def kept(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file()]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_kept_under_a_random_name_and_answered_as_an_address(
    alice: Api, media: Path, kind: str
) -> None:
    answer = send(alice, picture(kind))

    assert answer.status_code == 200
    (file,) = kept(media)
    assert answer.json()["avatar"] == f"http://testserver/media/wxlogin/avatars/{file.name}"
    assert len(file.stem) == 32
    assert alice.get("me/").json() == answer.json()
    with Image.open(file) as image:
        assert image.size == (132, 132)


@pytest.mark.parametrize(
    ("mode", "kind", "extension"),
    [
        ("RGB", "PNG", "jpg"),
        ("RGBA", "PNG", "png"),
        ("RGBA", "WEBP", "png"),
        ("L", "JPEG", "jpg"),
        ("P", "PNG", "jpg"),
        ("CMYK", "JPEG", "jpg"),
        ("1", "PNG", "jpg"),
        ("LA", "PNG", "png"),
        ("I;16", "PNG", "jpg"),
    ],
)
def test_every_mode_of_a_picture_is_taken(mode: str, kind: str, extension: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (20, 10)).save(out, kind)

    content, found = pictures.reencode(io.BytesIO(out.getvalue()))

    assert found == extension
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (20, 10)


def test_it_is_made_small(alice: Api, media: Path) -> None:
    send(alice, picture("JPEG", (3000, 1500)))

    with Image.open(kept(media)[0]) as image:
        assert image.size == (512, 256)


def test_nothing_but_pixels_is_left(alice: Api, media: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "PLANTED")
    exif = Image.Exif()
    exif[0x010E] = "PLANTED"
    hidden = b"PLANTED<script>alert(1)</script>"
    for content in (
        picture(pnginfo=info) + hidden,
        picture("JPEG", exif=exif, comment=b"PLANTED") + hidden,
        picture("WEBP", exif=exif) + hidden,
        picture("PNG", mode="RGBA", pnginfo=info, exif=exif),
    ):
        assert b"PLANTED" in content or exif
        send(alice, content)

    (file,) = kept(media)
    assert b"PLANTED" not in file.read_bytes()
    with Image.open(file) as image:
        assert not image.getexif()


def test_grey_in_sixteen_bits_stays_grey() -> None:
    out = io.BytesIO()
    Image.new("I;16", (20, 10), 32768).save(out, "PNG")

    content, _ = pictures.reencode(io.BytesIO(out.getvalue()))

    with Image.open(io.BytesIO(content)) as image:
        assert 120 < image.getpixel((3, 3))[0] < 136


def test_a_progressive_picture_is_taken(alice: Api) -> None:
    assert send(alice, picture("JPEG", (600, 400), progressive=True)).status_code == 200
    assert send(alice, jpeg_of_many_scans(2)).status_code == 200


def test_a_file_of_several_pictures_is_a_jpeg_all_the_same(alice: Api) -> None:
    with Image.open(io.BytesIO(mpo())) as image:
        assert image.format == "MPO", "or the one with many scans would prove nothing"

    assert send(alice, mpo()).status_code == 200


def test_not_all_threads_decode_at_once(alice: Api, monkeypatch: pytest.MonkeyPatch, media: Path) -> None:
    monkeypatch.setattr(pictures, "PATIENCE", 0.01)
    monkeypatch.setattr(pictures, "DECODERS", threading.BoundedSemaphore(1))

    with pictures.DECODERS:
        answer = send(alice, picture())

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert kept(media) == []
    assert send(alice, picture()).status_code == 200


def test_a_photo_taken_sideways_stands_upright(alice: Api, media: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    send(alice, picture("JPEG", (40, 20), exif=exif))

    with Image.open(kept(media)[0]) as image:
        assert image.size == (20, 40)


def test_a_new_one_takes_the_place_of_the_old_one(alice: Api, media: Path) -> None:
    first = send(alice, picture()).json()["avatar"]

    second = send(alice, picture()).json()["avatar"]

    assert first != second
    assert [file.name for file in kept(media)] == [second.rpartition("/")[2]]


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def jpeg_of_many_scans(scans: int) -> bytes:
    """A progressive JPEG may go over the whole picture as often as it likes, in a few bytes each time."""
    whole = picture("JPEG", (64, 64), mode="L", progressive=True)
    start = whole.rindex(b"\xff\xda")
    return whole[:start] + whole[start:-2] * scans + b"\xff\xd9"


def with_segment(jpeg: bytes, marker: int, content: bytes) -> bytes:
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


def mpo() -> bytes:
    """Two pictures in a file, which Pillow no longer calls a JPEG."""
    out, image = io.BytesIO(), Image.new("RGB", (64, 64), "teal")
    image.save(out, "MPO", save_all=True, append_images=[image])
    return out.getvalue()


UNUSABLE = {
    "too many scans": jpeg_of_many_scans(200),
    "too many scans of what is called an MPO": mpo() + b"\xff\xda" * 200,
    "too many Exif segments": with_segment(picture("JPEG"), 0xE1, b"Exif\0\0" * 50),
    "too many pixels for a PNG": png_that_claims(2049, 4096),
    "too long": png_that_claims(8193, 16),
    "text": b"just text",
    "html": b"<html><script>alert(1)</script></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "gif": picture("GIF"),
    "bmp": picture("BMP"),
    "tiff": picture("TIFF"),
    "ico": picture("ICO"),
    "cut short": picture("JPEG", (600, 600))[:700],
    "a bomb": png_that_claims(60_000, 60_000),
    "too many pixels": png_that_claims(4097, 4096),
    "no pixels": png_that_claims(0, 0),
    "half a png": picture()[:40],
    "noise": os.urandom(5000),
    "jpeg and noise": b"\xff\xd8\xff\xe0" + os.urandom(500),
}


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_no_picture_of_ours_is_refused(alice: Api, media: Path, content: bytes) -> None:
    answer = send(alice, content)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["fields"].keys() == {"avatar"}
    assert kept(media) == []


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
    (file,) = kept(media)
    assert file.parent == media / "wxlogin/avatars"
    assert file.suffix == ".jpg"


def test_two_mebibytes_are_the_limit(alice: Api, media: Path) -> None:
    answer = send(alice, picture() + b"\0" * (2 * 1024 * 1024))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert kept(media) == []
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


def test_a_storage_that_fails_is_told_and_keeps_the_old_picture(
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
    assert len(kept(media)) == 1


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
    assert kept(media) == []


@pytest.mark.django_db(transaction=True)
def test_whoever_deletes_the_row_the_file_goes_too(alice: Api, media: Path) -> None:
    send(alice, picture())

    WeChatUser.objects.get().user.delete()

    assert kept(media) == []


def test_uploads_have_a_limit(alice: Api, configure: Any, address: str) -> None:
    configure(DATA_RATE="2/min")

    statuses = [send(alice, picture(), REMOTE_ADDR=address).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


def test_the_limits_are_told_as_they_are(alice: Api) -> None:
    def told(language: str) -> str:
        answer = send(alice, png_that_claims(8193, 16), headers={"Accept-Language": language})
        return str(answer.json()["fields"]["avatar"][0])

    english, chinese = told("en"), told("zh-hans")

    most, most_of_jpeg = (
        pixels // 1_000_000 for pixels in (pictures.MAX_PIXELS, pictures.MAX_PIXELS_OF_JPEG)
    )
    assert english == (
        f"Send a PNG, JPEG or WebP picture of at most {most} million pixels (JPEG: {most_of_jpeg} million), "
        f"no side longer than {pictures.MAX_LENGTH}."
    )
    for limit in (f"{most}00 万", f"{most_of_jpeg}00 万", f"{pictures.MAX_LENGTH} 像素"):
        assert limit in chinese
    assert OPERATIONS[AvatarView, "post"].body.wrong == {"avatar": english}
    for page, limits in (
        ("after-login.md", english.partition(" of ")[2].removesuffix(".")),
        ("after-login.zh-CN.md", chinese.partition("，")[2].removesuffix("。")),
    ):
        assert limits in " ".join((DOCS / page).read_text().split())
