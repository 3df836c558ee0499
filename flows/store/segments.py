"""Writing a segment: one Parquet file, sorted by (actor key, time, sequence), that any tool can read."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flows.engine.arrays import IntArray
from flows.store import disk, index, properties
from flows.store.faults import DamagedSegment
from flows.store.moments import moment

_SELECT = """
    SELECT actor_key, actor, event, make_timestamptz(us) AS time, line AS sequence, insert_id, session, properties
    FROM {rows} ORDER BY actor_key, us, line"""


@dataclass(frozen=True, slots=True)
class NameCount:
    name: str
    events: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class NewSegment:
    """A segment whose file is on disk and whose row is not yet written. `file` is its path below the store."""

    file: str
    rows: int
    bytes: int
    checksum: str
    time_from: datetime
    time_through: datetime
    names: list[NameCount]

    @property
    def path(self) -> Path:
        return disk.root() / self.file

    def discard(self) -> None:
        disk.remove(self.path)
        disk.remove(index.directory(self.path))
        disk.remove(properties.directory(self.path))


def write_segment(
    con: duckdb.DuckDBPyConnection, rows: str, *, team_id: int, dataset_id: int, workspace: Path
) -> NewSegment:
    """Write the rows of a table or view (`actor_key, actor, event, us, line, insert_id, session, properties`).

    There must be some. The file and its directory are on disk, and the index beside it is built, when this returns.
    """
    home = disk.team_home(team_id) / str(dataset_id)
    home.mkdir(parents=True, exist_ok=True)
    draft = workspace / f"{uuid.uuid4().hex}.parquet"
    final = home / draft.name
    con.execute(f"COPY ({_SELECT.format(rows=rows)}) TO '{draft}' (FORMAT parquet, COMPRESSION zstd)").fetchall()
    names = con.execute(
        f"""SELECT event, count(*), min(us), max(us)
        FROM {rows} GROUP BY event ORDER BY event"""
    ).fetchall()
    disk.sync_file(draft)
    checksum = disk.checksum(draft)
    draft.rename(final)
    disk.sync_directory(home)
    counts = [NameCount(name, events, moment(first), moment(last)) for name, events, first, last in names]
    segment = NewSegment(
        file=str(final.relative_to(disk.root())),
        rows=sum(count.events for count in counts),
        bytes=final.stat().st_size,
        checksum=checksum,
        time_from=min(count.first_at for count in counts),
        time_through=max(count.last_at for count in counts),
        names=counts,
    )
    try:
        index.build(final, segment.file, segment.rows, checksum)
    except BaseException:
        segment.discard()
        raise
    return segment


def actors_at(path: Path, file: str, rows: IntArray) -> list[str]:
    """Whose some rows are, the rows ascending. One row group is in memory at a time. Raises DamagedSegment."""
    found: list[str] = []
    try:
        with pq.ParquetFile(path) as source:
            metadata = source.metadata
            bounds = np.cumsum([0, *(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))])
            groups = np.searchsorted(bounds, rows, "right") - 1
            for group in np.unique(groups).tolist():
                actors = source.read_row_group(group, columns=["actor"])["actor"]
                found += map(str, actors.take(pa.array(rows[groups == group] - bounds[group])).to_pylist())
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DamagedSegment(file, f"it cannot be read ({' '.join(str(error).split())[:120]})") from error
    return found
