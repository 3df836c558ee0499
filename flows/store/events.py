"""The events of one team. Whoever reads events has to say whose."""

import threading
import uuid
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from django.db.models import Q

from flows.engine.arrays import SegmentArrays
from flows.engine.columns import PropertyColumn
from flows.hashing import Keys
from flows.models import Cohort, Dataset, Segment
from flows.store import cohorts, disk, index, properties
from flows.store.faults import DamagedCohort, DamagedSegment, SupersededSegment
from flows.store.index import OpenIndex
from flows.store.moments import micros
from flows.store.segments import actors_at

T = TypeVar("T")

_KEPT = 512
_TRIES = 3  # another may put the same column in place just as it is opened


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The events of one committed version, in segments in order of arrival.

    `data_from` and `data_through` are µs since 1970, of the whole version even where it was narrowed; 0 if it is empty.
    `rows` are the rows of `segments`, one for one; `others` those of the version that were not wanted.
    """

    version: int
    segments: list[SegmentArrays]
    data_from: int
    data_through: int
    rows: list[Segment] = field(default_factory=list)
    others: list[Segment] = field(default_factory=list)


class _Opened(Generic[T]):
    """What this process has verified and mapped, the least used given up first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[Path, str], T] = OrderedDict()

    def get(self, key: tuple[Path, str]) -> T | None:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: tuple[Path, str], opened: T) -> None:
        with self._lock:
            self._found[key] = opened
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)


_opened: _Opened[OpenIndex] = _Opened()
_columns: _Opened[PropertyColumn] = _Opened()
_verified: _Opened[bool] = _Opened()  # of cohorts the verdict alone, so that a file which goes is not held open


class EventStore:
    def __init__(self, team_id: int) -> None:
        self.team_id = team_id
        self.home = disk.team_home(team_id)

    def rows(self, dataset: Dataset, version: int | None = None) -> list[Segment]:
        """The rows of the segments of a version, the newest committed one if none is named."""
        segments = Segment.objects.filter(team_id=self.team_id, dataset=dataset)
        if version is None:
            return list(segments.filter(gone=None))
        return list(segments.filter(Q(gone=None) | Q(gone__gt=version), born__lte=version))

    def snapshot(
        self,
        dataset: Dataset,
        version: int | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Snapshot:
        """The events of one committed version, of segments with events in [since, until). Raises DamagedSegment."""
        if version is None:
            version = Dataset.objects.values_list("version", flat=True).get(pk=dataset.pk, team_id=self.team_id)
        rows = self.rows(dataset, version)
        wanted = [
            row
            for row in rows
            if (since is None or row.time_through >= since) and (until is None or row.time_from < until)
        ]
        return Snapshot(
            version=version,
            segments=[self.open(row).arrays for row in wanted],
            data_from=min((micros(row.time_from) for row in rows), default=0),
            data_through=max((micros(row.time_through) for row in rows), default=0),
            rows=wanted,
            others=[row for row in rows if row not in wanted],
        )

    def people(self, dataset: Dataset) -> int:
        """How many people the newest version holds. Raises DamagedSegment."""
        keys = [self.open(row).arrays.keys for row in self.rows(dataset)]
        return len(np.unique(np.concatenate(keys))) if len(keys) > 1 else sum(len(one) for one in keys)

    def open(self, segment: Segment) -> OpenIndex:
        """Map a segment. Its size is checked always, its bytes once in each process. Raises DamagedSegment."""
        path = self.path(segment)
        key = (path, segment.checksum)
        opened = _opened.get(key)
        if opened is None:
            if disk.checksum(path) != segment.checksum:
                raise DamagedSegment(segment.file, "its bytes are not those that were written")
            opened = index.load(path, segment.rows, segment.checksum)
            if opened is None:
                index.build(path, segment.file, segment.rows, segment.checksum)
                opened = index.load(path, segment.rows, segment.checksum)
            if opened is None:
                raise DamagedSegment(segment.file, "its index cannot be opened")
            _opened.put(key, opened)
        return opened

    def column(self, segment: Segment, name: str) -> PropertyColumn:
        """A property of the events of a segment, row for row with its arrays. Raises DamagedSegment.

        Any name may be asked for; of one that no event has, every value is absent.
        """
        self.open(segment)
        path = self.path(segment)
        key = (properties.place(path, name), segment.checksum)
        column = _columns.get(key)
        for _ in range(_TRIES):
            if column is not None:
                break
            column = properties.load(path, name, segment.rows, segment.checksum)
            if column is None:
                work = self.home / "work" / f"column-{uuid.uuid4().hex}"
                properties.build(path, segment.file, name, segment.rows, segment.checksum, work)
                column = properties.load(path, name, segment.rows, segment.checksum)
        if column is None:
            raise DamagedSegment(segment.file, "a column of its properties cannot be opened")
        _columns.put(key, column)
        return column

    def columns(self, snapshot: Snapshot, name: str) -> list[PropertyColumn]:
        """A property of the events of every segment of a snapshot, in its order. Raises DamagedSegment."""
        return [self.column(row, name) for row in snapshot.rows]

    def seen_properties(self, segment: Segment) -> list[properties.Seen]:
        """What properties the first events of a segment have. Raises DamagedSegment."""
        work = self.home / "work" / f"properties-{uuid.uuid4().hex}"
        return properties.look(self.path(segment), segment.file, work)

    def cohort(self, cohort: Cohort) -> Keys:
        """Map the people of a cohort. The size is checked always, the bytes once in each process.

        Raises DamagedCohort.
        """
        if cohort.team_id != self.team_id:
            raise ValueError("This cohort is another team's.")
        path = disk.root() / cohort.file
        key = (path, cohort.checksum)
        try:
            keys = cohorts.map_keys(path, cohort.people)
            if keys is None or not (_verified.get(key) or disk.checksum(path) == cohort.checksum):
                raise DamagedCohort(cohort.file, cohort.name, "they are not those that were written")
        except FileNotFoundError:
            raise DamagedCohort(cohort.file, cohort.name, "their file is missing") from None
        _verified.put(key, True)
        return keys

    def actors(self, snapshot: Snapshot, keys: Collection[int]) -> dict[int, str]:
        """The ids of people, by key, read from the segments of a snapshot. Raises DamagedSegment."""
        left = np.unique(np.array(list(keys), np.uint64))
        found: dict[int, str] = {}
        for row, arrays in zip(snapshot.rows, snapshot.segments, strict=True):
            if not len(left):
                break
            places = np.searchsorted(arrays.keys, left)
            here = np.flatnonzero(arrays.keys[np.minimum(places, len(arrays.keys) - 1)] == left)
            events = arrays.starts[places[here]]
            found.update(zip(left[here].tolist(), actors_at(self.path(row), row.file, events), strict=True))
            left = np.delete(left, here)
        return found

    def verified(self, segments: Iterable[Segment]) -> list[Path]:
        """Paths of Parquet files whose bytes have been checked. Raises DamagedSegment."""
        segments = list(segments)
        for segment in segments:
            self.open(segment)
        return [self.path(segment) for segment in segments]

    def path(self, segment: Segment) -> Path:
        """Raises DamagedSegment where the file is missing or has another size."""
        if segment.team_id != self.team_id:
            raise ValueError("This segment is another team's.")
        path = disk.root() / segment.file
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            if segment.gone is not None:
                raise SupersededSegment(segment.file) from None
            raise DamagedSegment(segment.file, "it is missing") from None
        if size != segment.bytes:
            raise DamagedSegment(segment.file, f"it has {size:,} bytes instead of {segment.bytes:,}")
        return path
