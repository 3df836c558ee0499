"""Sessions that go by their ids: the events of a person with the same id, wherever they stand, as one history."""

from __future__ import annotations

from typing import Any

import numpy as np

from flows.engine.arrays import CodeArray, IntArray, KeyArray
from flows.engine.jit import kernel
from flows.engine.log import U
from flows.engine.plan import Scope

Array = Any


@kernel
def _find_runs(
    times: Array,
    rows: Array,
    starts: Array,
    skip: Array,
    sessions: Array,
    gap: Array,
    people: Array,
    first: Array,
    stop: Array,
    ids: Array,
    alone: Array,
) -> Array:
    """Write neighbours of one session as runs: person, first event, event behind the last one, id of the session, and
    for events without an id the number of the session, which counts from 1; returns how many runs there are."""
    n = 0
    serial = 0
    for person in range(starts.size - 1):
        if skip.size and skip[U(person)]:
            continue
        last = np.int64(0)
        begun = n
        for i in range(starts[U(person)], starts[U(person + 1)]):
            session = sessions[U(rows[U(i)])]
            if session == 0:
                serial += times[U(i)] - last > gap
                last = times[U(i)]
            number = serial if session == 0 else 0
            if n == begun or ids[U(n - 1)] != session or alone[U(n - 1)] != number:
                people[U(n)] = person
                first[U(n)] = i
                ids[U(n)] = session
                alone[U(n)] = number
                n += 1
            stop[U(n - 1)] = i + 1
    return n


@kernel
def _copy_runs(
    times: Array, rows: Array, codes: Array, first: Array, stop: Array, out_times: Array, out_codes: Array
) -> None:
    at = 0
    for run in range(first.size):
        for i in range(first[U(run)], stop[U(run)]):
            out_times[U(at)] = times[U(i)]
            out_codes[U(at)] = codes[U(rows[U(i)])]
            at += 1


def regroup(
    times: IntArray,
    rows: CodeArray,
    starts: IntArray,
    skip: Array,
    keys: KeyArray,
    codes: CodeArray,
    sessions: KeyArray,
    scope: Scope,
) -> tuple[IntArray, CodeArray, IntArray, KeyArray]:
    """Make a history of each session.

    Parameters
    ----------
    times, rows, starts, skip, keys
        Histories of people; ``rows`` are places in ``codes`` and ``sessions``.
    codes : int32[rows]
    sessions : uint64[rows]
        Ids; 0: none, such events are cut where the gap between two of them exceeds ``scope.session_gap``.
    scope : Scope

    Returns
    -------
    times, codes, starts, keys
        Histories of sessions, in order of their first events for each person; events in order of (time, arrival).

    Notes
    -----
    O(events + runs log runs), a run being neighbours of one session.

    Examples
    --------
    >>> one = regroup(np.array([1, 2, 3]), np.arange(3, dtype=np.int32), np.array([0, 3]), np.zeros(0, np.uint8),
    ...               np.array([9], np.uint64), np.array([4, 5, 6], np.int32), np.array([7, 8, 7], np.uint64),
    ...               Scope(False, 0, 0, True, 10))
    >>> [array.tolist() for array in one]
    [[1, 3, 2], [4, 6, 5], [0, 2, 3], [9, 9]]
    """
    room = int(starts[-1] - starts[0])
    people, first, stop, alone = (np.empty(room, np.int64) for _ in range(4))
    ids = np.empty(room, np.uint64)
    n = _find_runs(times, rows, starts, skip, sessions, scope.session_gap, people, first, stop, ids, alone)
    people, first, stop, alone, ids = people[:n], first[:n], stop[:n], alone[:n], ids[:n]
    order = np.lexsort((alone, ids, people))
    begins = np.ones(n, bool)
    begins[1:] = np.any([part[order[1:]] != part[order[:-1]] for part in (people, ids, alone)], axis=0)
    leader = np.empty(n, np.int64)  # the first run of the session of each run
    leader[order] = order[begins][np.cumsum(begins) - 1]
    order = np.argsort(leader, kind="stable")
    first, stop = first[order], stop[order]
    ends = np.cumsum(stop - first)
    out_times, out_codes = np.empty(ends[-1] if n else 0, np.int64), np.empty(ends[-1] if n else 0, np.int32)
    _copy_runs(times, rows, codes, first, stop, out_times, out_codes)
    heads = np.flatnonzero(np.append(True, leader[order][1:] != leader[order][:-1])[:n])
    out_starts = np.append((ends - (stop - first))[heads], len(out_times)).astype(np.int64)
    return out_times, out_codes, out_starts, keys[people[order[heads]]]
