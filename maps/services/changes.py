"""The one gate through which a map is written.

Every service opens a `changing(journey, by=…)` block and writes rows only through the `Change` that it is given. So the
lock, the revision, the versions of cards and who did it are kept in one place, and what was written becomes exactly one
`Operation` in the same transaction, with the values before and after.

Whoever locks anything of a map locks the row of the map first: changes of a map wait for each other, never in a ring.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import F, Q
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.models import Team, User
from maps.live import bus
from maps.log.elements import GRID, OUTSIDE, elements_of, fewest, stage_of
from maps.log.parts import (
    MAP,
    key_of,
    part_of,
    personas_of,
    value_of,
    values_of,
    values_of_map,
    with_all_below,
)
from maps.log.records import PLACED_IN, Record, compose, to_sides
from maps.log.wording import name_of, told
from maps.models import JourneyMap, Operation, Persona, Positioned, Stage, Versioned

Verb = Operation.Verb
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
        self.operation: Operation | None = None
        self._records: list[Record] = []
        self._shows: list[str] = []
        self._stages, self._steps = set[int | None](), set[int | None]()
        self._verb, self._words, self._target = Verb.CHANGE, list[str](), ""

    @property
    def records(self) -> list[Record]:
        """What has been written so far; empty where it comes to nothing."""
        return compose(self._records)

    def says(self, verb: Operation.Verb, *words: str | models.Model, about: models.Model | str = "") -> None:
        """How the history tells the change: words and names in turn, a row standing for its name.

        `about` is the row that is meant, where others had to change along with it, or its key.
        """
        self._verb = verb
        self._words = [word if isinstance(word, str) else name_of(word) for word in words]
        self._target = about if isinstance(about, str) else key_of(about)

    def add(self, row: M) -> M:
        return self.add_all([row])[0]

    def add_all(self, rows: Sequence[M]) -> Sequence[M]:
        """Insert rows of one model in one statement, under the team of the map."""
        for row in rows:
            row.team_id = self.map.team_id  # type: ignore[attr-defined]
            if isinstance(row, Versioned):
                row.updated_by = self.by
        added = type(rows[0])._default_manager.bulk_create(rows) if rows else rows
        for row in added:
            self._record(row, None, values_of(row))
            self._show(row, None)
        return added

    def set(self, row: models.Model, **values: Any) -> bool:
        """Write the values that differ; tells whether there were any."""
        different = {name: value for name, value in values.items() if getattr(row, name) != value}
        if different:
            self._write(row, different)
        return bool(different)

    def touch(self, row: Versioned) -> None:
        """Make a new version of a row whose details changed."""
        self._write(row, {})

    def _write(self, row: models.Model, values: dict[str, Any]) -> None:
        stamp = []
        self._show(row, values)
        if isinstance(row, Versioned):
            values = {**values, "version": row.version + 1}
            row.updated_by = self.by
            stamp = ["updated_by", "updated_at"]
        before = {name: value_of(row, name) for name in values}
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=[*values, *stamp])
        self._record(row, before, {name: value_of(row, name) for name in values})
        self._show(row, values)

    def set_personas(self, personas: Collection[Persona]) -> bool:
        """Say whom the map is about; tells whether that is new."""
        before = personas_of(self.map)
        after = sorted(persona.pk for persona in personas)
        if before != after:
            self.map.personas.set(personas)
            self._record(self.map, {"personas": before}, {"personas": after})
            self._show(self.map, {"personas"})
        return before != after

    def remove(self, row: models.Model) -> None:
        self.remove_all([row])

    def remove_all(self, rows: Sequence[models.Model]) -> None:
        """Delete rows of one model with everything that stands at them."""
        if not rows:
            return
        for row in with_all_below(rows):
            self._record(row, values_of(row), None)
            self._show(row, None)
        type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows]).delete()

    def arrange(self, *groups: Sequence[P]) -> None:
        """Number siblings 0, 1, 2 … in the order given, groups of one model in one statement.

        The unique places are compared only at the end.
        """
        displaced = [(row, place) for rows in groups for place, row in enumerate(rows) if row.position != place]
        for row, place in displaced:
            parent = PLACED_IN.get(part_of(row).name)
            within = {parent: value_of(row, parent)} if parent else {}
            self._record(row, {**within, "position": row.position}, {**within, "position": place})
            self._show(row, {"position"})
            row.position = place
        if displaced:
            type(displaced[0][0])._default_manager.bulk_update([row for row, _ in displaced], ["position"])

    def close(self) -> Operation | None:
        """Make what was written the next operation of the map; None where nothing was."""
        records = self.records
        if not records:
            return None
        self._tell_stages()
        self.map.revision += 1
        self.map.save(update_fields=["revision", "updated_at"])
        words = self._words or told(records)
        if self.map.revision == 1:
            # So the log begins with a map out of nothing, whoever drew it and however.
            records = compose([Record(MAP, MAP, None, values_of_map(self.map)), *records])
            self._verb, self._shows = Verb.CREATE, [*OUTSIDE, GRID]
        op, inverse = to_sides(records)
        self.operation = Operation.objects.create(
            team_id=self.map.team_id,
            map=self.map,
            seq=self.map.revision,
            actor=self.by,
            verb=self._verb,
            words=words,
            target=self._target,
            shows=fewest(self._shows),
            op=op,
            inverse=inverse,
        )
        return self.operation

    def _record(self, row: models.Model, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        self._records.append(Record(part_of(row).name, key_of(row), before, after))

    def _show(self, row: models.Model, changed: Collection[str] | None) -> None:
        self._shows += elements_of(row, changed)
        stage, step = stage_of(row, changed)
        self._stages.add(stage)
        self._steps.add(step)

    def _tell_stages(self) -> None:
        """Note at stages that had been confirmed that they say something else now; their marks show it."""
        stages, steps = self._stages - {None}, self._steps - {None}
        if self.map.confirmed and (stages or steps):
            touched = Stage.objects.filter(Q(pk__in=stages) | Q(steps__in=steps), confirmed_at__isnull=False)
            confirmed = Stage.objects.filter(pk__in=touched.values("pk"))
            held = confirmed.exclude(changed_at__gt=F("confirmed_at")).values_list("pk", flat=True)
            self._shows += [f"stage-{key}" for key in held]
            confirmed.update(changed_at=timezone.now())


@contextmanager
def changing(journey: JourneyMap, *, by: User | None) -> Iterator[Change]:
    """Lock the map, let the block write through the `Change`, and log what it wrote, if anything.

    `journey` is brought up to date, and whoever watches the map hears of it. Raises Http404 where the map is gone.
    """
    with locked(journey) as row:
        change = Change(row, by)
        yield change
        operation = change.close()
        if operation:
            transaction.on_commit(partial(bus.tell_change, row.pk, operation.seq), robust=True)
        journey.revision, journey.updated_at = row.revision, row.updated_at
        journey.shows = operation.shows if operation else ()


def locked_maps(team: Team) -> list[JourneyMap]:
    """All maps of the team, each as it stays until the transaction ends; for what changes many of them.

    They are locked in one order, and before anything that stands on them.
    """
    return list(JourneyMap.objects.select_for_update(no_key=True).filter(team=team).order_by("pk"))


@contextmanager
def locked(journey: JourneyMap) -> Iterator[JourneyMap]:
    """The map as it is, and as it stays until the end of the block. Raises Http404 where it is gone."""
    with transaction.atomic():
        # NO KEY UPDATE: rows that merely refer to the map may be inserted by others meanwhile.
        maps = JourneyMap.objects.select_for_update(no_key=True)
        yield get_object_or_404(maps, pk=journey.pk, team_id=journey.team_id)
