"""Copies of a map: one that goes its own way, and a variant that is held against what it was made from."""

from dataclasses import replace

from accounts.models import User
from flows.lettering import cut_middle_to
from maps import queries
from maps.log.parts import state_of
from maps.log.records import State
from maps.models import JourneyMap
from maps.services.building import build_map
from maps.services.changes import locked
from maps.texts import TITLE_LIMIT
from maps.twins import as_twins


def duplicate_map(*, journey: JourneyMap, by: User) -> JourneyMap:
    """A draft that says the same, owned by `by`; without the history, the snapshots and the date of the review."""
    return _copy(journey, by, "Copy of {}", told="copied the map", state=journey.state)


def make_variant(*, journey: JourneyMap, by: User) -> JourneyMap:
    """A draft of what the map could become."""
    return _copy(
        journey, by, "{} (future)", told="made a future version of", state=JourneyMap.State.FUTURE.value, twin=True
    )


def variant_states(*, variant: JourneyMap) -> tuple[State, State]:
    """What it was made from, with the rows named as their twins are, and the variant, both as they are now."""
    assert variant.variant_of is not None
    # One after the other, never both locked: nobody else locks two maps, either.
    with locked(variant.variant_of) as row:
        original = as_twins(state_of(row), variant)
    with locked(variant) as row:
        return original, state_of(row)


def _copy(journey: JourneyMap, by: User, title: str, *, told: str, state: str, twin: bool = False) -> JourneyMap:
    room = TITLE_LIMIT - len(title.format(""))
    with locked(journey) as row:
        document = replace(
            queries.document_of(row.team, row),
            title=title.format(cut_middle_to(row.title, room)),
            state=state,
            status=JourneyMap.Status.DRAFT.value,
        )
        return build_map(
            team=row.team,
            by=by,
            document=document,
            told=(told, row.title),
            twin_of=row if twin else None,
            folder=row.folder,
            tags=row.tags,
        )
