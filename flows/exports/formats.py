"""What a chart can be exported as."""

import csv as writer
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError

from flows import children
from flows.chart_view import chart_view
from flows.exports import typeset, xlsx
from flows.exports.svg import chart_svg
from flows.exports.tables import tables
from flows.exports.texts import parted
from flows.exports.typeset import Sheet
from flows.formulas import guarded

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDTH = 1360  # CSS pixels of a picture


@dataclass(frozen=True, slots=True)
class ChartFile:
    """What a file is made of: one kept result, and what is said about it."""

    title: str
    sentence: str
    when: str  # of when the events and the numbers are
    dataset: str
    result: Mapping[str, Any]


Write = Callable[[ChartFile], bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """`write` raises ValidationError where it would take too long."""

    key: str
    name: str
    about: str
    icon: str
    extension: str
    content_type: str
    write: Write


def _svg(chart: ChartFile) -> str:
    view = chart_view(chart.result, width=WIDTH)
    return chart_svg(view, title=chart.title, above=chart.sentence, below=chart.when)


def _sheet(chart: ChartFile) -> Sheet:
    view = chart_view(chart.result, width=WIDTH)
    svg = chart_svg(view, title=chart.title, above=chart.sentence, below=chart.when)
    picture, words = parted(svg)
    width, height = (float(size) for size in svg.partition('viewBox="0 0 ')[2].partition('"')[0].split())
    return Sheet(width, height, picture, words)


def _drawn(write: Write) -> Write:
    def in_time(chart: ChartFile) -> bytes:
        try:
            return write(chart)
        except children.OverLimit:
            raise ValidationError("This chart takes too long to draw. Take the SVG or the workbook.") from None

    return in_time


def _csv(chart: ChartFile, *, table: int) -> bytes:
    """UTF-8 with a mark, for spreadsheets know it by that; nothing in it is a formula."""
    out = io.StringIO()
    chosen = tables(chart.result)[table]
    rows = writer.writer(out)
    rows.writerow(chosen.heads)
    rows.writerows([guarded(value) if isinstance(value, str) else value for value in row] for row in chosen.rows)
    return out.getvalue().encode("utf-8-sig", errors="replace")


def _xlsx(chart: ChartFile) -> bytes:
    about = {"Chart": chart.title, "Question": chart.sentence, "Dataset": chart.dataset, "As of": chart.when}
    return xlsx.write(tables(chart.result), about, title=chart.title)


def _json(chart: ChartFile) -> bytes:
    return (json.dumps(chart.result, ensure_ascii=False, indent=1) + "\n").encode(errors="replace")


CSV = "text/csv; charset=utf-8"
PICTURES = (
    Format(
        "pdf", "PDF", "A page to print", "file-text", "pdf", "application/pdf",
        _drawn(lambda chart: typeset.pdf(chart.title, [_sheet(chart)])),
    ),
    Format(
        "png", "PNG", "A picture for slides and messages", "image", "png", "image/png",
        _drawn(lambda chart: typeset.png(chart.title, _sheet(chart))),
    ),
    Format(
        "svg", "SVG", "A drawing to go on with", "image", "svg", "image/svg+xml", lambda chart: _svg(chart).encode()
    ),
)  # fmt: skip
DATA = (
    Format("xlsx", "Excel workbook", "Steps, links and paths as sheets", "table", "xlsx", EXCEL, _xlsx),
    Format("steps", "CSV of the steps", "Every event of every step", "table", "csv", CSV, partial(_csv, table=0)),
    Format("links", "CSV of the links", "From where to where, with times", "table", "csv", CSV, partial(_csv, table=1)),
    Format("paths", "CSV of the paths", "Whole paths, the most frequent", "table", "csv", CSV, partial(_csv, table=2)),
    Format("json", "JSON", "The whole result, for programs", "braces", "json", "application/json", _json),
)
FORMATS: dict[str, Format] = {each.key: each for each in (*PICTURES, *DATA)}
