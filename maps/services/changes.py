"""The one gate through which a map is written.

Every service opens a `changing(journey, by=…)` block and writes rows only through the `Change` that it is given. So the
lock, the revision, the versions of cards, and who did it are kept in one place, and a log of operations with their
inverses has one place to listen at.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import models, transaction
from django.shortcuts import get_object_or_404

from accounts.models import User
from maps.models import JourneyMap, Positioned, Versioned

M = TypeVar("M", bound=models.Model)
P = TypeVar("P", bound=Positioned)


class Conflict(Exception):
    """The row was changed after the version that a save started from. Nothing was written."""

    def __init__(self, theirs: Versioned) -> None:
        super().__init__("Somebody changed this meanwhile.")
        self.theirs = theirs


class Change:
    """One change of one map, by one person, all or nothing."""

    def __init__(self, journey: JourneyMap, by: User | None) -> None:
        self.map = journey
        self.by = by
        self.wrote = False

    def add(self, row: M) -> M:
        return self.add_all([row])[0]

    def add_all(self, rows: Sequence[M]) -> Sequence[M]:
        """Insert rows of one model in one statement, under the team of the map."""
        for row in rows:
            row.team_id = self.map.team_id  # type: ignore[attr-defined]
            if isinstance(row, Versioned):
                row.updated_by = self.by
        self.wrote |= bool(rows)
        return type(rows[0])._default_manager.bulk_create(rows) if rows else rows

    def set(self, row: models.Model, **values: Any) -> bool:
        """Write the values that differ; tells whether there were any."""
        different = {name: value for name, value in values.items() if getattr(row, name) != value}
        if not different:
            return False
        for name, value in different.items():
            setattr(row, name, value)
        if isinstance(row, Versioned):
            self.touch(row, *different)
        else:
            row.save(update_fields=list(different))
        self.wrote = True
        return True

    def touch(self, row: Versioned, *fields: str) -> None:
        """Make a new version of a row, whose own fields or whose details changed."""
        row.version += 1
        row.updated_by = self.by
        row.save(update_fields=[*fields, "version", "updated_by", "updated_at"])
        self.wrote = True

    def remove(self, row: models.Model) -> None:
        row.delete()
        self.wrote = True

    def arrange(self, rows: Sequence[P]) -> None:
        """Number siblings 0, 1, 2 … in the order given. The unique places are compared only at the end."""
        displaced = [row for place, row in enumerate(rows) if row.position != place]
        if not displaced:
            return
        for place, row in enumerate(rows):
            row.position = place
        type(displaced[0])._default_manager.bulk_update(displaced, ["position"])
        self.wrote = True


@contextmanager
def changing(journey: JourneyMap, *, by: User | None) -> Iterator[Change]:
    """Lock the map, let the block write through the `Change`, and raise the revision by one if it wrote anything.

    `journey` is brought up to date. Raises Http404 where the map is gone.
    """
    with transaction.atomic():
        # NO KEY UPDATE: rows that merely refer to the map may be inserted by others meanwhile.
        maps = JourneyMap.objects.select_for_update(no_key=True)
        locked = get_object_or_404(maps, pk=journey.pk, team_id=journey.team_id)
        change = Change(locked, by)
        yield change
        if change.wrote:
            locked.revision += 1
            locked.save(update_fields=["revision", "updated_at"])
        journey.revision, journey.updated_at = locked.revision, locked.updated_at
