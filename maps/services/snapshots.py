"""The map kept whole under a label, the way back to an earlier point, and how far back the log goes."""

from collections.abc import Iterable
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.utils import timezone

from accounts.models import User
from maps import access
from maps.log.parts import state_of
from maps.log.reading import first_known, operations, state_at
from maps.log.records import Record, State, difference
from maps.models import JourneyMap, Operation, Snapshot
from maps.services.changes import Verb, changing, locked
from maps.services.rewriting import rewrite
from maps.texts import one_line

LABEL_LIMIT = 120
MOST_SNAPSHOTS = 200
MOST_AUTOMATIC = 50
# An operation is cleared once it is this old and not among the newest of its map, or where there are too many of them.
KEPT_FOR = timedelta(days=365)
KEPT_AT_LEAST = 1_000
KEPT_AT_MOST = 10_000


def take_snapshot(*, journey: JourneyMap, by: User, label: str) -> Snapshot:
    """Keep the map as it is. Raises ValidationError for a blank label or where there are too many."""
    label = one_line(label, "A snapshot", LABEL_LIMIT)
    with locked(journey) as row:
        if Snapshot.objects.filter(map=row, automatic=False).count() >= MOST_SNAPSHOTS:
            raise ValidationError(f"There is room for {MOST_SNAPSHOTS} snapshots of a map. Remove one first.")
        return _keep(row, state_of(row), label, by=by)


def remove_snapshot(*, journey: JourneyMap, snapshot: int) -> None:
    """Raises Http404 where it is not of this map."""
    with locked(journey) as row:
        access.snapshot_of(row, snapshot).delete()


def restore_map(*, journey: JourneyMap, by: User, seq: int, label: str) -> Operation | None:
    """Make the map what it was after the operation `seq`; None where it is just that already.

    First the map is kept as it is, in a snapshot. `label` is what the history calls the point. Raises Http404 for a
    point that is not known any more.
    """
    with changing(journey, by=by) as change:
        now = state_of(change.map)
        rewrite(change, [_without_version(record) for record in difference(now, state_at(change.map, seq))])
        if change.records:
            _keep(change.map, now, f"Before going back to “{label}”"[:LABEL_LIMIT], by=by, automatic=True)
            change.says(Verb.RESTORE, "went back to", label)
    return change.operation


def states_at(*, journey: JourneyMap, points: Iterable[int]) -> list[State]:
    """The map as it was at several points. Raises Http404 for one that is not known any more."""
    with locked(journey) as row:
        return [state_at(row, seq) for seq in points]


def prune_logs() -> None:
    """Map by map, so that nobody waits for long."""
    for journey in JourneyMap.objects.annotate(length=Count("operations")).filter(length__gt=KEPT_AT_LEAST):
        prune_log(journey=journey)


def prune_log(*, journey: JourneyMap) -> int:
    """Clear operations that are too old or too many, and return how many; the map before the rest is kept whole."""
    with locked(journey) as row:
        kept = list(operations(row).order_by("-seq").values_list("seq", "made_at")[: KEPT_AT_MOST + 1])
        long_ago = timezone.now() - KEPT_FOR
        old = [seq for place, (seq, made_at) in enumerate(kept) if place >= KEPT_AT_LEAST and made_at < long_ago]
        old += [seq for seq, _ in kept[KEPT_AT_MOST:]]
        if not old:
            return 0
        _keep(row, state_at(row, max(old)), "Where the log begins", seq=max(old), automatic=True)
        return operations(row).filter(seq__lte=max(old)).delete()[0]


def _keep(
    journey: JourneyMap,
    state: State,
    label: str,
    *,
    by: User | None = None,
    seq: int | None = None,
    automatic: bool = False,
) -> Snapshot:
    if automatic:
        # The one with which the log begins holds up everything after it.
        own = Snapshot.objects.filter(map=journey, automatic=True).exclude(seq=first_known(journey))
        spent = own.order_by("-seq").values_list("pk", flat=True)[MOST_AUTOMATIC - 1 :]
        Snapshot.objects.filter(pk__in=list(spent)).delete()
    return Snapshot.objects.create(
        team_id=journey.team_id,
        map=journey,
        seq=journey.revision if seq is None else seq,
        label=label,
        author=by,
        automatic=automatic,
        state=state,
    )


def _without_version(record: Record) -> Record:
    """A row that says what it said then is left alone, however often it was written in between."""
    if record.before is None or record.after is None:
        return record
    before, after = (
        {name: value for name, value in side.items() if name != "version"} for side in (record.before, record.after)
    )
    return Record(record.part, record.key, before, after)
