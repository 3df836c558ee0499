"""Events as arrays: what the store hands to the engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.ties import find_ties

IntArray = NDArray[np.int64]
CodeArray = NDArray[np.int32]
KeyArray = NDArray[np.uint64]


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

    def __post_init__(self) -> None:
        wanted = {"keys": np.uint64, "starts": np.int64, "times": np.int64, "codes": np.int32, "ties": np.int64}
        for name, dtype in wanted.items():
            array = getattr(self, name)
            if array.dtype != dtype or array.ndim != 1:
                raise ValueError(f"{name} must be one-dimensional {np.dtype(dtype).name}")
            object.__setattr__(self, name, _read_only(array))
        if len(self.starts) != len(self.keys) + 1 or len(self.times) != len(self.codes):
            raise ValueError("lengths of keys and starts, or of times and codes, do not belong together")
        if self.starts[0] != 0 or self.starts[-1] != len(self.times):
            raise ValueError("starts must lead from 0 to the number of events")

    @property
    def people(self) -> int:
        return len(self.keys)

    @property
    def events(self) -> int:
        return len(self.times)


def segment_from_rows(rows: Iterable[tuple[str | int, str, int]]) -> SegmentArrays:
    """Build a segment from plain rows; meant for tests and small inputs.

    Parameters
    ----------
    rows : iterable of (actor, name, time)
        In order of arrival; time in microseconds. An int actor is its own key, text is hashed to 64 bits.

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
    table = [(actor_key(actor), time, names.setdefault(name, len(names))) for actor, name, time in rows]
    keys = np.array([row[0] for row in table], np.uint64)
    times = np.array([row[1] for row in table], np.int64)
    codes = np.array([row[2] for row in table], np.int32)
    order = np.lexsort((times, keys))
    people, first = np.unique(keys[order], return_index=True)
    starts, times = np.append(first, len(keys)).astype(np.int64), times[order]
    return SegmentArrays(people, starts, times, codes[order], tuple(names), find_ties(times, starts))


def actor_key(actor: str | int) -> int:
    """The 64-bit key of an actor: itself for an int, else the BLAKE2b of its text (8 bytes, little-endian)."""
    if isinstance(actor, int):
        return actor
    return int.from_bytes(blake2b(actor.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A plain, contiguous, read-only view: kernels then meet one array type, mapped or not."""
    view = np.ascontiguousarray(array).view(np.ndarray)
    view.flags.writeable = False
    return view
