"""Pictures for uploads: good ones, odd ones, and files that pretend to be pictures."""

import io
import struct
import zlib
from typing import Any

from PIL import Image


def picture(
    kind: str = "PNG", size: tuple[int, int] = (132, 132), mode: str = "RGB", **options: Any
) -> bytes:
    """A picture of one colour. ``options`` are for Pillow's ``save``."""
    out = io.BytesIO()
    Image.new(mode, size, "teal").save(out, kind, **options)
    return out.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG without pixels whose header names this size."""

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
    """A progressive JPEG whose scans of the whole picture are repeated. Each takes a few bytes of the file."""
    whole = picture("JPEG", (64, 64), mode="L", progressive=True)
    start = whole.rindex(b"\xff\xda")
    return whole[:start] + whole[start:-2] * scans + b"\xff\xd9"


def with_segment(jpeg: bytes, marker: int, content: bytes) -> bytes:
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


def mpo() -> bytes:
    """A JPEG file with two pictures. Pillow calls its format MPO."""
    out, image = io.BytesIO(), Image.new("RGB", (64, 64), "teal")
    image.save(out, "MPO", save_all=True, append_images=[image])
    return out.getvalue()
