"""The grid of a map as CSV: UTF-8 with a mark, for spreadsheets know it by that; nothing in it is a formula."""

import csv
import io

from flows.formulas import guarded
from maps.documents.shapes import MapDocument
from maps.exports.grid import grid


def write(document: MapDocument) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([guarded(text) for text in row] for row in grid(document).rows)
    return out.getvalue().encode("utf-8-sig")
