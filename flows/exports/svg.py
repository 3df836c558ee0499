"""The flow chart as a file of its own: SVG with nothing outside it, in the colours of the light theme."""

from collections.abc import Mapping
from typing import Any

from django.template.loader import render_to_string

from flows.answers.view import AnswerView
from flows.chart_view import ChartView
from flows.lettering import cut_middle, printable, wrap

HEADS = 42
MARGIN = 16
NOTE = 16  # from one line of small print to the next
MOST_LINES = 4

# The light theme's tokens as sRGB, for programs that know neither custom properties nor OKLCH.
CATEGORIES = (
    "#888c92",
    "#4e5f77",
    "#32a5a2",
    "#d89f45",
    "#c85754",
    "#ad4d83",
    "#3381ca",
    "#4a9a5e",
    "#dc804f",
    "#8164b9",
    "#58abc7",
    "#5a5ca9",
)
INKS = {
    "surface": "#ffffff",
    "ink": "#1a1e25",
    "ink_3": "#666b71",
    "line_soft": "#ebedef",
    "bad": "#ba3533",
    "good": "#227240",
}


def chart_svg(chart: ChartView, *, title: str, above: str = "", below: str = "") -> str:
    """The text of an SVG file with the heads and the picture of `chart`.

    `above` is said under the title, which is then seen, and `below` under the picture.
    """
    size = chart.layout.width, HEADS + chart.layout.height
    return _framed("flow", {"chart": chart, "heads": HEADS}, size, title, above, below)


def answer_svg(view: AnswerView, *, title: str, above: str = "", below: str = "") -> str:
    """As `chart_svg`, of a funnel as stairs, of retention or a trend as lines."""
    drawing = view.stairs or view.lines
    assert drawing is not None
    return _framed(
        "stairs" if view.stairs else "lines", {"d": drawing}, (drawing.width, drawing.height), title, above, below
    )


def _framed(
    shape: str, picture: Mapping[str, Any], size: tuple[float, float], title: str, above: str, below: str
) -> str:
    lines = _lines(title, above, size[0]) if above else []
    top = MARGIN + (lines[-1][0] if lines else 0)
    bottom = top + size[1] + MARGIN
    notes = [(bottom + NOTE, "f-note", printable(below))] if below else []
    return render_to_string(
        "flows/chart/standalone.svg",
        {
            **picture,
            "shape": shape,
            "title": title,
            "lines": [*lines, *notes],
            "width": size[0] + 2 * MARGIN,
            "height": bottom + (2 * NOTE if below else 0),
            "margin": MARGIN,
            "top": top,
            "categories": list(enumerate(CATEGORIES)),
            "inks": INKS,
        },
    )


def _lines(title: str, above: str, width: float) -> list[tuple[float, str, str]]:
    """Title and what is said under it: base line, class, text."""
    asked = wrap(printable(above), width, 11, MOST_LINES)
    return [
        (MARGIN + 14, "f-title", cut_middle(printable(title), width, 16)),
        *((MARGIN + 36 + NOTE * place, "f-note", line) for place, line in enumerate(asked)),
    ]
