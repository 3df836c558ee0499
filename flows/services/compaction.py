"""Many small segments become one. Events, and so versions and results, stay what they are.

The new file is written first; then one transaction puts its row in place of the old ones. `born` of the new row and
`gone` of the old ones are the *current* version: whoever reads this version sees either the old rows or the new one,
and both hold the same events in the same order; whoever reads an earlier version still sees the old rows. The version
does not rise, so every result on it stands. A segment that the current version brought could be seen in no version
if it went now, so it waits for the next one.
"""

import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from flows.duck import connect
from flows.importers.blocks import sql_text
from flows.models import Dataset, FlowRun, Import, Segment
from flows.store import DamagedSegment, EventStore, NewSegment, write_segment
from flows.store.disk import remove, team_home

log = logging.getLogger(__name__)

MOST = 8  # segments of a dataset that nobody minds
RUN = 4  # segments that are worth a merge
TIER = 4  # each tier of sizes is this much larger than the one below
SMALL = 10_000  # rows up to which sizes are all one

# Rows keep the number of their import and their row in its file: sequence is number · 2^40 + row once merged.
NUMBER_BITS = 40
_ADVISORY = 0x636F6D70  # this kind of lock among the advisory locks of the database


class _Changed(Exception):
    """Since the run was chosen its segments or the imports between them have changed."""


def compact_datasets() -> int:
    """Merge segments wherever there are too many; the number of segments that were merged away."""
    many = Dataset.objects.annotate(live=Count("segments", filter=Q(segments__gone=None))).filter(live__gt=MOST)
    merged = 0
    for dataset in many.order_by("pk"):
        try:
            merged += compact_dataset(dataset=dataset)
        except DamagedSegment as fault:
            log.error("Segments of dataset %s stay as they are. %s", dataset.pk, fault)
        except Exception:
            log.exception("Segments of dataset %s could not be merged.", dataset.pk)
    return merged


def compact_dataset(*, dataset: Dataset) -> int:
    """Merge runs of small segments until few are left; the number of segments that were merged away.

    Does nothing while another process is at it. Raises DamagedSegment.
    """
    merged = 0
    with _alone(dataset) as alone:
        while alone and (run := next_run(dataset)):
            new = _merge(dataset, run)
            try:
                _commit(dataset, run, new)
            except _Changed:
                new.discard()
                break
            except BaseException:
                new.discard()
                raise
            merged += len(run) - 1
    return merged


def next_run(dataset: Dataset) -> list[Segment]:
    """The segments to merge next, in order of arrival; empty if there is nothing worth it.

    Of the tiers of sizes the lowest counts in which at least RUN neighbours lie, and in it the longest run: a row is
    then written about twice for each tier that it climbs.
    """
    stretches = _stretches(dataset)
    if Segment.objects.filter(dataset=dataset, gone=None).count() <= MOST:
        return []
    largest = max((segment.rows for stretch in stretches for segment in stretch), default=0)
    tier = SMALL
    while True:
        runs = [run for stretch in stretches for run in _runs_below(stretch, tier) if len(run) >= RUN]
        if runs:
            return max(runs, key=len)
        if tier > largest:
            return []
        tier *= TIER


def superseded_files(margin: float) -> set[str]:
    """Files whose events stand in another segment, and which nobody can need any more.

    They were replaced more than `margin` seconds ago, no question on an earlier version waits or runs, and no import
    that may be reading them. Their rows stay, so that an earlier version is refused rather than answered in part.
    """
    here = {"dataset": OuterRef("dataset")}
    since = timezone.now() - timedelta(seconds=margin)
    young = Segment.objects.filter(**here, born=OuterRef("gone"), created_at__gt=since)
    under_way = [FlowRun.Status.QUEUED, FlowRun.Status.RUNNING]
    asked = FlowRun.objects.filter(**here, status__in=under_way, dataset_version__lt=OuterRef("gone"))
    importing = Import.objects.filter(**here, status=Import.Status.RUNNING)
    gone = Segment.objects.filter(gone__isnull=False)
    return set(gone.exclude(Exists(young) | Exists(asked) | Exists(importing)).values_list("file", flat=True))


