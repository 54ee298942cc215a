"""Pictures of people, kept in whatever storage the project uses for files."""

import logging
import secrets
from contextlib import suppress
from typing import IO, Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import transaction

from wxlogin.exceptions import StorageUnavailable, TokenInvalid
from wxlogin.log import log
from wxlogin.models import WeChatUser
from wxlogin.transactions import in_one_transaction

from .pictures import remade


def set_avatar(wechat_user: WeChatUser, picture: IO[bytes]) -> None:
    """Keep ``picture``, a file as a browser sends it, in place of the one before.

    Raises ``UnusablePicture``, ``StorageUnavailable``, or ``TokenInvalid`` if the person was deleted
    meanwhile.
    """
    content, extension = remade(picture)
    name = _save(wechat_user, f"{secrets.token_hex(16)}.{extension}", content)
    try:
        previous = _point_to(wechat_user, name)
        if previous is None:
            raise TokenInvalid
    except BaseException:
        _clean_up(name)
        raise
    _clean_up(previous)
    wechat_user.avatar = name


def forget_avatar(wechat_user: WeChatUser) -> None:
    """Without the picture from now on; fine if the person is gone. Needs a transaction. Raises ``StorageUnavailable``."""
    delete_file(_point_to(wechat_user, ""))
    wechat_user.avatar = ""


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
def _point_to(wechat_user: WeChatUser, name: str) -> str | None:
    """The name of the picture before, None if the person is gone. Of two at once, each deletes what it replaced."""
    locked = WeChatUser.objects.locked([wechat_user.pk]).first()
    if locked is None:
        return None
    previous = str(locked.avatar.name or "")
    locked.change(avatar=name)
    return previous
