"""What was when: the timeline of a map, and the map as it was at any point of it."""

from collections.abc import Iterable

from django.db.models import F, Min, QuerySet
from django.db.models.functions import Abs
from django.http import Http404

from maps.log.parts import state_of
from maps.log.records import Record, State, backward, forward, from_sides
from maps.models import JourneyMap, Operation, Snapshot


def operations(journey: JourneyMap) -> QuerySet[Operation]:
    return Operation.objects.filter(map=journey)


def first_known(journey: JourneyMap) -> int:
    """The earliest point at which the map is known: 0, before anything was drawn, unless older changes were cleared."""
    first = operations(journey).aggregate(first=Min("seq"))["first"]
    return journey.revision if first is None else first - 1


def state_at(journey: JourneyMap, seq: int) -> State:
    """The map as it was after the operation `seq`. Hold the lock of the map, or it may change while it is read.

    It is led there from the nearest point that is known whole. Raises Http404 where the log does not reach.
    """
    if not 0 <= seq <= journey.revision:
        raise Http404("The map has no such point.")
    kept = Snapshot.objects.filter(map=journey).defer("state")
    near = kept.order_by(Abs(F("seq") - seq)).first()
    if near is not None and abs(near.seq - seq) < journey.revision - seq:
        state, known = near.state, near.seq
    else:
        state, known = state_of(journey), journey.revision
    between = operations(journey).filter(seq__gt=min(seq, known), seq__lte=max(seq, known)).order_by("seq")
    changes = [from_sides(op, inverse) for op, inverse in between.values_list("op", "inverse")]
    if len(changes) != abs(known - seq):
        raise Http404("The changes between are no longer kept.")
    return lead(state, changes, back=known > seq)


def lead(state: State, changes: Iterable[list[Record]], *, back: bool = False) -> State:
    """The state after the changes, or `back` before them; they are given from the first to the last."""
    if back:
        for records in reversed(list(changes)):
            backward(state, records)
    else:
        for records in changes:
            forward(state, records)
    return state
