"""Texts in a standalone SVG, read out of it, so that they are set by whoever knows all scripts."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from flows.exports.svg import INKS
from flows.exports.words import REGULAR, STRONG, Run, Words

SVG = "{http://www.w3.org/2000/svg}"
GAP = "\N{EN SPACE}"  # stands for the small step between a count and its share


@dataclass(frozen=True, slots=True)
class Look:
    size: float
    weight: int
    colour: str
    halo: str = ""


LOOKS = {
    "f-title": Look(16, STRONG, INKS["ink"]),
    "f-note": Look(11, REGULAR, INKS["ink_3"]),
    "f-head": Look(12, STRONG, INKS["ink"]),
    "f-sub": Look(11, REGULAR, INKS["ink_3"]),
    "f-label": Look(12, STRONG, INKS["ink"], INKS["surface"]),
    "f-cnt": Look(11, REGULAR, INKS["ink"], INKS["surface"]),
    "f-end": Look(11, REGULAR, INKS["ink"], INKS["surface"]),
    "lines__x": Look(11, REGULAR, INKS["ink_3"]),
    "lines__y": Look(11, REGULAR, INKS["ink_3"]),
    "lines__name": Look(11, STRONG, INKS["ink"]),
    "bars__name": Look(12, STRONG, INKS["ink"]),
    "bars__told": Look(12, REGULAR, INKS["ink"]),
}


def parted(svg: str) -> tuple[str, tuple[Words, ...]]:
    """The picture without its texts, and the texts where they stood."""
    ElementTree.register_namespace("", "http://www.w3.org/2000/svg")
    root = ElementTree.fromstring(svg)
    words = tuple(_taken(root, 0.0, 0.0, "start"))
    return ElementTree.tostring(root, encoding="unicode"), words


def _taken(parent: ElementTree.Element, x: float, y: float, anchor: str) -> Iterator[Words]:
    """Texts below `parent`, whose corner stands at (x, y); they are no longer in the tree."""
    anchor = parent.get("text-anchor", anchor)
    if "transform" in parent.attrib:
        right, down = parent.attrib["transform"].removeprefix("translate(").removesuffix(")").split()
        x, y = x + float(right), y + float(down)
    for child in list(parent):
        if child.tag == f"{SVG}text":
            yield from _words(child, x, y, anchor)
            parent.remove(child)
        else:
            yield from _taken(child, x, y, anchor)


def _words(text: ElementTree.Element, x: float, y: float, anchor: str) -> Iterator[Words]:
    """A span with a place of its own begins a line, one without goes on."""
    look = LOOKS[text.get("class", "")]
    lines: list[tuple[float, float, list[str]]] = [(_at(text, "x"), _at(text, "y"), [text.text or ""])]
    for span in text:
        if "y" in span.attrib:
            lines.append((_at(span, "x"), _at(span, "y"), [span.text or ""]))
        else:
            lines[-1][2].append(GAP + (span.text or ""))
    for left, base, parts in lines:
        runs = tuple(Run(part, look.colour, look.weight) for part in parts if part)
        if runs:
            yield Words(x + left, y + base, look.size, runs, anchor=text.get("text-anchor", anchor), halo=look.halo)


def _at(element: ElementTree.Element, name: str) -> float:
    return float(element.get(name, "0")) + float(element.get(f"d{name}", "0"))
