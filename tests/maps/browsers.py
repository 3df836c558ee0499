"""A stream of news as a browser has it: the real ASGI application, in an event loop and a thread of its own."""

import asyncio
import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.test import Client

from journeymap import asgi

PATIENCE = 20  # seconds; a test that waits longer has failed


class Watcher:
    """What one browser was told so far, and what it is told next."""

    def __init__(self) -> None:
        self.status = 0
        self.heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.beats = threading.Semaphore(0)
        self.ended = threading.Event()
        self._answered = threading.Event()
        self._leaving: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def next(self, event: str, wanted: Callable[[Any], bool] = lambda data: True) -> Any:
        """The data of the next event of this name that is as wanted; others are passed over."""
        while True:
            name, data = self.heard.get(timeout=PATIENCE)
            if name == event and wanted(data):
                return data

    def people(self, *names: str) -> list[Any]:
        """Waits until exactly these are there."""
        return self.next("people", lambda found: [person["name"] for person in found] == list(names))

    def close(self) -> None:
        assert self._loop is not None
        assert self._leaving is not None
        self._loop.call_soon_threadsafe(self._leaving.set)
        assert self.ended.wait(PATIENCE)

    async def run(self, path: str, session: str) -> None:
        self._loop, self._leaving = asyncio.get_running_loop(), asyncio.Event()
        cookie = f"{settings.SESSION_COOKIE_NAME}={session}".encode()
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path,
            "raw_path": path.encode(), "root_path": "", "scheme": "http", "query_string": b"",
            "headers": [(b"host", b"localhost"), (b"cookie", cookie)],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip
        try:
            await asgi.application(scope, self._receive(), self._send)
        finally:
            self._answered.set()
            self.ended.set()

    def answered(self) -> int:
        assert self._answered.wait(PATIENCE)
        return self.status

    def _receive(self):
        asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> dict[str, Any]:
            for message in asked:
                return message
            await self._leaving.wait()
            return {"type": "http.disconnect"}

        return receive

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._answered.set()
            return
        for block in message["body"].decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if block == ":":
                self.beats.release()
            if "event" in fields:
                self.heard.put((fields["event"], json.loads(fields["data"])))


@contextmanager
def watching(path: str, *clients: Client) -> Iterator[list[Watcher]]:
    """A stream for each of the clients, all in one process as on a server; they are closed at the end."""
    watchers = [Watcher() for _ in clients]
    sessions = [client.cookies[settings.SESSION_COOKIE_NAME].value if client.cookies else "" for client in clients]

    async def all_of_them() -> None:
        await asyncio.gather(*[watcher.run(path, session) for watcher, session in zip(watchers, sessions, strict=True)])

    thread = threading.Thread(target=asyncio.run, args=[all_of_them()])
    thread.start()
    try:
        for watcher in watchers:
            watcher.answered()
        yield watchers
    finally:
        for watcher in watchers:
            if not watcher.ended.is_set():
                watcher.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()
