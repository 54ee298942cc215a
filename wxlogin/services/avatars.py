"""Pictures of people: checked, made anew, kept in whatever storage the project uses for files."""

import io
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import transaction
from PIL import Image, ImageOps

from wxlogin.exceptions import StorageUnavailable, TokenInvalid, UnusablePicture
from wxlogin.models import WeChatUser

from .log import log
from .storage import in_one_transaction

FORMATS = ["PNG", "JPEG", "WEBP"]
MAX_PIXELS = 4096 * 4096  # decoded, four bytes each
SIDE = 512  # of what is kept, at most


def set_avatar(wechat_user: WeChatUser, picture: Any) -> None:
    """Keep ``picture``, a file as a browser sends it, in place of the one before.

    Raises ``UnusablePicture``, ``StorageUnavailable``, or ``TokenInvalid`` if the person was deleted
    meanwhile.
    """
    content, extension = remade(picture)
    name = _save(wechat_user, f"{secrets.token_hex(16)}.{extension}", content)
    try:
        previous = _point_to(wechat_user, name)
    except BaseException:
        _clean_up(name)
        raise
    _clean_up(previous)
    wechat_user.avatar = name


def forget_avatar(wechat_user: WeChatUser) -> None:
    """Without the picture from now on. Needs a transaction. Raises ``StorageUnavailable``."""
    delete_file(_point_to(wechat_user, ""))
    wechat_user.avatar = ""


def remade(picture: Any) -> tuple[bytes, str]:
    """The picture, decoded and encoded anew, and its extension.

    So nothing but pixels is left of what was sent: no place, no camera, no second file behind the first.
    Raises ``UnusablePicture``.
    """
    with _anything_odd_is_unusable(), Image.open(picture, formats=FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise UnusablePicture
        image.draft("RGB", (SIDE, SIDE))
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((SIDE, SIDE))
        return _encoded(upright)


def delete_file(name: str | None) -> None:
    """Raises ``StorageUnavailable``; what is gone already is fine."""
    if not name:
        return
    try:
        _storage().delete(name)
    except Exception as exc:  # noqa: BLE001  each storage has errors of its own
        log("avatar not deleted", logging.ERROR, name=name, problem=type(exc).__name__)
        raise StorageUnavailable from None


def delete_file_of_deleted(instance: WeChatUser, **kwargs: Any) -> None:
    """A signal receiver: whoever deletes the row, the file goes too."""
    transaction.on_commit(lambda: _clean_up(instance.avatar.name), robust=True)


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


def _clean_up(name: str | None) -> None:
    """Of a file that is nobody's any more. One that stays is in the log, and costs the caller nothing."""
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
def _point_to(wechat_user: WeChatUser, name: str) -> str:
    """The name of the picture before. Of two at once, each deletes what it replaced."""
    locked = WeChatUser.objects.locked([wechat_user.pk]).first()
    if locked is None:
        raise TokenInvalid
    previous = str(locked.avatar.name or "")
    locked.change(avatar=name)
    return previous
