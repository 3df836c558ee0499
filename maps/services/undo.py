"""Taking back and doing again: for each person their own changes, the last one first.

Taking back is itself an operation, which `undone_by` of what it takes back points to; doing again takes that back. So
nothing is ever unwritten, and the log stays a straight line. A change of one's own ends what could be done again.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from maps.log.reading import goes_on, redoable, undoable
from maps.log.records import compose, from_sides
from maps.log.wording import told_as_one
from maps.models import JourneyMap, Operation
from maps.services.changes import Change, Verb, changing
from maps.services.rewriting import Stale, rewrite

MOST_IN_A_STEP = 100
NOTHING = {Verb.UNDO: "There is no change of yours to take back.", Verb.REDO: "There is nothing to do again."}


class NothingToUndo(Exception):
    """There is no such change of this person's. The text is for a person to read."""


class Refused(Exception):
    """Somebody has changed since what would be put back. Nothing was written."""

    def __init__(self, wanted: Operation, since: Operation | None) -> None:
        super().__init__("It has been changed since.")
        self.wanted, self.since = wanted, since


def undo(*, journey: JourneyMap, by: User, seq: int | None = None, before: int | None = None) -> Operation:
    """Take back the person's last change, the one numbered `seq`, or the last one earlier than `before`.

    Raises NothingToUndo; Refused with what somebody else did since; ValidationError where the map would not be whole.
    """
    candidates = undoable(journey, by)
    if seq is not None:
        chosen = candidates.filter(seq=seq)
    else:
        chosen = candidates if before is None else candidates.filter(seq__lt=before)
    return _take_back(journey, by, Verb.UNDO, chosen, candidates)


def redo(*, journey: JourneyMap, by: User) -> Operation:
    """Do again what the person took back last. Raises as `undo` does."""
    candidates = redoable(journey, by)
    return _take_back(journey, by, Verb.REDO, candidates, candidates)


def _step(last: Operation, candidates: QuerySet[Operation]) -> list[Operation]:
    """What was meant as one, from the first to the last: the saves of one text while somebody was typing it."""
    step = [last]
    if last.verb != Verb.WRITE:  # Most changes stand for themselves; there is nothing to look for.
        return step
    for earlier in candidates.filter(seq__lt=last.seq)[:MOST_IN_A_STEP]:
        if not goes_on(earlier, step[0]) or not _leads_to(earlier, step[0]):
            break
        step.insert(0, earlier)
    return step


def _leads_to(earlier: Operation, later: Operation) -> bool:
    """Whether the later save began with the very text that the earlier one left."""
    left = {(part, key): values for part, key, values in earlier.op}
    return all(
        (left.get((part, key)) or {}).get(name) == value
        for part, key, values in later.inverse
        for name, value in values.items()
    )


def _take_back(
    journey: JourneyMap,
    by: User,
    verb: Operation.Verb,
    chosen: QuerySet[Operation],
    candidates: QuerySet[Operation],
) -> Operation:
    """Take back the first of the chosen that comes to anything: a reference to what is gone cannot be put back."""
    with transaction.atomic():
        with changing(journey, by=by) as change:
            step: list[Operation] = []
            for last in chosen.iterator(chunk_size=20):
                if last not in step:
                    step = _step(last, candidates)
                    _carry_out(change, step, verb)
                if change.records:
                    break
        if change.operation is None:
            raise NothingToUndo(NOTHING[verb])
        Operation.objects.filter(pk__in=[each.pk for each in step]).update(undone_by=change.operation)
        return change.operation


def _carry_out(change: Change, step: Sequence[Operation], verb: Operation.Verb) -> None:
    records = compose(record for each in step for record in from_sides(each.op, each.inverse))
    last = step[-1]
    try:
        rewrite(change, [record.inverse for record in records], meant=last.target)
    except Stale as stale:
        raise Refused(last, _since(last, stale)) from None
    change.says(verb, *told_as_one(step), about=last.target)


def _since(last: Operation, stale: Stale) -> Operation | None:
    """The last operation after it that wrote the row, most of all one that meant it."""
    later = Operation.objects.filter(map=last.map_id, seq__gt=last.seq).select_related("actor").order_by("-seq")
    wrote = later.filter(op__contains=[[stale.part, stale.key]])
    return wrote.filter(target=stale.key).first() or wrote.first()
