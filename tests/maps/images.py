"""Pictures as files, well-formed and hostile."""

import io
import struct
import zlib

from PIL import Image


def picture(width: int = 40, height: int = 20, form: str = "PNG", **how) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), (200, 60, 40)).save(written, form, **how)
    return written.getvalue()


def with_position() -> bytes:
    """A photograph that says where it was taken, and that it has to be turned."""
    exif = Image.Exif()
    exif[0x010F] = "Maker of cameras"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    return picture(form="JPEG", exif=exif)


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of some bytes that claims billions of points."""
    return _png(width, height, zlib.compress(b"\0" * 1_000))


def _png(width: int, height: int, data: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
HOSTILE = {
    "empty": b"",
    "words": b"no picture at all",
    "svg called png": SVG,
    "truncated": picture(400, 400)[:200],
    "bomb": bomb(),
    "6 MB": picture() + b"\0" * 6 * 1024**2,
    "cut jpeg": picture(600, 600, "JPEG")[:400],
    "tiff": picture(form="TIFF"),
    "only a head": b"\x89PNG\r\n\x1a\n",
}
POLYGLOT = picture() + b"<script>alert(1)</script>" + b"PK\x03\x04"
