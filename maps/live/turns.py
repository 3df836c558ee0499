"""Those who follow a map take turns, so that whoever saves does not stand behind them.

One save makes every browser on the map ask what is new, all within half a second. Each of them can wait a moment; the
next save should not.
"""

import asyncio
import re
import weakref
from contextlib import AbstractAsyncContextManager, nullcontext

AT_ONCE = 2
_FOLLOWS = re.compile(r"/t/[^/]+/maps/[0-9]+/changes/")
_turns: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]" = weakref.WeakKeyDictionary()


def turn(path: str) -> AbstractAsyncContextManager[object]:
    """Held while a request for this path is answered. Only those that follow wait, and only for each other."""
    if not _FOLLOWS.fullmatch(path):
        return nullcontext()
    loop = asyncio.get_running_loop()
    return _turns.setdefault(loop, asyncio.Semaphore(AT_ONCE))
