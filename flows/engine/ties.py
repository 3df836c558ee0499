"""Ties: events that share person and time with the event before, whose order only arrival decides.

Which events these are is the same for every question, so a segment carries their places, and counting is a look-up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def find_ties(times: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of the events that share person and time with the event before them.

    Parameters
    ----------
    times : int64[events]
        Ascending within a person.
    starts : int64[people + 1]
        Events of person ``i`` are ``starts[i]:starts[i + 1]``; together these are all events.

    Returns
    -------
    int64[ties]
        Ascending.

    Examples
    --------
    >>> find_ties(np.array([1, 1, 1, 1]), np.array([0, 3, 4])).tolist()
    [1, 2]
    """
    places = np.flatnonzero(times[1:] == times[:-1]) + 1
    found: NDArray[np.int64] = places[starts[np.searchsorted(starts, places)] != places]
    return found


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
