"""Events as arrays: what the store hands to the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.columns import CodeArray as CodeArray
from flows.engine.columns import IntArray as IntArray
from flows.engine.columns import PropertyColumn, column_of
from flows.engine.ties import find_ties

KeyArray = NDArray[np.uint64]


def _no_sessions() -> KeyArray:
    return np.zeros(0, np.uint64)


@dataclass(frozen=True, slots=True)
class SegmentArrays:
    """One segment: events sorted by (actor key, time, sequence), as arrays that may be memory-mapped.

    Attributes
    ----------
    keys : uint64[people]
        Actor keys, ascending, each once.
    starts : int64[people + 1]
        Events of person ``i`` are ``starts[i]:starts[i + 1]``.
    times : int64[events]
        Microseconds since 1970 UTC, ascending within a person; equal times stand in order of arrival.
    codes : int32[events]
        Index into ``names``.
    names : sequence of str
        Event names of this segment; a name may be listed without occurring.
    ties : int64[ties]
        Places of the events that share person and time with the event before, as :func:`find_ties` gives them.
    sessions : uint64[events] or uint64[0]
        64-bit hash of the session id that each event came with, 0 without one; empty if no event has one.
    columns : mapping
        Property → PropertyColumn, of as many properties as the question needs.

    Raises
    ------
    ValueError
        If a shape or a dtype is not as above.
    """

    keys: KeyArray
    starts: IntArray
    times: IntArray
    codes: CodeArray
    names: Sequence[str]
    ties: IntArray
    sessions: KeyArray = field(default_factory=_no_sessions)
    columns: Mapping[str, PropertyColumn] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wanted = {
            "keys": np.uint64,
            "starts": np.int64,
            "times": np.int64,
            "codes": np.int32,
            "ties": np.int64,
            "sessions": np.uint64,
        }
        for name, dtype in wanted.items():
            array = getattr(self, name)
            if array.dtype != dtype or array.ndim != 1:
                raise ValueError(f"{name} must be one-dimensional {np.dtype(dtype).name}")
            object.__setattr__(self, name, read_only(array))
        if len(self.starts) != len(self.keys) + 1 or len(self.times) != len(self.codes):
            raise ValueError("lengths of keys and starts, or of times and codes, do not belong together")
        if self.starts[0] != 0 or self.starts[-1] != len(self.times):
            raise ValueError("starts must lead from 0 to the number of events")
        if len(self.sessions) not in (0, len(self.times)):
            raise ValueError("sessions must be as many as events, or none")
        if any(len(column.values) != len(self.times) for column in self.columns.values()):
            raise ValueError("a column must be as long as there are events")

    @property
    def people(self) -> int:
        return len(self.keys)

    @property
    def events(self) -> int:
        return len(self.times)


def segment_from_rows(rows: Iterable[Sequence[Any]]) -> SegmentArrays:
    """Build a segment from plain rows; meant for tests and small inputs.

    Parameters
    ----------
    rows : iterable of (actor, name, time[, properties[, session]])
        In order of arrival; time in microseconds. An int actor is its own key, text is hashed to 64 bits. Properties
        are a dict of JSON values, the session is its id as text, or None.

    Returns
    -------
    SegmentArrays
        Sorted by (key, time, order of arrival), names in order of first appearance.

    Examples
    --------
    >>> segment_from_rows([(1, "b", 20), (1, "a", 10)]).times.tolist()
    [10, 20]
    """
    names: dict[str, int] = {}
    table = [(actor_key(actor), time, names.setdefault(name, len(names)), *more) for actor, name, time, *more in rows]
    table.sort(key=lambda row: row[:2])
    keys = np.array([row[0] for row in table], np.uint64)
    people, first = np.unique(keys, return_index=True)
    starts = np.append(first, len(keys)).astype(np.int64)
    times = np.array([row[1] for row in table], np.int64)
    properties = [row[3] if len(row) > 3 else {} for row in table]
    sessions = np.array([actor_key(row[4]) if len(row) > 4 and row[4] else 0 for row in table], np.uint64)
    return SegmentArrays(
        people,
        starts,
        times,
        np.array([row[2] for row in table], np.int32),
        tuple(names),
        find_ties(times, starts),
        sessions if sessions.any() else _no_sessions(),
        {name: column_of([each.get(name) for each in properties]) for name in sorted(set().union(*properties))},
    )


def actor_key(actor: str | int) -> int:
    """The 64-bit key of an actor: itself for an int, else the BLAKE2b of its text (8 bytes, little-endian)."""
    if isinstance(actor, int):
        return actor
    return int.from_bytes(blake2b(actor.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A plain, contiguous, read-only view: kernels then meet one array type, mapped or not."""
    view = np.ascontiguousarray(array).view(np.ndarray)
    view.flags.writeable = False
    return view
