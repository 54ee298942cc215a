"""The pictures that are accepted as an avatar, how they are stored, and the files that are refused."""

import io
import os
import threading
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from tests.api.uploads import send, stored_files
from tests.conftest import Api
from tests.helpers.pictures import jpeg_of_many_scans, mpo, picture, png_that_claims, with_segment
from wxlogin.services import pictures


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

    with Image.open(stored_files(media)[0]) as image:
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

    (file,) = stored_files(media)
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


def test_a_picture_without_a_turn_is_refused_soon_and_taken_later(
    alice: Api, monkeypatch: pytest.MonkeyPatch, media: Path
) -> None:
    monkeypatch.setattr(pictures, "DECODER_SLOTS", threading.BoundedSemaphore(1))

    with pictures.DECODER_SLOTS:
        answer = send(alice, picture())

    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (429, "throttled", "2")
    assert stored_files(media) == []
    assert send(alice, picture()).status_code == 200


def test_a_photo_taken_sideways_stands_upright(alice: Api, media: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    send(alice, picture("JPEG", (40, 20), exif=exif))

    with Image.open(stored_files(media)[0]) as image:
        assert image.size == (20, 40)


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
    assert stored_files(media) == []
