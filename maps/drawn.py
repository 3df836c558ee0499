"""HTML that was drawn before, kept in the memory of the process together with all that it was drawn from.

So it is never out of date, needs nobody to clear it, and after a change only what changed is drawn anew.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping
from threading import Lock
from typing import TypeVar

P = TypeVar("P", bound=Hashable)
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
        known = self._known(place, state)
        if known is None:
            known = draw()
            self._keep(place, state, known)
        return known

    def get_all(self, states: Mapping[P, object], draw: Callable[[Collection[P]], Mapping[P, str]]) -> dict[P, str]:
        """What stands at each place; `draw` is asked for the missing ones at once, and leaves out what is gone."""
        known = {place: self._known(place, state) for place, state in states.items()}
        if missing := [place for place, html in known.items() if html is None]:
            fresh = draw(missing)
            for place, html in fresh.items():
                self._keep(place, states[place], html)
            known |= fresh
        return {place: html for place, html in known.items() if html is not None}

    def _known(self, place: Hashable, state: object) -> str | None:
        with self._lock:
            kept, html = self._kept.get(place, (None, None))
            if html is None or kept != state:
                return None
            self._kept.move_to_end(place)
            return html

    def _keep(self, place: Hashable, state: object, html: str) -> None:
        with self._lock:
            self._forget(place)
            self._kept[place] = (state, html)
            self._size += len(html)
            while self._size > self._most:
                self._forget(next(iter(self._kept)))

    def _forget(self, place: Hashable) -> None:
        _, html = self._kept.pop(place, (None, ""))
        self._size -= len(html)


cells = Drawings()
news = Drawings()
