"""News of all maps, taken from Redis once for each process and handed to whoever listens.

So a thousand watchers cost one connection, and no threads.
"""

import asyncio
import json
import weakref
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import redis.asyncio
from django.conf import settings

from maps.live import bus

SILENCE = 10.0  # seconds after which the connection is asked whether it lives
News = dict[str, Any]


class Down(Exception):
    """Redis cannot be reached, or no longer."""


class Mailbox:
    """News for one listener. Never more than one of each kind, so somebody slow costs little and misses nothing."""

    def __init__(self) -> None:
        self._news: dict[tuple[str, str], News] = {}
        self._filled = asyncio.Event()
        self._closed = False

    def put(self, news: News) -> None:
        self._news[news["event"], news["of"]] = news
        self._filled.set()

    def close(self) -> None:
        self._closed = True
        self._filled.set()

    async def take(self) -> list[News]:
        """What has come in, as soon as anything has. Raises Down once nothing more can come."""
        await self._filled.wait()
        if self._closed:
            raise Down
        self._filled.clear()
        news, self._news = list(self._news.values()), {}
        return news


class Hub:
    def __init__(self) -> None:
        self.redis = redis.asyncio.Redis.from_url(
            settings.REDIS_URL,
            decode_responses=True,
            health_check_interval=int(SILENCE),
            client_name=f"{bus.prefix()}hub",
        )
        self._boxes: dict[str, set[Mailbox]] = defaultdict(set)
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listening(self, channel: str) -> AsyncIterator[Mailbox]:
        """Nothing that is told after this has begun is missed. Raises Down."""
        box = Mailbox()
        self._boxes[channel].add(box)
        try:
            await self._connected()
            yield box
        finally:
            self._boxes[channel].discard(box)
            if not self._boxes[channel]:
                del self._boxes[channel]
            if not self._boxes and self._task is not None:
                self._task.cancel()

    def close(self) -> None:
        """All that is listened to ends with Down."""
        for boxes in list(self._boxes.values()):
            for box in boxes:
                box.close()

    async def _connected(self) -> None:
        if self._task is None or self._task.done():
            self._ready = asyncio.Event()
            self._task = asyncio.create_task(self._listen())
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({ready, self._task}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if not self._ready.is_set():
            raise Down

    async def _listen(self) -> None:
        try:
            async with self.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                await pubsub.psubscribe(f"{bus.prefix()}maps:*")
                self._ready.set()
                while True:
                    if found := await pubsub.get_message(timeout=SILENCE):
                        self._hand_on(found["channel"], json.loads(found["data"]))
        except bus.FAULTS:
            pass
        finally:
            self.close()

    def _hand_on(self, channel: str, news: News) -> None:
        for box in self._boxes.get(channel, ()):
            box.put(news)


def end_streams() -> None:
    """End every stream of this process; may be called from any thread and from the handler of a signal."""
    for loop, each in list(_hubs.items()):
        if not loop.is_closed():
            loop.call_soon_threadsafe(each.close)


_hubs: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = weakref.WeakKeyDictionary()


def hub() -> Hub:
    """The hub of this process, or in tests of this event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
