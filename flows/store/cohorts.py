"""The people of a cohort: one file of actor keys (uint64, little-endian, ascending, each once), mapped into memory."""

import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flows.hashing import Keys
from flows.store import disk

_TYPE = np.dtype("<u8")


@dataclass(frozen=True, slots=True)
class NewKeys:
    """Keys that are on disk while no row names them yet. `file` is a path below the store."""

    file: str
    people: int
    checksum: str

    def discard(self) -> None:
        disk.remove(disk.root() / self.file)


def write_keys(keys: Keys, *, team_id: int, dataset_id: int) -> NewKeys:
    """The file and its directory are on disk when this returns."""
    home = disk.team_home(team_id) / str(dataset_id)
    home.mkdir(parents=True, exist_ok=True)
    final = home / f"{uuid.uuid4().hex}.people"
    draft = home / f".{final.name}"
    try:
        np.ascontiguousarray(keys, _TYPE).tofile(draft)
        disk.sync_file(draft)
        checksum = disk.checksum(draft)
        draft.rename(final)
    finally:
        disk.remove(draft)
    disk.sync_directory(home)
    return NewKeys(str(final.relative_to(disk.root())), len(keys), checksum)


def map_keys(path: Path, people: int) -> Keys | None:
    """None where the file has another size. Raises FileNotFoundError."""
    if path.stat().st_size != people * _TYPE.itemsize:
        return None
    return np.memmap(path, _TYPE, mode="r") if people else np.empty(0, _TYPE)
