"""What was when: the timeline of a map, and the map as it was at any point of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Min, QuerySet, Subquery
from django.db.models.functions import Abs, Coalesce
from django.http import Http404

from accounts.models import User
from maps.log.elements import GRID, OUTSIDE, fewest
from maps.log.parts import state_of
from maps.log.records import Record, State, backward, forward, from_sides
from maps.models import JourneyMap, Operation, Snapshot

Verb = Operation.Verb
PAUSE = timedelta(seconds=60)
MOST_AT_ONCE = 200


def operations(journey: JourneyMap) -> QuerySet[Operation]:
    return Operation.objects.filter(map=journey)


def snapshots(journey: JourneyMap) -> QuerySet[Snapshot]:
    """The last first, without what they hold."""
    return Snapshot.objects.filter(map=journey).select_related("author").defer("state")


def people_of(journey: JourneyMap) -> list[User]:
    """Who has changed the map, by name."""
    return list(User.objects.filter(pk__in=operations(journey).values("actor")).order_by("name", "email"))


def point(journey: JourneyMap, seq: int) -> Snapshot | Operation | None:
    """What to call the map as it was after the operation `seq`: a snapshot with a label, else the operation."""
    labelled = snapshots(journey).filter(seq=seq, automatic=False).first()
    return labelled or operations(journey).filter(seq=seq).defer("op", "inverse").first()


def undoable(journey: JourneyMap, by: User) -> QuerySet[Operation]:
    """What the person may take back, the last first."""
    own = operations(journey).filter(actor=by, undone_by=None).order_by("-seq")
    return own.exclude(verb__in=[Verb.CREATE, Verb.UNDO])


def redoable(journey: JourneyMap, by: User) -> QuerySet[Operation]:
    """What the person took back and has changed nothing since, the last first."""
    own = operations(journey).filter(actor=by).order_by("-seq")
    changes = own.exclude(verb__in=[Verb.UNDO, Verb.REDO]).values("seq")[:1]
    return own.filter(verb=Verb.UNDO, undone_by=None, seq__gt=Coalesce(Subquery(changes), 0))


def goes_on(earlier: Operation, later: Operation) -> bool:
    """Whether the later one saves on what the earlier one saved or added: same text, same person, soon after."""
    return (
        later.verb == Verb.WRITE
        and earlier.verb in (Verb.ADD, Verb.WRITE)
        and (earlier.target, earlier.actor_id) == (later.target, later.actor_id)
        and later.made_at - earlier.made_at <= PAUSE
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """The elements that show some changes, each with the number of the change that it has to show at least."""

    seq: int
    made_at: datetime
    elements: dict[str, int]

    @classmethod
    def all_of(cls, journey: JourneyMap) -> "Shown":
        return cls(journey.revision, journey.updated_at, dict.fromkeys((*OUTSIDE, GRID), journey.revision))


def shown_since(journey: JourneyMap, seq: int) -> Shown | None:
    """What was changed on the map after the operation `seq`; None for nothing, and where it is not known."""
    since = operations(journey).filter(seq__gt=seq).order_by("seq")
    rows = list(since.values_list("seq", "made_at", "shows")[: MOST_AT_ONCE + 1])
    if not rows or len(rows) > MOST_AT_ONCE or len(rows) != rows[-1][0] - seq:
        return None
    last, made_at, _ = rows[-1]
    changed = {element: number for number, _, shows in rows for element in shows}
    # Cells stand by themselves; what other elements show may have been changed through its neighbours.
    return Shown(
        last,
        made_at,
        {name: changed[name] if name.startswith("cell-") else last for name in fewest(changed)},
    )


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
