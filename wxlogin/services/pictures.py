"""A person's avatar: re-encode the uploaded picture, and store it in the project's file storage."""

import io
import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from PIL import Image, ImageOps

from wxlogin.exceptions import StorageUnavailable, TokenInvalid, TooManyPictures, UnusablePicture
from wxlogin.log import log
from wxlogin.models import WeChatUser
from wxlogin.transactions import after_commit, in_one_transaction

FORMATS = ["PNG", "JPEG", "WEBP"]
# Pillow holds a decoded picture up to three times, with four bytes a pixel.
MAX_PIXELS = 2048 * 4096
# A JPEG is reduced while it is decoded.
MAX_PIXELS_OF_JPEG = 4096 * 4096
# The longest side: one line of eight million pixels is slower than a square of them.
MAX_LENGTH = 8192
# The longest side of the picture that is stored.
STORED_SIDE = 512

JPEG = b"\xff\xd8"
# Parts that a JPEG may repeat in a few bytes each, and how many a real one has at most: scans, each of which goes
# over the whole picture (a progressive JPEG has about ten), and Exif segments (one).
MAX_REPEATS = {b"\xff\xda": 100, b"Exif\0\0": 10}

# Decoding takes a second and 250 MB at worst, so only two threads do it at once.
DECODER_SLOTS = threading.BoundedSemaphore(2)
# Seconds that a thread waits for a slot: enough for a burst of small pictures. A thread that waited for large ones
# would be missing for everybody else.
MAX_WAIT = 0.15


def set_avatar(wechat_user: WeChatUser, picture: IO[bytes]) -> None:
    """Store ``picture``, a file as a browser sends it, and delete the one before.

    Raises ``UnusablePicture``, ``TooManyPictures``, ``StorageUnavailable``, or ``TokenInvalid`` if the person was
    deleted meanwhile.
    """
    content, extension = reencode(picture)
    name = _save(wechat_user, f"{secrets.token_hex(16)}.{extension}", content)
    try:
        previous = _replace_name(wechat_user, name)
        if previous is None:
            raise TokenInvalid
    except BaseException:
        _clean_up(name)
        raise
    _clean_up(previous)
    wechat_user.avatar = name


def delete_avatar(wechat_user: WeChatUser) -> None:
    """Delete the person's picture, if there is one. Needs a transaction. Raises ``StorageUnavailable``."""
    delete_file(_replace_name(wechat_user, ""))
    wechat_user.avatar = ""


def delete_file(name: str | None) -> None:
    """Delete a file, if it is still there. Raises ``StorageUnavailable``."""
    if not name:
        return
    try:
        _storage().delete(name)
    except Exception as exc:  # noqa: BLE001  each storage has exceptions of its own
        log("avatar not deleted", logging.ERROR, name=name, problem=type(exc).__name__)
        raise StorageUnavailable from None


def delete_file_of_deleted(instance: WeChatUser, using: str, **kwargs: Any) -> None:
    """Delete the file of a deleted row, whoever deleted it. A receiver of ``post_delete``."""
    after_commit(lambda: _clean_up(instance.avatar.name), using=using)


def _clean_up(name: str | None) -> None:
    """Delete a file that no row names any more. A failure is only logged, not raised."""
    with suppress(StorageUnavailable):
        delete_file(name)


def _save(wechat_user: WeChatUser, name: str, content: bytes) -> str:
    path = wechat_user.avatar.field.generate_filename(wechat_user, name)
    try:
        return _storage().save(path, ContentFile(content))
    except Exception as exc:  # noqa: BLE001
        log("avatar not stored", logging.ERROR, problem=type(exc).__name__)
        raise StorageUnavailable from None


def _storage() -> Storage:
    storage: Storage = WeChatUser._meta.get_field("avatar").storage
    return storage


@in_one_transaction
def _replace_name(wechat_user: WeChatUser, name: str) -> str | None:
    """Store the name of the new picture, and return the one before, None if the person was deleted.

    The row is locked: of two parallel calls each gets, and deletes, the picture that it replaced.
    """
    locked = WeChatUser.objects.locked([wechat_user.pk]).first()
    if locked is None:
        return None
    previous = str(locked.avatar.name or "")
    locked.change(avatar=name)
    return previous


def reencode(picture: IO[bytes]) -> tuple[bytes, str]:
    """Decode the picture, encode it anew, and return it with its extension.

    Only the pixels are stored: no location, no camera name, no second file appended to the first. Raises
    ``UnusablePicture``, or ``TooManyPictures`` while other threads decode pictures.
    """
    if not DECODER_SLOTS.acquire(timeout=MAX_WAIT):
        raise TooManyPictures
    try:
        with _errors_as_unusable_picture():
            return _reencode(picture.read())
    finally:
        DECODER_SLOTS.release()


def _reencode(content: bytes) -> tuple[bytes, str]:
    # Look at the first bytes: Pillow may name another format, which the file claims to be.
    is_jpeg = content.startswith(JPEG)
    if is_jpeg and any(content.count(part) > most for part, most in MAX_REPEATS.items()):
        raise UnusablePicture
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        pixels = MAX_PIXELS_OF_JPEG if is_jpeg else MAX_PIXELS
        if image.width * image.height > pixels or max(image.size) > MAX_LENGTH:
            raise UnusablePicture
        image.draft("RGB", (STORED_SIDE, STORED_SIDE))
        upright = ImageOps.exif_transpose(_to_eight_bits(image))
        upright.thumbnail((STORED_SIDE, STORED_SIDE))
        return _encode(upright)


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Reduce a grey picture of 16 bits, which Pillow itself would turn all white."""
    return image.point(lambda value: value / 256).convert("L") if image.mode.startswith("I") else image


def _encode(image: Image.Image) -> tuple[bytes, str]:
    out = io.BytesIO()
    if image.has_transparency_data:
        _copy_pixels(image.convert("RGBA")).save(out, "PNG", optimize=True)
        return out.getvalue(), "png"
    _copy_pixels(image.convert("RGB")).save(out, "JPEG", quality=88)
    return out.getvalue(), "jpg"


def _copy_pixels(image: Image.Image) -> Image.Image:
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    return bare


@contextmanager
def _errors_as_unusable_picture() -> Iterator[None]:
    try:
        yield
    except Exception:  # noqa: BLE001  decoders raise exceptions of any kind
        raise UnusablePicture from None
