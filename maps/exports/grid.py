"""A map as rows of text: stages and steps on top, then a row a lane."""

from dataclasses import dataclass

from maps.documents.shapes import LanePart, MapDocument
from maps.models import EmotionPoint, Lane
from maps.notation import cell_text, feeling_text

STAGE, STEP, KIND, ROLE = "Stage", "Step", "Kind", "Role"
MOMENT_OF_TRUTH = "★"


@dataclass(frozen=True, slots=True)
class Grid:
    """`leads` is how many columns stand before the first step: the title of the lane, its kind, maybe its role."""

    rows: tuple[tuple[str, ...], ...]
    leads: int


def grid(document: MapDocument) -> Grid:
    """A stage stands over its first step, the others are empty; what a grid cannot hold is left out."""
    roles = any(lane.role != Lane.Role.NONE for lane in document.lanes)
    lead = ("", ROLE) if roles else ("",)
    stages = [name for stage in document.stages for name in (stage.name, *[""] * (len(stage.steps) - 1))]
    steps = [f"{step.name} {MOMENT_OF_TRUTH}" if step.moment_of_truth else step.name for step in document.steps]
    heads = ((STAGE, *[""] * len(lead), *stages), (STEP, KIND, *lead[1:], *steps))
    return Grid((*heads, *(_row(lane, roles, len(steps)) for lane in document.lanes)), 1 + len(lead))


def _row(lane: LanePart, roles: bool, steps: int) -> tuple[str, ...]:
    cells = [""] * steps
    for cell in lane.cells:
        cells[cell.step] = cell_text(lane.kind, cell.cards)
    for feeling in lane.feelings:
        if feeling.source == EmotionPoint.Source.JUDGED:
            cells[feeling.step] = feeling_text(feeling.score, feeling.label)
    role = Lane.Role(lane.role)
    lead = [Lane.Kind(lane.kind).label, *([role.label if role != Lane.Role.NONE else ""] if roles else [])]
    return (lane.title, *lead, *cells)
