"""The flow chart as a file of its own: SVG with nothing outside it, in the colours of the light theme."""

from django.template.loader import render_to_string

from flows.chart_view import ChartView

HEADS = 42
MARGIN = 16

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


def chart_svg(chart: ChartView, *, title: str) -> str:
    """The text of an SVG file with the heads and the picture of `chart`."""
    return render_to_string(
        "flows/chart/standalone.svg",
        {
            "chart": chart,
            "title": title,
            "width": chart.layout.width + 2 * MARGIN,
            "height": chart.layout.height + HEADS + 2 * MARGIN,
            "margin": MARGIN,
            "top": MARGIN + HEADS,
            "categories": list(enumerate(CATEGORIES)),
            "inks": INKS,
        },
    )
