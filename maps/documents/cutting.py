"""A part of a map, in which everything keeps its place."""

from dataclasses import replace

from maps.documents.shapes import CellPart, MapDocument


def steps_of(document: MapDocument, place: int) -> range:
    """The steps of the stage at that place."""
    first = sum(len(before.steps) for before in document.stages[:place])
    return range(first, first + len(document.stages[place].steps))


def within(document: MapDocument, steps: range) -> MapDocument:
    """Without the cards under other steps. Of a cell that reaches into these from outside stands what is inside."""
    lanes = (
        replace(lane, cells=tuple(_clipped(cell, steps) for cell in lane.cells if _reaches(cell, steps)))
        for lane in document.lanes
    )
    return replace(document, lanes=tuple(lanes))


def _reaches(cell: CellPart, steps: range) -> bool:
    return cell.step < steps.stop and cell.step + cell.span > steps.start


def _clipped(cell: CellPart, steps: range) -> CellPart:
    start, stop = max(cell.step, steps.start), min(cell.step + cell.span, steps.stop)
    return replace(cell, step=start, span=stop - start)
