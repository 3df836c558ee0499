"""What the page of a map's history shows, put together from operations and snapshots that are already loaded."""

import zoneinfo
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from accounts.models import User
from maps.log.reading import goes_on
from maps.log.wording import told_as_one
from maps.models import Operation, Snapshot


@dataclass(frozen=True, slots=True)
class Entry:
    """Operations that were meant as one, from the first to the last."""

    operations: list[Operation]

    @property
    def last(self) -> Operation:
        return self.operations[-1]

    @property
    def before(self) -> int:
        """The point before it."""
        return self.operations[0].seq - 1

    @property
    def words(self) -> list[str]:
        return told_as_one(self.operations)

    @property
    def made_at(self) -> datetime:
        return self.last.made_at

    @property
    def actor(self) -> User | None:
        return self.last.actor


@dataclass(frozen=True, slots=True)
class Turn:
    """What one person did until it was another's turn, the last first; or a snapshot that was taken in between."""

    actor: User | None
    entries: list[Entry]
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    turns: list[Turn]


def days(operations: Iterable[Operation], snapshots: Iterable[Snapshot], *, zone: str) -> list[Day]:
    """The last first, as the operations are given; a day is one on the clock of `zone`."""
    clock = zoneinfo.ZoneInfo(zone)
    items = list(_with_snapshots(_entries(operations), list(snapshots)))
    by_day = groupby(items, key=lambda item: item.made_at.astimezone(clock).date())
    return [Day(day, list(_turns(of_day))) for day, of_day in by_day]


def _entries(operations: Iterable[Operation]) -> list[Entry]:
    found: list[Entry] = []
    for operation in operations:
        if found and goes_on(operation, found[-1].operations[0]) and not operation.undone_by_id:
            found[-1].operations.insert(0, operation)
        else:
            found.append(Entry([operation]))
    return found


def _with_snapshots(entries: Iterable[Entry], snapshots: list[Snapshot]) -> Iterator[Entry | Snapshot]:
    """Each above the change after which it was taken; those of other pages of the history are left out."""
    for place, entry in enumerate(entries):
        here = [snapshot for snapshot in snapshots if snapshot.seq >= entry.last.seq]
        if place:
            yield from here
        else:
            yield from (snapshot for snapshot in here if snapshot.seq == entry.last.seq)
        snapshots = [snapshot for snapshot in snapshots if snapshot.seq < entry.last.seq]
        yield entry


def _turns(items: Iterable[Entry | Snapshot]) -> Iterator[Turn]:
    for (actor, snapshot), group in groupby(items, key=lambda item: _whose(item)):
        yield Turn(actor, [item for item in group if isinstance(item, Entry)], snapshot)


def _whose(item: Entry | Snapshot) -> tuple[User | None, Snapshot | None]:
    return (item.author, item) if isinstance(item, Snapshot) else (item.actor, None)
