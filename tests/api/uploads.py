"""The upload of a picture, as the mini-program does it, and a look at the stored files."""

from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import MULTIPART_CONTENT

from tests.conftest import Api


def send(api: Api, content: bytes, name: str = "tmp_avatar.png", field: str = "avatar", **extra: Any) -> Any:
    """Upload a picture like ``wx.uploadFile``, and return the answer."""
    return api.call(
        "post",
        "me/avatar/",
        {field: SimpleUploadedFile(name, content)},
        content_type=MULTIPART_CONTENT,
        **extra,
    )


def stored_files(media: Path) -> list[Path]:
    """List the stored files."""
    return [path for path in media.rglob("*") if path.is_file()]