def _stretches(dataset: Dataset) -> list[list[Segment]]:
    """Live segments that may be neighbours in one file: nothing can ever come to stand between them.

    An import that is not done may still bring events, and its number says where they belong in ties.
    """
    version = Dataset.objects.values_list("version", flat=True).get(pk=dataset.pk)
    pending = Import.objects.filter(dataset=dataset).exclude(status=Import.Status.DONE)
    waiting = sorted(pending.values_list("number", flat=True))
    stretches: list[list[Segment]] = [[]]
    last = 0
    for segment in Segment.objects.filter(dataset=dataset, gone=None).order_by("import_number", "pk"):
        if any(last < number <= segment.import_number for number in waiting):
            stretches.append([])
        last = segment.import_number
        if segment.born < version:
            stretches[-1].append(segment)
        else:
            stretches.append([])
    return stretches


def _runs_below(stretch: Sequence[Segment], rows: int) -> Iterator[list[Segment]]:
    """The longest runs of neighbours that have fewer rows each."""
    run: list[Segment] = []
    for segment in stretch:
        if segment.rows < rows:
            run.append(segment)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _merge(dataset: Dataset, run: Sequence[Segment]) -> NewSegment:
    """The events of a run in one file on disk, sorted by (actor key, time, import, row)."""
    workspace = team_home(dataset.team_id) / "work" / f"compact-{dataset.pk}-{uuid.uuid4().hex}"
    paths = EventStore(dataset.team_id).verified(run)
    parts = [
        f"""SELECT actor_key, actor, event, epoch_us(time) AS us, insert_id, session, properties,
            CASE WHEN sequence >> {NUMBER_BITS} > 0 THEN sequence
                ELSE ({segment.import_number}::BIGINT << {NUMBER_BITS}) + sequence END AS line
        FROM read_parquet({sql_text(str(path))})"""
        for segment, path in zip(run, paths, strict=True)
    ]
    try:
        with connect(workspace, *{path.parent for path in paths}) as con:
            con.execute(f"CREATE VIEW merged AS {' UNION ALL '.join(parts)}")
            new = write_segment(con, "merged", team_id=dataset.team_id, dataset_id=dataset.pk, workspace=workspace)
    finally:
        remove(workspace)
    if new.rows != sum(segment.rows for segment in run):
        new.discard()
        raise RuntimeError(f"{new.rows} rows came of {sum(segment.rows for segment in run)}.")
    return new


def _commit(dataset: Dataset, run: Sequence[Segment], new: NewSegment) -> None:
    """Put the new segment in the place of the run. Raises _Changed if it is not its place any more."""
    wanted = [segment.pk for segment in run]
    with transaction.atomic():
        # The lock that imports take too: none is given a number or commits meanwhile.
        locked = Dataset.objects.select_for_update(no_key=True).filter(pk=dataset.pk).first()
        if locked is None or not any(_holds(stretch, wanted) for stretch in _stretches(locked)):
            raise _Changed
        Segment.objects.filter(pk__in=wanted).update(gone=locked.version)
        Segment.objects.create(
            team_id=locked.team_id,
            dataset=locked,
            import_number=run[-1].import_number,
            file=new.file,
            rows=new.rows,
            bytes=new.bytes,
            checksum=new.checksum,
            time_from=new.time_from,
            time_through=new.time_through,
            born=locked.version,
        )


def _holds(stretch: Sequence[Segment], wanted: Sequence[int]) -> bool:
    found = [segment.pk for segment in stretch]
    start = found.index(wanted[0]) if wanted[0] in found else 0
    return found[start : start + len(wanted)] == list(wanted)


@contextmanager
def _alone(dataset: Dataset) -> Iterator[bool]:
    """Whether nobody else merges segments of this dataset. The database lets go of the lock if this process dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_ADVISORY, dataset.pk % (1 << 31)])
        alone = bool(cursor.fetchone()[0])
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_ADVISORY, dataset.pk % (1 << 31)])
