"""How long a save takes while many people work on one map, each with the map open and following the others.

The product runs on a directory that is thrown away, with its own servers. Every person holds a stream, fetches what is
new as the page does, and saves a card of their own at intervals. See README.md here.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import django
import psutil  # type: ignore[import-untyped]

from journeymap import embedded

ROOT = Path(__file__).resolve().parent.parent
DATA = tempfile.mkdtemp(prefix="journeymap-bench.")
os.environ |= {"JOURNEYMAP_DATA": DATA, "JOURNEYMAP_ENV_FILE": "", "DJANGO_SETTINGS_MODULE": "journeymap.settings"}
embedded.attach()
django.setup()

from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from accounts.models import Membership, Role, Team, User  # noqa: E402
from maps import services  # noqa: E402
from maps.library import TEMPLATES  # noqa: E402
from maps.models import JourneyMap, Lane  # noqa: E402

TOKEN = "b" * 32
WORDS = ["price", "friend", "parcel", "support", "basket", "voucher", "question", "answer", "evening", "chat"]


@dataclass
class Person:
    session: str
    card: int
    version: int = 1
    seq: int = 0
    saves: list[float] = field(default_factory=list)
    fetches: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where the map is."""

    port: int
    path: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two saves of a person")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--alone", action="store_true", help="nobody follows the others")
    options = parser.parse_args()
    journey, people = draw(options.people)
    with served() as (port, server):
        place = Place(port, f"/t/{journey.team.slug}/maps/{journey.pk}/")
        # What is compiled and cached at the first request is no part of the question.
        asyncio.run(Connection(place, people[0]).ask("GET", ""))
        before = sum(server.cpu_times()[:2])
        asyncio.run(work(place, people, options))
        busy = sum(server.cpu_times()[:2]) - before
    print(f"{options.people} people on one map, each saves every {options.every:g} s, for {options.seconds:g} s")
    tell("save", [seconds for person in people for seconds in person.saves])
    tell("fetch what is new", [seconds for person in people for seconds in person.fetches])
    print(f"web server: {100 * busy / options.seconds:.0f} % of one processor")
    refused = [status for person in people for status in person.refused]
    print(f"refused: {refused or 'none'}")
    return 1 if refused else 0


def tell(what: str, times: list[float]) -> None:
    if len(times) > 1:
        cuts = statistics.quantiles(times, n=100)
        median, p95, p99 = (f"{1000 * cuts[place]:.1f}" for place in (49, 94, 98))
        print(f"{what}: {len(times):,} times, median {median} ms, p95 {p95} ms, p99 {p99} ms")


def draw(count: int) -> tuple[JourneyMap, list[Person]]:
    """A map of the team with a card for each of its people."""
    call_command("migrate", verbosity=0)
    team = Team.objects.create(name="Bench", slug="bench")
    users = [User.objects.create(email=f"person-{n}@example.com", name=f"Person {n}") for n in range(count)]
    Membership.objects.bulk_create([Membership(team=team, user=user, role=Role.EDITOR) for user in users])
    journey = services.create_map(team=team, by=users[0], title="Bench", template=TEMPLATES["lifecycle"])
    lanes = list(journey.lanes.filter(kind=Lane.Kind.TEXT))
    steps = [step for stage in journey.stages.all() for step in stage.steps.all()]
    people = []
    for n, user in enumerate(users):
        lane, step = lanes[n % len(lanes)], steps[n % len(steps)]
        card = services.add_card(journey=journey, by=user, lane=lane.pk, step=step.pk, body="Something")
        client = Client()
        client.force_login(user)
        people.append(Person(client.cookies["sessionid"].value, card.pk))
    return journey, people


@contextlib.contextmanager
def served() -> Iterator[tuple[int, psutil.Process]]:
    """The port, and the process that serves."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "journeymap.web", "127.0.0.1", str(port)], cwd=ROOT)
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield port, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait()
        embedded.release()
        shutil.rmtree(DATA, ignore_errors=True)


async def work(place: Place, people: list[Person], options: argparse.Namespace) -> None:
    followers = [] if options.alone else [asyncio.create_task(follow(place, person)) for person in people]
    while followers and not all(person.seq for person in people):
        await asyncio.sleep(0.1)
    until = time.monotonic() + options.seconds
    await asyncio.gather(*[save_now_and_then(place, person, options.every, until) for person in people])
    for follower in followers:
        follower.cancel()
    await asyncio.gather(*followers, return_exceptions=True)


async def save_now_and_then(place: Place, person: Person, every: float, until: float) -> None:
    rng = random.Random(person.card)
    connection = Connection(place, person)
    await asyncio.sleep(1 + rng.random() * every)
    while time.monotonic() < until:
        body = {"body": " ".join(rng.choices(WORDS, k=6)), "version": person.version, "keep": 1}
        began = time.perf_counter()
        status, headers = await connection.ask("POST", f"cards/{person.card}/", urlencode(body))
        person.saves.append(time.perf_counter() - began)
        if status == 200:
            person.version = json.loads(headers["hx-trigger"])["map:kept"]["version"]
        else:
            person.refused.append(status)
        await asyncio.sleep(every * (0.5 + rng.random()))
    connection.close()


async def follow(place: Place, person: Person) -> None:
    """Hold the stream, and fetch what is new: one fetch at a time, as the page does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    writer.write(request(place, person, "GET", "live/", "").encode())
    connection = Connection(place, person)
    new = asyncio.Event()
    wanted = 0

    async def fetch() -> None:
        while True:
            await new.wait()
            await asyncio.sleep(0.05 + 0.4 * random.random())  # as the page does
            new.clear()
            while person.seq < wanted:
                began = time.perf_counter()
                status, headers = await connection.ask("GET", f"changes/?since={person.seq}")
                person.fetches.append(time.perf_counter() - began)
                person.seq = json.loads(headers["hx-trigger"])["map:at"]["seq"] if status == 200 else wanted

    fetching = asyncio.create_task(fetch())
    event = ""
    try:
        while line := (await reader.readline()).decode().strip("\r\n \t") or not reader.at_eof():
            name, _, value = str(line).partition(": ")
            if name == "event":
                event = value
            elif name == "data" and event in ("hello", "change"):
                wanted = max(wanted, json.loads(value)["seq"])
                person.seq = person.seq or wanted
                new.set()
    finally:
        fetching.cancel()
        connection.close()
        writer.close()


class Connection:
    """Kept open from one request to the next, as a browser keeps it."""

    def __init__(self, place: Place, person: Person) -> None:
        self.place, self.person = place, person
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: str = "") -> tuple[int, dict[str, str]]:
        """Status and headers of the answer."""
        if self.streams is None or self.streams[0].at_eof():  # The server closes what is idle for long.
            self.streams = await asyncio.open_connection("127.0.0.1", self.place.port)
        reader, writer = self.streams
        writer.write(request(self.place, self.person, method, path, body).encode())
        head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        await reader.readexactly(int(headers.get("content-length", 0)))
        return int(head.split()[1]), headers

    def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()


def request(place: Place, person: Person, method: str, path: str, body: str) -> str:
    lines = [
        f"{method} {place.path}{path} HTTP/1.1",
        f"Host: localhost:{place.port}",
        f"Cookie: sessionid={person.session}; csrftoken={TOKEN}",
        f"X-CSRFToken: {TOKEN}",
        "HX-Request: true",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines) + f"\r\n\r\n{body}"


if __name__ == "__main__":
    sys.exit(main())
