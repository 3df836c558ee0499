"""What a map can be exported as. A format is a pure function: the same document gives the same bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.core.exceptions import ValidationError

from maps.documents.shapes import MapDocument
from maps.drawing.pages import PAPERS
from maps.exports import csv, json, mermaid, svg, typeset, xlsx

Write = Callable[[MapDocument], bytes]

MOST_DRAWN = 5_000  # cards
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Format:
    """`write` raises ValidationError where the map is more than the format can take."""

    key: str
    name: str
    about: str
    extension: str
    content_type: str
    write: Write
    pictures: bool = True  # whether it holds those of image cards


def drawn(write: Write) -> Write:
    """A format that refuses a map with more cards than a picture holds."""

    def checked(document: MapDocument) -> bytes:
        if (cards := sum(1 for _ in document.cards())) > MOST_DRAWN:
            raise ValidationError(
                f"A picture holds {MOST_DRAWN:,} cards, and this map has {cards:,}. Take the workbook or JSON."
            )
        return write(document)

    return checked


PDF = tuple(
    Format(
        f"pdf-{paper}",
        paper.upper(),
        f"{paper.upper()}, landscape",
        "pdf",
        "application/pdf",
        drawn(partial(typeset.pdf, paper=paper)),
    )
    for paper in PAPERS
)
PICTURES = (
    Format("png", "PNG", "A picture for slides and messages", "png", "image/png", drawn(typeset.png)),
    Format("svg", "SVG", "A drawing to go on with", "svg", "image/svg+xml", drawn(svg.write)),
)
DATA = (
    Format("xlsx", "Excel workbook", "Stages, steps and lanes as a sheet", "xlsx", EXCEL, xlsx.write, pictures=False),
    Format("csv", "CSV", "The same sheet for any program", "csv", "text/csv; charset=utf-8", csv.write, pictures=False),
    Format(
        "mermaid",
        "Mermaid",
        "The journey as a diagram in text",
        "mmd",
        "text/plain; charset=utf-8",
        mermaid.write,
        pictures=False,
    ),
    Format("json", "JSON", "Everything, to import it again", "json", "application/json", json.write),
)
FORMATS: dict[str, Format] = {each.key: each for each in (*PDF, *PICTURES, *DATA)}
