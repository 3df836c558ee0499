"""A part of a map as a map of its own."""

from dataclasses import replace

from maps.documents.shapes import CellPart, LanePart, MapDocument


def stage_alone(document: MapDocument, place: int) -> MapDocument:
    """The stage at that place with all lanes. Of a cell that reaches into it from outside stands what is inside."""
    stage = document.stages[place]
    first = sum(len(before.steps) for before in document.stages[:place])
    steps = range(first, first + len(stage.steps))
    return replace(
        document,
        title=f"{document.title} · {stage.name}",
        stages=(stage,),
        lanes=tuple(_cut(lane, steps) for lane in document.lanes),
    )


def _cut(lane: LanePart, steps: range) -> LanePart:
    feelings = (replace(each, step=each.step - steps.start) for each in lane.feelings if each.step in steps)
    reaching = (cell for cell in lane.cells if cell.step < steps.stop and cell.step + cell.span > steps.start)
    return replace(lane, cells=tuple(_clipped(cell, steps) for cell in reaching), feelings=tuple(feelings))


def _clipped(cell: CellPart, steps: range) -> CellPart:
    start, stop = max(cell.step, steps.start), min(cell.step + cell.span, steps.stop)
    return replace(cell, step=start - steps.start, span=stop - start)
