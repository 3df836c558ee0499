"""Threads, and room for what they write.

Large arrays are used again and again: a page that is touched for the first time costs more than what is written there.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

MOST_WAITING = 128 << 20  # bytes that are kept for the next question
PIECE = 1 << 18  # bytes; sizes are multiples of it, and smaller arrays are not worth keeping

T = TypeVar("T")
R = TypeVar("R")

_waiting: list[NDArray[np.uint8]] = []
_lock = threading.Lock()


class Crew:
    """The threads that answer a question, and the arrays that are lent to them; to be used in a ``with``."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or len(os.sched_getaffinity(0))
        self._pool = ThreadPoolExecutor(self.threads)
        self._lent: dict[int, NDArray[np.uint8]] = {}
        self._own = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """When the last thread has stopped, all arrays are free for the next question."""
        self._pool.shutdown()
        for room in list(self._lent.values()):
            self.give(room[:0])

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Run a function over items in the threads; results in order."""
        return list(self.each(function, items))

    def each(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """As :meth:`map`, results as they come."""
        return self._pool.map(function, items)

    def shares(self, items: Sequence[T]) -> list[Sequence[T]]:
        """The items, dealt out to the threads."""
        return [items[place :: self.threads] for place in range(self.threads)]

    def take(self, size: int, kind: DTypeLike) -> NDArray[Any]:
        """An array of some length that holds anything; may be called by several threads."""
        dtype = np.dtype(kind)
        wanted = size * dtype.itemsize
        if wanted < PIECE:
            return np.empty(size, dtype)
        room = _fitting(wanted)
        self._lent[id(room)] = room
        return room[:wanted].view(dtype)

    def give(self, array: NDArray[Any]) -> None:
        """Give back what :meth:`take` gave, or a part of it: it will be overwritten."""
        room = self._lent.pop(id(array.base), None)
        if room is not None:
            with _lock:
                if room.nbytes + sum(each.nbytes for each in _waiting) <= MOST_WAITING:
                    _waiting.append(room)

    def mine(self, name: str, size: int, kind: DTypeLike) -> NDArray[Any]:
        """An array that is good until the same thread asks for the same name."""
        room: NDArray[Any] | None = getattr(self._own, name, None)
        if room is None or len(room) < size:
            if room is not None:
                self.give(room)
            room = self.take(size, kind)
            setattr(self._own, name, room)
        return room[:size]


def _fitting(wanted: int) -> NDArray[np.uint8]:
    """The smallest room that waits and is large enough, or a new one; never much larger than wanted."""
    with _lock:
        fitting = [place for place, room in enumerate(_waiting) if wanted <= room.nbytes <= 4 * wanted]
        if fitting:
            return _waiting.pop(min(fitting, key=lambda place: _waiting[place].nbytes))
    return np.empty(-(-wanted // PIECE) * PIECE, np.uint8)
