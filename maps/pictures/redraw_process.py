"""A program of its own that draws a picture (standard input) anew as WebP (standard output), behind a line of JSON.

The line says `width` and `height`, and `claims` where the picture says that it has more points than anybody may have;
nothing follows then. Metadata, and whatever else hangs on the file, do not come along.
"""

import io
import json
import resource
import sys

MEMORY = 1_000_000_000
SECONDS = 20
MOST_POINTS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
QUALITY = 84


def main(side: int, square: bool) -> None:
    """Within a square of `side` points; `square` fills it, and cuts off what is longer."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from PIL import Image, ImageOps  # noqa: PLC0415 - behind the limits

    Image.MAX_IMAGE_PIXELS = None  # What it claims is looked at here, before anything is unpacked.
    with Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=FORMATS) as given:
        width, height = given.size
        if width * height > MOST_POINTS:
            answer({"width": width, "height": height, "claims": True})
            return
        given.draft("RGB", (2 * side, 2 * side))
        given.load()
        drawn = ImageOps.exif_transpose(given).convert("RGBA" if given.has_transparency_data else "RGB")
    if square:
        drawn = ImageOps.fit(drawn, (side, side), Image.Resampling.LANCZOS)
    else:
        drawn.thumbnail((side, side), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    drawn.save(written, "WEBP", quality=QUALITY, exif=b"", icc_profile=b"")
    answer({"width": drawn.width, "height": drawn.height}, written.getvalue())


def answer(head: dict[str, object], data: bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + data)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] == "square")
