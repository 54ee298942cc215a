"""A picture that a stranger sent, made into one that can be shown."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from PIL import Image, ImageOps

from wxlogin.exceptions import StorageUnavailable, UnusablePicture

FORMATS = ["PNG", "JPEG", "WEBP"]
MAX_PIXELS = 2048 * 4096  # decoded, some of them three times over, four bytes each
MAX_PIXELS_OF_JPEG = 4096 * 4096  # it is made small while it is decoded
MAX_LENGTH = 8192  # of a side: a line of eight million pixels is slower than a square of them
SIDE = 512  # of what is kept, at most

JPEG = b"\xff\xd8"
# What a JPEG may repeat, in a few bytes each, and how often a real one does at most: scans, each of which
# goes over the whole picture (a progressive one has about ten), and Exif segments (one).
MAX_REPEATS = {b"\xff\xda": 100, b"Exif\0\0": 10}

# Decoding takes a second and 250 MB at worst: not on all threads at once.
AT_ONCE = threading.BoundedSemaphore(2)
PATIENCE = 2.0  # seconds


def remade(picture: IO[bytes]) -> tuple[bytes, str]:
    """The picture, decoded and encoded anew, and its extension.

    So nothing but pixels is left of what was sent: no place, no camera, no second file behind the first.
    Raises ``UnusablePicture``, or ``StorageUnavailable`` while too many others are at it.
    """
    if not AT_ONCE.acquire(timeout=PATIENCE):
        raise StorageUnavailable
    try:
        with _anything_odd_is_unusable():
            return _remade(picture.read())
    finally:
        AT_ONCE.release()


def _remade(content: bytes) -> tuple[bytes, str]:
    is_jpeg = content.startswith(JPEG)  # Pillow may call it something else, by what it claims to hold
    if is_jpeg and any(content.count(part) > most for part, most in MAX_REPEATS.items()):
        raise UnusablePicture
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        pixels = MAX_PIXELS_OF_JPEG if is_jpeg else MAX_PIXELS
        if image.width * image.height > pixels or max(image.size) > MAX_LENGTH:
            raise UnusablePicture
        image.draft("RGB", (SIDE, SIDE))
        upright = ImageOps.exif_transpose(_eight_bits(image))
        upright.thumbnail((SIDE, SIDE))
        return _encoded(upright)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Of grey in 16 bits; what Pillow makes of it by itself is all white."""
    return image.point(lambda value: value / 256).convert("L") if image.mode.startswith("I") else image


def _encoded(image: Image.Image) -> tuple[bytes, str]:
    out = io.BytesIO()
    if image.has_transparency_data:
        _only_pixels(image.convert("RGBA")).save(out, "PNG", optimize=True)
        return out.getvalue(), "png"
    _only_pixels(image.convert("RGB")).save(out, "JPEG", quality=88)
    return out.getvalue(), "jpg"


def _only_pixels(image: Image.Image) -> Image.Image:
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    return bare


@contextmanager
def _anything_odd_is_unusable() -> Iterator[None]:
    try:
        yield
    except Exception:  # noqa: BLE001  decoders raise what they like
        raise UnusablePicture from None
