"""HTML that was drawn before, kept in the memory of the process together with all that it was drawn from.

So it is never out of date, needs nobody to clear it, and after a change only what changed is drawn anew.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

MOST_CHARACTERS = 32_000_000  # of HTML; what is drawn from takes about as much again


class Drawings:
    """One for each place, the latest; those that were asked for least recently go first."""

    def __init__(self, most: int = MOST_CHARACTERS) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[Hashable, tuple[object, str]] = OrderedDict()
        self._lock = Lock()

    def get(self, place: Hashable, state: object, draw: Callable[[], str]) -> str:
        """What stands at `place`, drawn only where it was not drawn from an equal `state` before."""
        with self._lock:
            known = self._kept.get(place)
            if known is not None and known[0] == state:
                self._kept.move_to_end(place)
                return known[1]
        html = draw()
        with self._lock:
            self._forget(place)
            self._kept[place] = (state, html)
            self._size += len(html)
            while self._size > self._most:
                self._forget(next(iter(self._kept)))
        return html

    def _forget(self, place: Hashable) -> None:
        _, html = self._kept.pop(place, (None, ""))
        self._size -= len(html)


cells = Drawings()
