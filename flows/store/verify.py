"""Whether a segment and all that was derived from it are what they should be. Memory is bounded by a row group."""

import filecmp
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from flows.models import Cohort, Segment
from flows.store import cohorts, disk, index, properties
from flows.store.events import EventStore
from flows.store.faults import DamagedCohort, DamagedSegment
from flows.store.moments import micros


@dataclass(frozen=True, slots=True)
class Problem:
    """`file` is a path below the store, `part` one of "segment", "index", "column" and "cohort"."""

    file: str
    part: str
    what: str
    repaired: bool = False


def verify_segment(segment: Segment, *, repair: bool = False) -> list[Problem]:
    """Check the Parquet file, then derive index and columns again and compare them byte by byte.

    With `repair`, what differs or is missing is put in place as derived now. Of a damaged Parquet file nothing is
    derived: what stands beside it is all there is.
    """
    try:
        path = EventStore(segment.team_id).path(segment)
        if disk.checksum(path) != segment.checksum:
            raise DamagedSegment(segment.file, "its bytes are not those that were written")
        _check_rows(path, segment)
    except DamagedSegment as damage:
        return [Problem(segment.file, "segment", str(damage))]
    try:
        found = [_verify_index(path, segment, repair), *_verify_columns(path, segment, repair)]
    except DamagedSegment as damage:
        return [Problem(segment.file, "segment", str(damage))]
    return [problem for problem in found if problem is not None]


def verify_cohort(cohort: Cohort) -> list[Problem]:
    """Check the file with the people of a cohort."""
    path = disk.root() / cohort.file
    try:
        keys = cohorts.map_keys(path, cohort.people)
        if keys is not None and (keys[1:] > keys[:-1]).all() and disk.checksum(path) == cohort.checksum:
            return []
        what = "they are not those that were written"
    except FileNotFoundError:
        what = "their file is missing"
    return [Problem(cohort.file, "cohort", str(DamagedCohort(cohort.file, cohort.name, what)))]


def _check_rows(path: Path, segment: Segment) -> None:
    """Number, order and times of the rows. Raises DamagedSegment."""
    rows, last = 0, None
    first_time = last_time = None
    try:
        with pq.ParquetFile(path) as source:
            for group in range(source.num_row_groups):
                table = source.read_row_group(group, columns=["actor_key", "time", "sequence"])
                if not table.num_rows:
                    continue
                keys, times, sequences = (table[column].combine_chunks() for column in table.column_names)
                order = _Rows(keys.to_numpy(), times.cast(pa.int64()).to_numpy(), sequences.to_numpy())
                if not order.ascend_from(last):
                    raise DamagedSegment(segment.file, "its rows are not in order")
                rows, last = rows + table.num_rows, order.last
                first_time = min(int(order.times.min()), int(order.times.min()) if first_time is None else first_time)
                last_time = max(int(order.times.max()), int(order.times.max()) if last_time is None else last_time)
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise DamagedSegment(segment.file, f"it cannot be read ({' '.join(str(error).split())[:120]})") from error
    if rows != segment.rows:
        raise DamagedSegment(segment.file, f"it has {rows:,} rows instead of {segment.rows:,}")
    if (first_time, last_time) != (micros(segment.time_from), micros(segment.time_through)):
        raise DamagedSegment(segment.file, "its first or last time is not that of its row in the database")


@dataclass(frozen=True, slots=True)
class _Rows:
    keys: npt.NDArray[np.uint64]
    times: npt.NDArray[np.int64]
    sequences: npt.NDArray[np.int64]

    @property
    def last(self) -> tuple[int, int, int]:
        return int(self.keys[-1]), int(self.times[-1]), int(self.sequences[-1])

    def ascend_from(self, last: tuple[int, int, int] | None) -> bool:
        """Whether every row is greater than the one before it, and the first one than `last`."""
        first = int(self.keys[0]), int(self.times[0]), int(self.sequences[0])
        if last is not None and first <= last:
            return False
        keys, times, sequences = self.keys, self.times, self.sequences
        later = (times[1:] > times[:-1]) | ((times[1:] == times[:-1]) & (sequences[1:] > sequences[:-1]))
        return bool(((keys[1:] > keys[:-1]) | ((keys[1:] == keys[:-1]) & later)).all())


def _verify_index(path: Path, segment: Segment, repair: bool) -> Problem | None:
    draft = index.derive(path, segment.file, segment.rows, segment.checksum)
    home = index.directory(path)
    return _compare(draft, home, Problem(_below(home), "index", ""), repair)


def _verify_columns(path: Path, segment: Segment, repair: bool) -> Iterator[Problem | None]:
    homes = sorted(properties.directory(path).iterdir()) if properties.directory(path).is_dir() else []
    for home in homes:
        name = properties.name_of(home)
        problem = Problem(_below(home), "column", "")
        if name is None or properties.place(path, name) != home:
            # What it was made for cannot be told; whoever asks for it has it made again.
            if repair:
                disk.remove(home)
            yield replace(problem, what="it does not say which property it holds", repaired=repair)
            continue
        work = disk.team_home(segment.team_id) / "work" / f"verify-{uuid.uuid4().hex}"
        draft = properties.derive(path, segment.file, name, segment.rows, segment.checksum, work)
        yield _compare(draft, home, problem, repair)


def _compare(draft: Path, home: Path, problem: Problem, repair: bool) -> Problem | None:
    """What is wrong with `home`, which should hold the files of `draft`. The draft is used up."""
    try:
        what = _difference(draft, home)
        if what is None:
            return None
        if repair:
            index.put_in_place(draft, home)
            disk.sync_directory(home.parent)
        return replace(problem, what=what, repaired=repair)
    finally:
        disk.remove(draft)


def _difference(draft: Path, home: Path) -> str | None:
    if not home.is_dir():
        return "it is missing"
    names = {path.name for path in draft.iterdir()}
    for name in sorted(names | {path.name for path in home.iterdir()}):
        if name not in names:
            return f"{name} does not belong there"
        if not (home / name).is_file():
            return f"{name} is missing"
        if not filecmp.cmp(draft / name, home / name, shallow=False):
            return f"{name} is not what the segment says"
    return None


def _below(path: Path) -> str:
    return str(path.relative_to(disk.root()))
