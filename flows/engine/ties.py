"""Ties: events that share person and time with the event before, whose order only arrival decides.

Which events these are is the same for every question, so a segment carries their places, and counting is a look-up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.jit import kernel

U = np.uint64
Array = Any


@kernel
def _count(times: Array, starts: Array) -> Array:
    n = 0
    for person in range(starts.size - 1):
        for i in range(starts[U(person)] + 1, starts[U(person + 1)]):
            n += times[U(i)] == times[U(i - 1)]
    return n


@kernel
def _fill(times: Array, starts: Array, places: Array) -> None:
    n = 0
    for person in range(starts.size - 1):
        for i in range(starts[U(person)] + 1, starts[U(person + 1)]):
            if times[U(i)] == times[U(i - 1)]:
                places[U(n)] = i
                n += 1


def find_ties(times: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of the events that share person and time with the event before them.

    Parameters
    ----------
    times : int64[events]
        Ascending within a person.
    starts : int64[people + 1]
        Events of person ``i`` are ``starts[i]:starts[i + 1]``.

    Returns
    -------
    int64[ties]
        Ascending.

    Examples
    --------
    >>> find_ties(np.array([1, 1, 1, 1]), np.array([0, 3, 4])).tolist()
    [1, 2]
    """
    places = np.empty(_count(times, starts), np.int64)
    _fill(times, starts, places)
    return places


def count_ties(
    places: NDArray[np.int64],
    times: NDArray[np.int64],
    starts: NDArray[np.int64],
    skip: NDArray[np.uint8],
    within: tuple[int, int] | None = None,
) -> int:
    """How many ties some people have.

    Parameters
    ----------
    places : int64[ties]
        As :func:`find_ties` gives them, for the whole segment.
    times : int64[events]
    starts : int64[people + 1]
        Of the people who are asked about.
    skip : uint8[people] or uint8[0]
        1 for those of them who do not count.
    within : (int, int), optional
        ``[since, until)`` in µs; None: at any time. Two events that tie are in a range together.

    Examples
    --------
    >>> times, starts = np.array([1, 1, 5, 5]), np.array([0, 4])
    >>> count_ties(find_ties(times, starts), times, starts, np.zeros(0, np.uint8), (2, 9))
    1
    """
    first, stop = np.searchsorted(places, starts[[0, -1]])
    here = places[first:stop]
    if within is not None:
        here = here[(times[here] >= within[0]) & (times[here] < within[1])]
    if skip.size:
        here = here[skip[np.searchsorted(starts, here, side="right") - 1] == 0]
    return len(here)
