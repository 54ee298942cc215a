"""A picture that a stranger sent, made into one that can be shown."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from PIL import Image, ImageOps

from wxlogin.exceptions import StorageUnavailable, UnusablePicture

FORMATS = ["PNG", "JPEG", "WEBP"]
MAX_PIXELS = 4096 * 4096  # decoded, four bytes each
MAX_LENGTH = 8192  # of a side: a line of sixteen million pixels is slower than a square of them
MAX_SCANS = 100  # of a progressive JPEG, which needs about ten; each goes over the whole picture
SIDE = 512  # of what is kept, at most

START_OF_SCAN = b"\xff\xda"  # nothing else in a JPEG's compressed data looks like it

# Decoding takes a second and 170 MB at worst: not on all threads at once.
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
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_LENGTH:
            raise UnusablePicture
        if image.format == "JPEG" and content.count(START_OF_SCAN) > MAX_SCANS:
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
