"""What a map can be exported as. A format is a pure function: the same document gives the same bytes."""

from collections.abc import Callable
from dataclasses import dataclass

from maps.documents.shapes import MapDocument
from maps.exports import csv, json, mermaid, xlsx


@dataclass(frozen=True, slots=True)
class Format:
    key: str
    name: str
    about: str
    extension: str
    content_type: str
    write: Callable[[MapDocument], bytes]


FORMATS: dict[str, Format] = {
    each.key: each
    for each in (
        Format(
            "xlsx",
            "Excel workbook",
            "Stages, steps and lanes as a sheet",
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            xlsx.write,
        ),
        Format("csv", "CSV", "The same, for any spreadsheet", "csv", "text/csv; charset=utf-8", csv.write),
        Format("mermaid", "Mermaid", "A journey diagram as text", "mmd", "text/plain; charset=utf-8", mermaid.write),
        Format("json", "JSON", "Everything, to import again", "json", "application/json", json.write),
    )
}
