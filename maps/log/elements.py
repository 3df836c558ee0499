"""Which elements of the page show a row: how a change tells the browsers what to fetch anew."""

from collections.abc import Collection, Iterable

from django.db import models

from maps.models import Card, CardExtra, Cell, EmotionPoint, JourneyMap, Lane, Stage, Step

GRID = "map"
HEAD = "head"  # Title, status and what the map is about; several elements in the frame and in the corner.
EVIDENCE = "evidence"  # On what the cards rest, in the frame.
OUTSIDE = (HEAD, EVIDENCE)
MOST = 40
CONFIRMED = frozenset({"confirmed_at", "confirmed_by"})
# What a head shows of its row. A change of anything else moves columns or rows about.
IN_HEAD = {Stage: {"name", "goal", *CONFIRMED}, Step: {"name", "moment_of_truth"}, Lane: {"title", "persona"}}


def elements_of(row: models.Model, changed: Collection[str] | None) -> tuple[str, ...]:
    """The elements that have to be drawn again; empty names where nothing is to be seen.

    `changed` are the names of the fields that changed, None where the row comes or goes.
    """
    if isinstance(row, JourneyMap):
        # For how long they hold decides the marks of all stages.
        return (HEAD, GRID) if changed and "review_days" in changed else (HEAD,)
    # It counts all cards by what they rest on.
    counts = isinstance(row, Card) and (changed is None or "evidence" in changed)
    return (_element_of(row, changed), EVIDENCE) if counts else (_element_of(row, changed),)


def _element_of(row: models.Model, changed: Collection[str] | None) -> str:
    if isinstance(row, Cell):
        return GRID if changed else ""
    if isinstance(row, CardExtra):
        row = row.card
    if isinstance(row, Card):
        return f"cell-{row.cell.lane_id}-{row.cell.step_id}"
    if isinstance(row, EmotionPoint):
        return f"row-{row.lane_id}"
    if isinstance(row, Lane) and changed is not None and set(changed) == {"collapsed"}:
        return f"row-{row.pk}"
    in_head = changed is not None and set(changed) <= IN_HEAD[type(row)]  # type: ignore[index]
    return f"{row._meta.model_name}-{row.pk}" if in_head else GRID


def fewest(elements: Iterable[str]) -> list[str]:
    """Without those that stand in another one; the whole grid where they would be too many."""
    found = dict.fromkeys(element for element in elements if element)
    outside = [element for element in OUTSIDE if element in found]
    inside = [element for element in found if element not in OUTSIDE]
    return [*outside, GRID] if GRID in found or len(inside) > MOST else [*outside, *inside]


def stage_of(row: models.Model, changed: Collection[str] | None) -> tuple[int | None, int | None]:
    """The stage that says something else now, by its key or by that of a step; neither where none does.

    To stand elsewhere, and to be confirmed, is to say the same.
    """
    if changed is not None and set(changed) <= {"position", *CONFIRMED}:
        return None, None
    if isinstance(row, CardExtra):
        row = row.card
    if isinstance(row, Stage):
        return row.pk, None
    if isinstance(row, Step):
        return row.stage_id, None
    if isinstance(row, EmotionPoint):
        return None, row.step_id
    return None, row.cell.step_id if isinstance(row, Card) else None
