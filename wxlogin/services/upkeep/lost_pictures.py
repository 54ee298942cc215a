"""Pictures without a person, and people without their picture: files and rows were restored from different times."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from django.core.files.storage import Storage

from wxlogin.clock import as_aware, utc_now
from wxlogin.exceptions import StorageUnavailable
from wxlogin.models import WeChatUser
from wxlogin.models.batches import rows_in_batches
from wxlogin.services.host.storage import mixes_tenants
from wxlogin.services.pictures import delete_file
from wxlogin.transactions import retry_contention

BATCH = 1_000
# A younger file may belong to an upload whose row isn't stored yet.
MIN_AGE = timedelta(days=1)
# More than this, and more than a tenth, is rather another storage or another database than a loss.
MANY = 10
# A picture's name as ``pictures`` makes it, what a storage appends to a name that is taken, and the doctor's probe.
OURS = re.compile(r"(doctor-)?[0-9a-f]{32}(_\w+)?(\.(png|jpg))?")


class CannotCompare(Exception):
    """The reason why nothing was compared."""


def mend(*, even_many: bool = False) -> Iterator[tuple[str, int]]:
    """Delete pictures that no person names, and names of pictures that are gone. Yield the number of each kind.

    Raises ``CannotCompare``, also if this looks like another storage or another database. Nothing is changed then:
    if many people have no picture any more, or many pictures no person. ``even_many`` changes it all the same.
    Only files in our own folder, with a name as we make it, are looked at.
    """
    field = WeChatUser._meta.get_field("avatar")
    folder, storage = str(field.upload_to).rstrip("/"), field.storage
    if mixes_tenants(storage):
        raise CannotCompare("the pictures of all tenants are kept together: see the check wxlogin.W013.")
    unnamed = _list(storage, folder)
    missing: list[WeChatUser] = []
    found = 0
    for person in rows_in_batches(WeChatUser.objects.with_picture(), BATCH):
        if person.avatar.name in unnamed:
            unnamed.discard(person.avatar.name)
            found += 1
        elif _is_ours(person.avatar.name, folder):
            missing.append(person)
    lost = max(len(missing), len(unnamed))
    if not even_many and ((lost and not found) or lost > max(MANY, found / 10)):
        raise CannotCompare(
            f"{found} pictures have their person; {len(unnamed)} have none, and {len(missing)} people have lost "
            "theirs. This may be another storage or another database: check MEDIA_ROOT or STORAGES. If it is the "
            "right one, run this once with --many-pictures."
        )
    yield "pictures without a person", _delete_unnamed(storage, sorted(unnamed))
    clear = retry_contention(WeChatUser.objects.clear_picture)
    # Look again: the picture may have been uploaded after the files were listed.
    gone = (person for person in missing if not _exists(storage, str(person.avatar.name)))
    yield "references to missing pictures", sum(clear(person) for person in gone)


def _list(storage: Storage, folder: str) -> set[str]:
    try:
        _folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return set()
    except Exception as exc:  # noqa: BLE001  each storage has exceptions of its own
        raise CannotCompare(f"the storage can't list its files ({type(exc).__name__}).") from None
    return {name for file in files if _is_ours(name := f"{folder}/{file}", folder)}


def _is_ours(name: str, folder: str) -> bool:
    return name.startswith(f"{folder}/") and bool(OURS.fullmatch(name.removeprefix(f"{folder}/")))


def _delete_unnamed(storage: Storage, names: list[str]) -> int:
    """Delete these pictures, except those that are too young or that a row names by now. Return how many."""
    deleted = 0
    for start in range(0, len(names), BATCH):
        old = [name for name in names[start : start + BATCH] if _is_old(storage, name)]
        for name in set(old) - WeChatUser.objects.picture_names_among(old):
            with suppress(StorageUnavailable):
                delete_file(name)
                deleted += 1
    return deleted


def _is_old(storage: Storage, name: str) -> bool:
    try:
        return as_aware(storage.get_modified_time(name)) < utc_now() - MIN_AGE
    except FileNotFoundError:
        # It was deleted meanwhile.
        return False
    except Exception as exc:  # noqa: BLE001
        raise CannotCompare(f"the storage failed ({type(exc).__name__}).") from None


def _exists(storage: Storage, name: str) -> bool:
    try:
        return storage.exists(name)
    except Exception as exc:  # noqa: BLE001
        raise CannotCompare(f"the storage failed ({type(exc).__name__}).") from None
