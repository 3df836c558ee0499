"""The one door for a picture from outside: bytes in, a small WebP without metadata out."""

import json
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ValidationError

from flows import children
from maps.pictures import redraw_process

PROGRAM = Path(redraw_process.__file__)
MOST_BYTES = 5 * 1024**2
FACE = 512  # points, both ways
CARD = 1600  # points, the longer way


@dataclass(frozen=True, slots=True)
class Drawn:
    """WebP, and its size in points."""

    data: bytes
    width: int
    height: int


def face(data: bytes) -> Drawn:
    """A square, filled. Raises ValidationError with one sentence, as `within` does."""
    return _drawn(data, FACE, "square")


def within(data: bytes) -> Drawn:
    """As it is, but not larger than a card can show."""
    return _drawn(data, CARD, "within")


def _drawn(data: bytes, side: int, shape: str) -> Drawn:
    if not data:
        raise ValidationError("This file is empty.")
    if len(data) > MOST_BYTES:
        raise ValidationError(f"This picture is larger than {MOST_BYTES // 1024**2} MB.")
    try:
        answer = children.run(PROGRAM, str(side), shape, data=data, seconds=60)
    except children.OverLimit:
        raise ValidationError("This picture takes too much memory or time to be read.") from None
    except children.Failed:
        raise ValidationError("This is no picture that can be read; JPEG, PNG, WebP and GIF can.") from None
    line, _, drawn = answer.partition(b"\n")
    head = json.loads(line)
    if "claims" in head:
        raise ValidationError(
            f"This picture has {head['width']:,} × {head['height']:,} points; "
            f"{redraw_process.MOST_POINTS // 1_000_000} million in all are the most."
        )
    return Drawn(drawn, head["width"], head["height"])
