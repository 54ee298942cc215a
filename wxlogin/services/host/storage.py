"""The file storage for avatars."""

import secrets
from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, default_storage
from django.urls import get_script_prefix
from django.utils.translation import gettext, gettext_lazy as _

from wxlogin.models import WeChatUser
from wxlogin.services.meanings import Result


def problems() -> Iterator[CheckMessage]:
    if mixes_tenants(default_storage):
        yield Warning(
            gettext(
                "The avatars of all tenants are in one storage, and the tables of each tenant name only its own."
            ),
            hint=gettext(
                "Set STORAGES['default'] to django_tenants.files.storage.TenantFileSystemStorage, or to a subclass of "
                "it. Until then wxlogin_purge leaves lost pictures alone."
            ),
            id="wxlogin.W013",
        )


def mixes_tenants(storage: Storage) -> bool:
    """True if each tenant of django-tenants has tables of wxlogin, and all of them share ``storage``."""
    by_tenant = any(kind.__module__.startswith("django_tenants.") for kind in storage.__class__.__mro__)
    return not by_tenant and any(name.split(".")[0] == "wxlogin" for name in _apps_of_tenants())


def _apps_of_tenants() -> list[str]:
    kinds = getattr(settings, "TENANT_TYPES", {"": {"APPS": getattr(settings, "TENANT_APPS", [])}})
    public = getattr(settings, "PUBLIC_SCHEMA_NAME", "public")
    return [name for kind, declared in kinds.items() if kind != public for name in declared["APPS"]]


def deployment_problems() -> Iterator[CheckMessage]:
    if not _has_folder_and_url(default_storage):
        yield Warning(
            gettext(
                "MEDIA_ROOT or MEDIA_URL is missing, or STORAGES['default'] is unusable: avatars would be kept in "
                "the working directory, have no address, or not be kept at all."
            ),
            hint=gettext(
                "Set both, and have a web server serve the one under the other; or set STORAGES['default']."
            ),
            id="wxlogin.W008",
        )


def _has_folder_and_url(storage: Storage) -> bool:
    """True if the storage isn't a folder, or if its folder and its URL are both set.

    False if the storage can't even be created. An empty MEDIA_URL counts as not set: it means the root of the site.
    """
    try:
        if not isinstance(storage, FileSystemStorage):
            return True
    except (ImproperlyConfigured, ImportError, TypeError):
        return False
    return bool(storage.base_location) and storage.base_url not in (None, get_script_prefix())


def examine() -> Iterator[Result]:
    field = WeChatUser._meta.get_field("avatar")
    storage: Storage = field.storage
    probe = secrets.token_bytes(16)
    name = storage.save(field.generate_filename(WeChatUser(), f"doctor-{probe.hex()}"), ContentFile(probe))
    try:
        with storage.open(name) as file:
            is_same = file.read() == probe
    finally:
        storage.delete(name)
    if is_same:
        yield True, _("A file could be stored, read and deleted.")
    else:
        yield False, _("A file that was stored came back different.")
