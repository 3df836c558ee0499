"""The grid of a workbook, read by a process with limits."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from flows import children
from maps.imports.grid import MOST_COLUMNS, MOST_ROWS

PROGRAM = Path(__file__).with_name("sheet_process.py")
MOST_BYTES_INSIDE = 100_000_000
MOST_PARTS = 2_000
SECONDS = 30


def read(data: bytes) -> tuple[list[list[str]], dict[str, str]]:
    """The rows of the sheet “Map”, or else of the first one that shows, and what the sheet “About” says, by its labels.

    Raises ValidationError where this is no Excel workbook, or more of one than a map can be.
    """
    _looked_into(data)
    try:
        answer = children.run(PROGRAM, str(MOST_ROWS + 1), str(MOST_COLUMNS + 1), data=data, seconds=SECONDS)
    except children.OverLimit:
        raise ValidationError("This workbook is larger inside than a map can be.") from None
    except children.Failed:
        raise ValidationError("This is no Excel workbook that can be read.") from None
    found: dict[str, Any] = json.loads(answer)
    if found["height"] > MOST_ROWS * 4 or found["width"] > MOST_COLUMNS * 4:
        raise ValidationError(
            f"This sheet has {found['height']:,} rows and {found['width']:,} columns, which is too much for a map."
        )
    return found["rows"], found["about"]


def _looked_into(data: bytes) -> None:
    """What the archive says about itself, before anything of it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise ValidationError("This is no Excel workbook that can be read.") from None
    if "xl/workbook.xml" not in {part.filename for part in parts}:
        raise ValidationError("This is no Excel workbook (.xlsx).")
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES_INSIDE:
        raise ValidationError("This workbook is larger inside than a map can be.")
