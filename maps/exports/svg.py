"""A picture as SVG: texts are texts, and nothing outside the file is needed."""

import re
from collections.abc import Iterable
from html import escape

from flows.icons import strokes
from maps.documents.shapes import MapDocument
from maps.drawing.marks import Box, Clip, Icon, Mark, Path, Photo, Run, Words
from maps.drawing.pages import Page, excerpt, poster

FACES = "'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'Liberation Sans', Arial, sans-serif"
_STROKES = 'stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
_HALO = 'paint-order="stroke" stroke-width="3" stroke-linejoin="round"'
# What XML has no way to write, and what printers of text choke on.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0001fffd\U00020000-\U0010fffd]")


def write(document: MapDocument) -> bytes:
    return svg(poster(document), title=document.title).encode()


def write_excerpt(document: MapDocument, steps: range) -> bytes:
    return svg(excerpt(document, steps), title=document.title).encode()


def svg(page: Page, *, title: str) -> str:
    """The page; without its texts if it has been given none."""
    size = f'width="{page.width:g}" height="{page.height:g}" viewBox="0 0 {page.width:g} {page.height:g}"'
    icons = sorted({mark.name for mark in page.marks if isinstance(mark, Icon)})
    symbols = "".join(f'<symbol id="i-{name}" viewBox="0 0 24 24">{strokes(name)}</symbol>' for name in icons)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FACES}" role="img">'
        f"<title>{written(title)}</title><defs>{symbols}</defs>\n{_drawn(page.marks)}</svg>\n"
    )


def written(text: str) -> str:
    return escape(_UNWRITABLE.sub("", text))


def _drawn(marks: Iterable[Mark]) -> str:
    return "".join(f"{_one(mark)}\n" for mark in marks)


def _one(mark: Mark) -> str:
    match mark:
        case Box():
            return (
                f'<rect x="{_n(mark.x)}" y="{_n(mark.y)}" width="{_n(mark.width)}" height="{_n(mark.height)}"'
                f"{_paint(mark.fill, mark.stroke)}{_if('rx', mark.radius)}/>"
            )
        case Path():
            moved = f' transform="translate({_n(mark.x)} {_n(mark.y)})"' if mark.x or mark.y else ""
            line = f' stroke-width="{mark.weight:g}"' if mark.stroke and mark.weight != 1 else ""
            seen = f' fill-opacity="{mark.opacity:g}"' if mark.opacity != 1 else ""
            dash = _if("stroke-dasharray", mark.dash)
            return f'<path d="{mark.d}"{moved}{_paint(mark.fill, mark.stroke)}{line}{dash}{seen}/>'
        case Icon():
            place = f'x="{_n(mark.x)}" y="{_n(mark.y)}" width="{_n(mark.size)}" height="{_n(mark.size)}"'
            look = f'fill="{mark.colour}"' if mark.filled else f'fill="none" stroke="{mark.colour}" {_STROKES}'
            return f'<use href="#i-{mark.name}" {place} {look}/>'
        case Photo():
            place = f'x="{_n(mark.x)}" y="{_n(mark.y)}" width="{_n(mark.width)}" height="{_n(mark.height)}"'
            return f'<image {place} preserveAspectRatio="xMidYMid slice" href="data:image/webp;base64,{mark.data}"/>'
        case Clip():
            place = f'x="{_n(mark.x)}" y="{_n(mark.y)}" width="{_n(mark.width)}" height="{_n(mark.height)}"'
            return f'<svg {place} overflow="hidden">{"".join(map(_one, mark.marks))}</svg>'
        case Words():
            return _text(mark)


def _text(words: Words) -> str:
    way = ' direction="rtl"' if words.from_right else ""
    anchor = f' text-anchor="{words.anchor}"' if words.anchor != "start" else ""
    halo = f' stroke="{words.halo}" {_HALO}' if words.halo else ""
    place = f'x="{_n(words.x)}" y="{_n(words.y)}" font-size="{words.size:g}"'
    first, *more = words.runs
    return (
        f"<text {place}{_letters(first)}{anchor}{way}{halo}>{written(first.text)}"
        + "".join(f"<tspan{_letters(run)}>{written(run.text)}</tspan>" for run in more if run.text)
        + "</text>"
    )


def _letters(run: Run) -> str:
    return f' font-weight="{run.weight}" fill="{run.colour}"'


def _paint(fill: str, stroke: str) -> str:
    return f' fill="{fill or "none"}"' + _if("stroke", stroke)


def _if(name: str, value: object) -> str:
    return f' {name}="{value}"' if value else ""


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
