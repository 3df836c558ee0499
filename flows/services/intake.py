"""The way of one file into its dataset: read and validate, sort, commit."""

import threading
import uuid
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import duckdb
from django.db import connection, transaction
from django.utils import timezone

from flows.duck import connect
from flows.importers import Reader, Source, Staging, open_reader
from flows.importers.ahead import ahead
from flows.models import Dataset, EventName, Import, Segment
from flows.services import jobs
from flows.store import EventStore, NewSegment, write_segment
from flows.store.disk import remove, root, sync_directory, sync_file, team_home
from flows.store.duplicates import find_duplicates
from flows.store.moments import micros

T = TypeVar("T")

BEAT = 0.5  # seconds between two signs of life
READ, SORTED = 0.85, 0.97  # share of the work that is done after these stages

_FRESH = "CREATE OR REPLACE VIEW fresh AS SELECT * FROM staged {join} WHERE fault = 0"


class _Moved(Exception):
    """Another import was committed meanwhile, so that duplicates have to be looked for again."""


class Intake:
    """One attempt at one import. Raises ImportFault, DamagedSegment, and LostClaim where it is to stop."""

    def __init__(self, import_: Import) -> None:
        self.import_ = import_
        self.store = EventStore(import_.team_id)
        self.workspace = workspace(import_)
        self.duplicates = 0
        self._reader: Reader | None = None
        self._staging: Staging | None = None
        self._stage, self._fraction = Import.Stage.READ, 0.0
        self._stop = False
        self._files: list[Path] = []

    def run(self) -> None:
        try:
            with connect(self.workspace) as con:
                self._aside(con, self._read)
                rejects = self._aside(con, self._write_rejects)
                while True:
                    dataset = Dataset.objects.get(pk=self.import_.dataset_id)
                    overlapping = self._overlapping(con, dataset)
                    segment = self._aside(con, partial(self._sort, overlapping=overlapping))
                    try:
                        self._commit(segment, rejects, dataset.version)
                        return
                    except _Moved:
                        if segment:
                            segment.discard()
        except BaseException:
            for path in self._files:
                remove(path)
            raise
        finally:
            remove(self.workspace)

    def _aside(self, con: duckdb.DuckDBPyConnection, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Work in a thread, and give signs of life from this one. Losing the claim stops the work."""
        outcome: dict[str, Any] = {}

        def target() -> None:
            try:
                outcome["result"] = work(con)
            except BaseException as error:
                outcome["error"] = error

        thread = threading.Thread(target=target, name=f"import-{self.import_.pk}", daemon=True)
        jobs.beat(self.import_, **self._progress())
        thread.start()
        try:
            while thread.is_alive():
                thread.join(BEAT)
                jobs.beat(self.import_, **self._progress())
        except BaseException:
            self._stop = True
            while thread.is_alive():
                con.interrupt()
                thread.join(0.05)
            raise
        if "error" in outcome:
            raise outcome["error"]
        return outcome["result"]

    def _progress(self) -> dict[str, Any]:
        if self._reader and self._stage == Import.Stage.READ:
            self._fraction = READ * self._reader.fraction
        staging = self._staging
        counts = {"rows": staging.rows, "accepted": staging.accepted, "rejected": staging.rejected} if staging else {}
        if self.duplicates:
            counts |= {"accepted": counts["accepted"] - self.duplicates, "duplicates": self.duplicates}
        return {"stage": self._stage, "fraction": round(self._fraction, 4), **counts}

    def _read(self, con: duckdb.DuckDBPyConnection) -> None:
        import_ = self.import_
        source = Source(Path(import_.file.path), import_.filename)
        # A cursor has its own statement in flight, which the reader needs while rows are being stored.
        self._reader = open_reader(source, con.cursor(), self.workspace, wanted=import_.format, mapping=import_.mapping)
        self._staging = Staging(con, self._reader, time_unit=import_.time_unit, now=timezone.now())
        with closing(ahead(self._reader.blocks())) as blocks:
            for block in blocks:
                if self._stop:
                    raise jobs.LostClaim
                self._staging.take(block)
        self._staging.flush()
        self._stage, self._fraction = Import.Stage.SORT, READ

    def _write_rejects(self, con: duckdb.DuckDBPyConnection) -> tuple[str, dict[str, int]]:
        """The file of the rejected rows below the store, and how many there are for each reason."""
        staging = self._staging
        assert staging is not None
        if not staging.rejected:
            return "", {}
        draft = self.workspace / f"{uuid.uuid4().hex}.parquet"
        final = team_home(self.import_.team_id) / "rejects" / draft.name
        final.parent.mkdir(parents=True, exist_ok=True)
        staging.write_rejects(draft)
        sync_file(draft)
        self._files.append(final)
        draft.rename(final)
        sync_directory(final.parent)
        return str(final.relative_to(root())), staging.reject_counts()

    def _overlapping(self, con: duckdb.DuckDBPyConnection, dataset: Dataset) -> list[Segment]:
        first, last = con.execute("SELECT min(us), max(us) FROM staged WHERE fault = 0").fetchall()[0]
        if first is None:
            return []
        rows = self.store.rows(dataset, dataset.version)
        return [row for row in rows if micros(row.time_from) <= last and micros(row.time_through) >= first]

    def _sort(self, con: duckdb.DuckDBPyConnection, overlapping: list[Segment]) -> NewSegment | None:
        """The new rows as a file on disk; None if there are none."""
        assert self._staging is not None
        self.duplicates = find_duplicates(con, (self.store.open(row) for row in overlapping))
        if self.duplicates == self._staging.accepted:
            return None
        con.execute(_FRESH.format(join="ANTI JOIN duplicates USING (line)" if self.duplicates else ""))
        segment = write_segment(
            con,
            "fresh",
            team_id=self.import_.team_id,
            dataset_id=self.import_.dataset_id,
            workspace=self.workspace,
        )
        self._files += [segment.path, segment.path.with_suffix(".index")]
        self._stage, self._fraction = Import.Stage.COMMIT, SORTED
        return segment

    def _commit(self, segment: NewSegment | None, rejects: tuple[str, dict[str, int]], version: int) -> None:
        """All that becomes visible, in one transaction. Raises _Moved if the dataset has a newer version."""
        staging = self._staging
        assert staging is not None
        with transaction.atomic():
            dataset = Dataset.objects.select_for_update(no_key=True).filter(pk=self.import_.dataset_id).first()
            if dataset is None:
                raise jobs.LostClaim
            if segment is not None:
                if dataset.version != version:
                    raise _Moved
                add_segment(dataset, segment, self.import_.number)
            jobs.finish(
                self.import_,
                stage=Import.Stage.COMMIT,
                fraction=1.0,
                rows=staging.rows,
                accepted=staging.accepted - self.duplicates,
                rejected=staging.rejected,
                duplicates=self.duplicates,
                rejects_file=rejects[0],
                reject_reasons=rejects[1],
                dataset_version=dataset.version if segment else None,
            )


def workspace(import_: Import) -> Path:
    return team_home(import_.team_id) / "work" / f"import-{import_.pk}-{import_.attempt}"


def add_segment(dataset: Dataset, segment: NewSegment, import_number: int) -> None:
    """Make a segment part of the next version of a dataset whose row is locked."""
    dataset.version += 1
    dataset.events += segment.rows
    dataset.data_from = min(segment.time_from, dataset.data_from or segment.time_from)
    dataset.data_through = max(segment.time_through, dataset.data_through or segment.time_through)
    dataset.save(update_fields=["version", "events", "data_from", "data_through"])
    Segment.objects.create(
        team_id=dataset.team_id,
        dataset=dataset,
        import_number=import_number,
        file=segment.file,
        rows=segment.rows,
        bytes=segment.bytes,
        checksum=segment.checksum,
        time_from=segment.time_from,
        time_through=segment.time_through,
        born=dataset.version,
    )
    _add_names(dataset, segment)


def _add_names(dataset: Dataset, segment: NewSegment) -> None:
    columns = list(zip(*((n.name, n.events, n.first_at, n.last_at) for n in segment.names), strict=True))
    table = connection.ops.quote_name(EventName._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {table} AS old (team_id, dataset_id, name, events, first_at, last_at)
            SELECT %s, %s, * FROM unnest(%s::text[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])
            ON CONFLICT (dataset_id, name) DO UPDATE SET
                events = old.events + excluded.events,
                first_at = least(old.first_at, excluded.first_at),
                last_at = greatest(old.last_at, excluded.last_at)""",
            [dataset.team_id, dataset.pk, *map(list, columns)],
        )
