"""The stream of news to one browser, as server-sent events.

It runs beside Django, after the view that allowed it has been answered and cleaned up, so an open stream holds neither
a thread nor a connection to the database. Whether it is still allowed is asked again from time to time.
"""

import asyncio
import json
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpRequest

from accounts.queries import memberships_of
from flows.figures import figure
from maps.live import bus, presence
from maps.live.hub import Down, Hub, Mailbox, News, hub
from maps.live.presence import Crowded, Person
from maps.models import JourneyMap

# Under this name a view leaves the stream in the ASGI scope.
STREAM = "journeymap.stream"
HEARTBEAT = 15.0  # seconds
ASKED_EVERY = 30.0
LONGEST = 3600.0
RETRY = 3000  # milliseconds until a browser comes back by itself

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Stream:
    """What a person hears of a map, for as long as the session and the membership last."""

    team: int
    journey: int
    person: Person
    session: str

    async def __call__(self, receive: Receive, send: Send) -> None:
        line = _Line(send)
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await self._serve(line, gone)
        except Crowded:
            line.status = 429
        except (Down, *bus.FAULTS):
            line.status = 503
        finally:
            gone.cancel()
            await line.close()

    async def _serve(self, line: "_Line", gone: "asyncio.Task[None]") -> None:
        name = secrets.token_urlsafe(9)
        mine = presence.connection_of(self.person, name)
        place: dict[str, Any] = {"team": self.team, "journey": self.journey, "connection": mine}
        news = hub()
        async with news.listening(bus.channel(self.journey)) as box:
            await presence.arrive(news.redis, person=self.person, **place)
            try:
                # After the listening has begun: what is changed from here on is told, what was before is counted.
                if (now := await self._ask()) is not None:
                    await self._greet(line, news, name, *now)
                    await self._talk(line, news, box, gone, place)
            finally:
                with suppress(*bus.FAULTS):
                    await presence.leave(news.redis, **place)

    async def _greet(self, line: "_Line", news: Hub, name: str, now: dict[str, int], unread: int) -> None:
        await line.open()
        await line.say("hello", {"connection": name, **now})
        await line.say("inbox", _inbox(unread))
        await line.say("people", await presence.people(news.redis, self.journey))
        for each in await presence.editing(news.redis, self.journey):
            await line.say("editing", each)

    async def _talk(
        self, line: "_Line", hub: Hub, box: Mailbox, gone: "asyncio.Task[None]", place: dict[str, Any]
    ) -> None:
        began = time.monotonic()
        ask_at = began + ASKED_EVERY * random.random()  # not all at once that came at once
        while not gone.done() and time.monotonic() - began < LONGEST:
            news = await _next(box, gone, min(HEARTBEAT, ASKED_EVERY))
            for each in news:
                await line.say(each["event"], each["data"])
            if not news:
                await line.beat()
            if time.monotonic() >= ask_at:
                ask_at = time.monotonic() + ASKED_EVERY
                if (now := await self._ask()) is None:
                    return await line.say("gone", {})
                # Whatever news was lost on the way is made good by this, and whoever vanished without a word is gone.
                numbers, unread = now
                await line.say("change", numbers)
                await line.say("inbox", _inbox(unread))
                await presence.stay(hub.redis, person=self.person, **place)
                await line.say("people", await presence.people(hub.redis, self.journey))

    async def _ask(self) -> tuple[dict[str, int], int] | None:
        """The numbers of the map's last operation and word, and how much in the inbox is unread.

        None for somebody who may not hear of the map any more.
        """
        # In a thread of those that all streams share, for as long as the question takes.
        return await sync_to_async(self._now, thread_sensitive=False)()

    def _now(self) -> tuple[dict[str, int], int] | None:
        try:
            request = HttpRequest()
            request.session = SessionStore(self.session)
            user = get_user(request)  # Nobody after signing out, after a new password, or when locked.
            if user.pk != self.person.id:
                return None
            membership = memberships_of(user).filter(team=self.team).first()
            maps = JourneyMap.objects.filter(pk=self.journey, team=self.team)
            found = maps.values_list("revision", "talked").first()
            if membership is None or found is None:
                return None
            return dict(zip(("seq", "talked"), found, strict=True)), membership.unread  # type: ignore[attr-defined]
        finally:
            connection.close()


def _inbox(unread: int) -> dict[str, str]:
    return {"unread": figure(unread) if unread else ""}


class _Line:
    """The answer to the browser. Closed unopened, it is a plain answer with `status`."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._open = False
        self.status = 404

    async def open(self) -> None:
        self._open = True
        headers = [
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._write(f"retry: {RETRY}\n\n")

    async def say(self, event: str, data: Any) -> None:
        await self._write(f"event: {event}\ndata: {json.dumps(data)}\n\n")

    async def beat(self) -> None:
        await self._write(":\n\n")

    async def close(self) -> None:
        if not self._open:
            headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
            await self._send({"type": "http.response.start", "status": self.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": b""})

    async def _write(self, text: str) -> None:
        await self._send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _next(box: Mailbox, gone: "asyncio.Task[None]", seconds: float) -> list[News]:
    """News as soon as there is any; none when the time is over or the browser gone. Raises Down."""
    taking = asyncio.create_task(box.take())
    await asyncio.wait({taking, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if taking.done():
        return taking.result()
    taking.cancel()
    return []
