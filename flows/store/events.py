"""The events of one team. Whoever reads events has to say whose."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from django.db.models import Q

from flows.engine.arrays import SegmentArrays
from flows.models import Dataset, Segment
from flows.store import disk, index
from flows.store.faults import DamagedSegment
from flows.store.index import OpenIndex
from flows.store.moments import micros

_KEPT = 512


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The events of one committed version, in segments in order of arrival.

    `data_from` and `data_through` are µs since 1970, of the whole version even where it was narrowed; 0 if it is empty.
    """

    version: int
    segments: list[SegmentArrays]
    data_from: int
    data_through: int


class _Opened:
    """Segments that this process has verified and mapped, the least used given up first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[Path, str], OpenIndex] = OrderedDict()

    def get(self, key: tuple[Path, str]) -> OpenIndex | None:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: tuple[Path, str], opened: OpenIndex) -> None:
        with self._lock:
            self._found[key] = opened
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)


_opened = _Opened()


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
            raise DamagedSegment(segment.file, "it is missing") from None
        if size != segment.bytes:
            raise DamagedSegment(segment.file, f"it has {size:,} bytes instead of {segment.bytes:,}")
        return path
