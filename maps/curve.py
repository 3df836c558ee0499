"""The geometry of the emotion curve: pure numbers in, path data out. Nothing here knows pixels or rows of a database.

A column is `COLUMN` units wide unless told, the band is `HEIGHT` units high; the page stretches both to its size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

COLUMN = 100.0
HEIGHT = 156.0
MIDDLE = HEIGHT / 2
STEP = 27.0  # from one score to the next


@dataclass(frozen=True, slots=True)
class Curve:
    """`line` is the curve, `area` the same closed along the zero line; both are empty without points."""

    width: float
    line: str
    area: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a point stands: share of the height in per cent, and the side that its label takes."""

    y: float
    label: str


def height_of(score: int) -> float:
    return MIDDLE - STEP * score


def curve(scores: Sequence[int | None], column: float = COLUMN) -> Curve:
    """One smooth curve through the known scores, one a column; flat to the edges of the first and last of them."""
    points = [(column * (i + 0.5), height_of(score)) for i, score in enumerate(scores) if score is not None]
    width = column * len(scores)
    if not points:
        return Curve(width, "", "")
    path = [f"L{_n(points[0][0])} {_n(points[0][1])}"]
    slopes = monotone_slopes(points)
    for (x0, y0), (x1, y1), m0, m1 in zip(points, points[1:], slopes, slopes[1:], strict=False):
        third = (x1 - x0) / 3
        path.append(f"C{_n(x0 + third)} {_n(y0 + third * m0)} {_n(x1 - third)} {_n(y1 - third * m1)} {_n(x1)} {_n(y1)}")
    left, right = points[0][0] - column / 2, points[-1][0] + column / 2
    through = "".join(path) + f"L{_n(right)} {_n(points[-1][1])}"
    line = f"M{_n(left)} {_n(points[0][1])}{through}"
    area = f"M{_n(left)} {_n(MIDDLE)}L{_n(left)} {_n(points[0][1])}{through}L{_n(right)} {_n(MIDDLE)}Z"
    return Curve(width, line, area)


def monotone_slopes(points: Sequence[tuple[float, float]]) -> list[float]:
    """Slopes of a cubic that never overshoots: level at peaks, dales and both ends.

    Between two points of the same direction the slope is the harmonic mean of the two secants, weighted by the widths
    of their spans (Fritsch and Butland, 1984).
    """
    spans = [(b[0] - a[0], (b[1] - a[1]) / (b[0] - a[0])) for a, b in pairwise(points)]
    inner = [
        0.0 if s0 * s1 <= 0 else 3 * (w0 + w1) / ((2 * w1 + w0) / s0 + (w1 + 2 * w0) / s1)
        for (w0, s0), (w1, s1) in pairwise(spans)
    ]
    return [0.0, *inner, 0.0] if len(points) > 1 else [0.0]


def places(scores: Sequence[int | None]) -> list[Place | None]:
    """Each point with the side on which its label stays clear of the line."""
    known = [(i, score) for i, score in enumerate(scores) if score is not None]
    found: list[Place | None] = [None] * len(scores)
    for order, (i, score) in enumerate(known):
        left = known[order - 1][1] if order else score
        right = known[order + 1][1] if order + 1 < len(known) else score
        found[i] = Place(round(100 * height_of(score) / HEIGHT, 2), _side(left, score, right))
    return found


def _side(left: int, score: int, right: int) -> str:
    """`above` or `below` the point; on a slope also `-start`, where the line has not come yet."""
    if left < score < right:
        return "above-start"
    if left > score > right:
        return "below-start"
    dale = left > score or right > score
    if dale:
        return "below" if score > -2 else "above"
    return "above" if score < 2 else "below"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
