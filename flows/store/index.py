"""The arrays beside a segment: what the engine maps into memory. Derived, so that they may be deleted at any time.

`<segment>.index/` holds `keys.u64` and `starts.i64` (people), `times.i64`, `codes.i32`, `content.u64` and, if any event
has a session, `sessions.u64` (events), `ties.i64` (events that share person and time with the one before), all
little-endian, `names.json`, and `meta.json`, which says what they were derived from.
"""

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from flows.engine.arrays import SegmentArrays
from flows.hashing import NO_TEXT, Keys, content_keys, hash_texts
from flows.store import disk
from flows.store.faults import DamagedSegment

FORMAT = 2
_TYPES = {
    "keys.u64": "<u8",
    "starts.i64": "<i8",
    "times.i64": "<i8",
    "codes.i32": "<i4",
    "content.u64": "<u8",
    "ties.i64": "<i8",
    "sessions.u64": "<u8",
}
FILES = (*_TYPES, "names.json")
_COLUMNS = ["actor_key", "event", "time", "insert_id", "session", "properties"]


@dataclass(frozen=True, slots=True)
class OpenIndex:
    """`content` (uint64[events]) is equal for rows that count as one event if their times agree."""

    arrays: SegmentArrays
    content: Keys


def directory(parquet: Path) -> Path:
    return parquet.with_suffix(".index")


def load(parquet: Path, rows: int, checksum: str) -> OpenIndex | None:
    """Map the index of a segment; None where it is missing, cut off, or of another file or format."""
    home = directory(parquet)
    try:
        meta = json.loads((home / "meta.json").read_bytes())
        if meta["format"] != FORMAT or meta["rows"] != rows or meta["checksum"] != checksum:
            return None
        if any((home / name).stat().st_size != size for name, size in meta["sizes"].items()):
            return None
        names = json.loads((home / "names.json").read_bytes())
        mapped = {name: _map(home / name, kind) for name, kind in _TYPES.items()}
        people, starts, times, codes, content, ties, sessions = mapped.values()
        return OpenIndex(SegmentArrays(people, starts, times, codes, tuple(names), ties, sessions), content)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def build(parquet: Path, file: str, rows: int, checksum: str) -> None:
    """Derive the index from the segment. Others may open or build it meanwhile. Raises DamagedSegment."""
    draft = derive(parquet, file, rows, checksum)
    try:
        put_in_place(draft, directory(parquet))
    finally:
        disk.remove(draft)
    disk.sync_directory(parquet.parent)


def derive(parquet: Path, file: str, rows: int, checksum: str) -> Path:
    """Write the index to a directory beside the segment that nobody opens, and return it. Raises DamagedSegment."""
    home = directory(parquet)
    draft = home.with_name(f".{home.name}.{uuid.uuid4().hex}")
    draft.mkdir()
    try:
        _derive(parquet, draft, file, rows)
        sizes = {name: (draft / name).stat().st_size for name in FILES}
        meta = {"format": FORMAT, "rows": rows, "checksum": checksum, "sizes": sizes}
        (draft / "meta.json").write_text(json.dumps(meta))
        for path in draft.iterdir():
            disk.sync_file(path)
    except BaseException:
        disk.remove(draft)
        raise
    return draft


def put_in_place(draft: Path, home: Path) -> None:
    """Give a finished directory its name; what stood there goes."""
    while True:
        try:
            draft.rename(home)
            return
        except OSError:
            # One is there already: an old one, or another's of this very moment. Either may go.
            old = home.with_name(f".{home.name}.{uuid.uuid4().hex}")
            try:
                home.rename(old)
            except FileNotFoundError:
                continue
            disk.remove(old)


def _map(path: Path, kind: str) -> npt.NDArray[Any]:
    return np.memmap(path, kind, mode="r") if path.stat().st_size else np.empty(0, kind)


class _Writer:
    """Appends row groups to the files of an index; memory is bounded by one of them."""

    def __init__(self, files: dict[str, BinaryIO]) -> None:
        self._files = files
        self.names: dict[str, int] = {}
        self.rows = 0
        self._last_key: int | None = None
        self._last_time = 0

    def add(self, table: pa.Table) -> None:
        """Raises ValueError where rows are not in order."""
        keys = table["actor_key"].to_numpy()
        times = table["time"].cast(pa.int64()).to_numpy()
        starts = np.flatnonzero(np.concatenate([[keys[0] != self._last_key], keys[1:] != keys[:-1]]))
        before = np.concatenate([[self._last_time if keys[0] == self._last_key else times[0]], times[:-1]])
        tied = times == before
        tied[starts] = False
        before[starts] = times[starts]
        people = keys[starts]
        if (times < before).any() or (people[1:] < people[:-1]).any() or keys[0] < (self._last_key or 0):
            raise ValueError("rows are not in order")
        self._write("keys.u64", people)
        self._write("starts.i64", starts + self.rows)
        self._write("times.i64", times)
        self._write("codes.i32", self._codes(table["event"]))
        hashes = (hash_texts(table[column]) for column in ("event", "insert_id", "properties"))
        self._write("content.u64", content_keys(keys, *hashes))
        self._write("ties.i64", np.flatnonzero(tied) + self.rows)
        self._write_sessions(table["session"])
        self.rows += len(keys)
        self._last_key, self._last_time = int(keys[-1]), int(times[-1])

    def close(self) -> None:
        self._write("starts.i64", np.array([self.rows]))
        self._files["names.json"].write(json.dumps(list(self.names), ensure_ascii=False).encode())

    def _write_sessions(self, sessions: pa.ChunkedArray) -> None:
        """Hashes, 0 where there is none; from the first row group on that has any."""
        hashes = hash_texts(sessions)
        hashes[hashes == NO_TEXT] = 0
        if not self._files["sessions.u64"].tell():
            if not hashes.any():
                return
            self._files["sessions.u64"].seek(8 * self.rows)
        self._write("sessions.u64", hashes)

    def _codes(self, events: pa.ChunkedArray) -> npt.NDArray[np.int32]:
        local = events.combine_chunks().dictionary_encode()
        codes = np.array(
            [self.names.setdefault(name, len(self.names)) for name in map(str, local.dictionary.to_pylist())], np.int32
        )
        return codes[local.indices.to_numpy()]

    def _write(self, name: str, values: npt.NDArray[Any]) -> None:
        self._files[name].write(np.ascontiguousarray(values, _TYPES[name]).data)


def _derive(parquet: Path, draft: Path, file: str, rows: int) -> None:
    with ExitStack() as stack:
        writer = _Writer({name: stack.enter_context((draft / name).open("wb")) for name in FILES})
        try:
            for table in _row_groups(parquet):
                writer.add(table)
        except (pa.ArrowException, OSError, KeyError, ValueError) as error:
            raise DamagedSegment(file, f"it cannot be read ({' '.join(str(error).split())[:120]})") from error
        writer.close()
    if writer.rows != rows:
        raise DamagedSegment(file, f"it has {writer.rows:,} rows instead of {rows:,}")


def _row_groups(parquet: Path) -> Iterator[pa.Table]:
    with pq.ParquetFile(parquet) as source:
        for group in range(source.num_row_groups):
            yield source.read_row_group(group, columns=_COLUMNS)
