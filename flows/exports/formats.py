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
from flows.answers.view import answer_view
from flows.chart_view import chart_view
from flows.exports import typeset, xlsx
from flows.exports.analysis_tables import TABLES
from flows.exports.svg import answer_svg, chart_svg
from flows.exports.tables import Table, flow_tables
from flows.exports.texts import parted
from flows.exports.typeset import Sheet
from flows.formulas import guarded
from flows.questions import FLOW, Analysis

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDTH, HEIGHT = 1360, 420  # CSS pixels of a picture; a flow and a funnel are as high as they need


@dataclass(frozen=True, slots=True)
class ChartFile:
    """What a file is made of: one kept result, and what is said about it. `question` is None for a flow."""

    title: str
    sentence: str
    when: str  # of when the events and the numbers are
    dataset: str
    result: Mapping[str, Any]
    question: Analysis | None = None
    measure: str = ""  # what is counted, where there is a choice

    @property
    def tables(self) -> tuple[Table, ...]:
        return TABLES[self.question.kind](self.result) if self.question else flow_tables(self.result)


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
    words = {"title": chart.title, "above": chart.sentence, "below": chart.when}
    if chart.question:
        view = answer_view(chart.result, chart.question, measure=chart.measure, width=WIDTH, height=HEIGHT)
        return answer_svg(view, **words)
    return chart_svg(chart_view(chart.result, width=WIDTH), **words)


def _sheet(chart: ChartFile) -> Sheet:
    svg = _svg(chart)
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
    chosen = chart.tables[table]
    rows = writer.writer(out)
    rows.writerow(chosen.heads)
    rows.writerows([guarded(value) if isinstance(value, str) else value for value in row] for row in chosen.rows)
    return out.getvalue().encode("utf-8-sig", errors="replace")


def _xlsx(chart: ChartFile) -> bytes:
    about = {"Chart": chart.title, "Question": chart.sentence, "Dataset": chart.dataset, "As of": chart.when}
    return xlsx.write(chart.tables, about, title=chart.title)


def _json(chart: ChartFile) -> bytes:
    return (json.dumps(chart.result, ensure_ascii=False, indent=1) + "\n").encode(errors="replace")


def _table(place: int, key: str, about: str) -> Format:
    return Format(key, f"CSV of the {key}", about, "table", "csv", CSV, partial(_csv, table=place))


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
BOOK = Format("xlsx", "Excel workbook", "All tables as sheets", "table", "xlsx", EXCEL, _xlsx)
JSON = Format("json", "JSON", "The whole result, for programs", "braces", "json", "application/json", _json)
# In the order of the tables of each kind.
CSVS = {
    FLOW: (
        _table(0, "steps", "Every event of every step"),
        _table(1, "links", "From where to where, with times"),
        _table(2, "paths", "Whole paths, the most frequent"),
    ),
    "funnel": (_table(0, "steps", "Every step, and of every value"),),
    "retention": (
        _table(0, "returns", "By when people began"),
        _table(1, "shares", "Over all who began long enough ago"),
    ),
    "trend": (_table(0, "values", "Every event in every period"),),
}
# Kind of chart → key → format.
FORMATS: dict[str, dict[str, Format]] = {
    kind: {each.key: each for each in (*PICTURES, BOOK, *csvs, JSON)} for kind, csvs in CSVS.items()
}
