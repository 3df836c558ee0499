"""What was drawn for one browser, kept a moment for the others that ask for the same."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

MOST = 64
LARGEST = 250_000  # bytes


class Recent:
    """The last things drawn, by everything on which they depend."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, draw: Callable[[], bytes]) -> bytes:
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        drawn = draw()
        if len(drawn) <= LARGEST:
            with self._lock:
                self._kept[key] = drawn
                while len(self._kept) > MOST:
                    self._kept.popitem(last=False)
        return drawn
