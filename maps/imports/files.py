"""The one door for a map from outside: bytes in, a checked document out."""

import codecs
from pathlib import PurePath

from django.core.exceptions import ValidationError

from maps.documents.reading import as_data, from_data
from maps.documents.shapes import MapDocument
from maps.imports import csv, grid, json, mermaid, xlsx
from maps.texts import TITLE_LIMIT, flat

MOST_BYTES = 20 * 1024**2
UNTITLED = "Imported map"
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read_map(data: bytes, *, filename: str = "") -> MapDocument:
    """A map from JSON, an Excel workbook, CSV or a Mermaid journey.

    `filename` gives the title where nothing else does. Raises ValidationError with one sentence.
    """
    title = flat(PurePath(filename).stem.encode(errors="ignore").decode())[:TITLE_LIMIT] or UNTITLED
    if data.startswith(b"PK"):
        rows, told = xlsx.read(data)
        document = grid.read(rows, title=title, told=told)
    else:
        document = _of_text(_decoded(data), title)
    return from_data(as_data(document))


def _of_text(text: str, title: str) -> MapDocument:
    if not text.strip():
        raise ValidationError("There is nothing in it.")
    if text.lstrip().startswith("{"):
        return json.read(text)
    if mermaid.is_journey(text):
        return mermaid.read(text, title=title)
    return grid.read(csv.read(text), title=title)


def _decoded(data: bytes) -> str:
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding).replace("\x00", "")
    except UnicodeDecodeError:
        raise ValidationError("This text is neither UTF-8 nor UTF-16. Save it as “CSV UTF-8” or as .xlsx.") from None
