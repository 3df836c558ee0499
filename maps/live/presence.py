"""Who is on a map, and in which cell somebody is editing.

Both are kept in Redis as hashes with an entry for each connection and a time after which the entry says nothing, so a
browser that vanishes without a word is forgotten. How many connections a team and a person hold is counted likewise.
"""

import json
import time
from dataclasses import asdict, dataclass
from typing import Any

from redis.asyncio import Redis

from maps.live import bus

PRESENT_FOR = 45  # seconds; said again with every heartbeat
EDITING_FOR = 20
MOST_OF_A_PERSON = 20
MOST_OF_A_TEAM = 500


@dataclass(frozen=True, slots=True)
class Person:
    """`face` is the avatar as HTML."""

    id: int
    name: str
    face: str


def connection_of(person: Person, name: str) -> str:
    """What is said under it, nobody else can unsay."""
    return f"{person.id}:{name}"


class Crowded(Exception):
    """The person or the team holds as many connections as it may."""


def _people(journey: int) -> str:
    return f"{bus.prefix()}people:{journey}"


def _editing(journey: int) -> str:
    return f"{bus.prefix()}editing:{journey}"


def _team(team: int) -> str:
    return f"{bus.prefix()}watching:{team}"


async def arrive(redis: Redis, *, team: int, journey: int, connection: str, person: Person) -> None:
    """Raises Crowded."""
    others = await _entries(redis, _team(team))
    own = [entry for entry in others.values() if entry["id"] == person.id]
    if len(own) >= MOST_OF_A_PERSON or len(others) >= MOST_OF_A_TEAM:
        raise Crowded
    await stay(redis, team=team, journey=journey, connection=connection, person=person)
    await _tell_people(redis, journey)


async def stay(redis: Redis, *, team: int, journey: int, connection: str, person: Person) -> None:
    await _put(redis, _team(team), connection, {"id": person.id}, PRESENT_FOR)
    await _put(redis, _people(journey), connection, asdict(person), PRESENT_FOR)


async def leave(redis: Redis, *, team: int, journey: int, connection: str) -> None:
    await redis.hdel(_team(team), connection)
    await redis.hdel(_people(journey), connection)
    if await redis.hdel(_editing(journey), connection):
        await redis.publish(bus.channel(journey), bus.message("editing", _nowhere(connection), of=connection))
    await _tell_people(redis, journey)


async def people(redis: Redis, journey: int) -> list[dict[str, Any]]:
    """Each person once, in the order of their names."""
    found = {entry["id"]: entry for entry in (await _entries(redis, _people(journey))).values()}
    return sorted(found.values(), key=lambda entry: entry["name"])


async def editing(redis: Redis, journey: int) -> list[dict[str, Any]]:
    return list((await _entries(redis, _editing(journey))).values())


def edit(*, journey: int, name: str, person: Person, cell: str) -> None:
    """Somebody is editing in a cell, or with an empty `cell` no longer. Lost where Redis is away."""
    connection = connection_of(person, name)
    data = {**asdict(person), "connection": connection, "cell": cell, "for": EDITING_FOR}
    try:
        if cell:
            client = bus.client()
            client.hset(_editing(journey), connection, _entry(data, EDITING_FOR))
            client.expire(_editing(journey), EDITING_FOR)
        else:
            data = _nowhere(connection)
            bus.client().hdel(_editing(journey), connection)
    except bus.FAULTS:
        return
    bus.tell(journey, "editing", data, of=connection)


def _nowhere(connection: str) -> dict[str, Any]:
    return {"connection": connection, "cell": ""}


async def _tell_people(redis: Redis, journey: int) -> None:
    await redis.publish(bus.channel(journey), bus.message("people", await people(redis, journey)))


async def _put(redis: Redis, key: str, field: str, data: dict[str, Any], seconds: int) -> None:
    await redis.hset(key, field, _entry(data, seconds))
    await redis.expire(key, seconds)


def _entry(data: dict[str, Any], seconds: int) -> str:
    return json.dumps({**data, "until": time.time() + seconds})


async def _entries(redis: Redis, key: str) -> dict[str, dict[str, Any]]:
    """Those that still say something; the others are cleared."""
    now = time.time()
    found = {str(field): json.loads(entry) for field, entry in (await redis.hgetall(key)).items()}
    if spent := [field for field, entry in found.items() if entry["until"] < now]:
        await redis.hdel(key, *spent)
    return {field: entry for field, entry in found.items() if entry["until"] >= now}
