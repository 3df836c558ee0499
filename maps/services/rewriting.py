"""Carries recorded changes out on a map as it is now: what undo, redo and restore have in common.

A record expects a row to be as it is `before` and makes it as it is `after`. What somebody else changed meanwhile is
never overwritten: the first row that is not as expected raises Stale. Places are the exception, since they change
whenever a neighbour comes or goes; there only a row that was itself moved elsewhere is stale.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from maps.log.order import merge, movers, ordered
from maps.log.parts import (
    MAP,
    PARTS,
    PERSONAS,
    Part,
    key_of,
    part_named,
    part_of,
    personas_of,
    refers_to,
    value_of,
    with_all_below,
)
from maps.log.records import PLACED_IN, Record, Values
from maps.models import (
    Card,
    CardExtra,
    Channel,
    JourneyMap,
    Lane,
    Named,
    Persona,
    Picture,
    Positioned,
    Stage,
    Step,
)
from maps.services.cards import MOST_CARDS
from maps.services.changes import Change
from maps.services.lanes import MOST_LANES
from maps.services.order import check_room
from maps.services.stages import MOST_STAGES
from maps.services.steps import MOST_STEPS

CELL = "cell"
# A version only ever rises, and places follow from the order.
NOT_COMPARED = frozenset({"version", "position"})


class Stale(Exception):
    """A row is no longer as the change left it. Nothing was written."""

    def __init__(self, part: str, key: str) -> None:
        super().__init__(f"The {part} {key} has been changed since.")
        self.part, self.key = part, key


def rewrite(change: Change, records: Sequence[Record], *, meant: str = "") -> None:
    """`meant` is the key of the row that the records are about.

    Raises Stale, or ValidationError where the map would be left without what it needs or would grow past its limits.
    """
    _Rewriting(change, records, meant).run()


class _Rewriting:
    def __init__(self, change: Change, records: Sequence[Record], meant: str) -> None:
        self.change, self.records, self.meant = change, records, meant
        self.rows = self._load()
        self.outside = self._load_outside()
        self.written: list[models.Model] = []

    def run(self) -> None:
        for record in self.records:
            self._compare(record)
        for part in PARTS.values():
            self._add(part, [record for record in self._of(part) if record.before is None])
        for record in self.records:
            self._set(record)
        self._touch_cards()
        # Last, so that whatever leaves a place has left it.
        for part in reversed(PARTS.values()):
            self._remove(part, [record for record in self._of(part) if record.after is None])
        for part in PARTS.values():
            if part.positioned:
                self._arrange(part)
        self._check()

    def _of(self, part: Part) -> list[Record]:
        return [record for record in self.records if record.part == part.name]

    # --- What is there ---

    def _load(self) -> dict[str, dict[str, Any]]:
        """The rows that the records name and their parents, by part and key."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for record in self.records:
            wanted[record.part].add(record.key)
            for name, value in _all_values(record):
                if name in part_named(record.part).parents:
                    wanted[name].add(value)
        found = {part.name: self._by_key(part, wanted[part.name]) for part in PARTS.values()}
        return {**found, MAP: {MAP: self.change.map}}

    def _by_key(self, part: Part, keys: set[str]) -> dict[str, Any]:
        if not keys:
            return {}
        rows = part.rows().filter(**{part.path: self.change.map})
        # A key without a uid of its own begins with the uid of its first parent.
        uid = "uid" if issubclass(part.model, Named) else f"{part.parents[0]}__uid"
        near = rows.filter(**{f"{uid}__in": {key.split("/")[0] for key in keys}})
        return {key: row for row in near if (key := key_of(row)) in keys}

    def _load_outside(self) -> dict[type[models.Model], dict[int, models.Model]]:
        """Rows that do not belong to the map but are referred to, as far as they are still there."""
        wanted: dict[type[models.Model], set[int]] = defaultdict(set)
        for record in self.records:
            for name, value in _all_values(record):
                if model := refers_to(part_named(record.part), name):
                    wanted[model].update(value if isinstance(value, list) else [value] if value else [])
        team = self.change.map.team_id
        known: dict[type[models.Model], Any] = {
            model: model._default_manager.filter(team=team) for model in (Persona, Channel, Picture)
        }
        return {model: known.get(model, model._default_manager.all()).in_bulk(keys) for model, keys in wanted.items()}

    def _possible(self, part: Part, name: str, value: Any) -> Any:
        """The value without references to what is gone."""
        model = refers_to(part, name)
        if model is None:
            return value
        there = self.outside[model]
        return [key for key in value if key in there] if isinstance(value, list) else value if value in there else None

    # --- One after another ---

    def _compare(self, record: Record) -> None:
        part, row = part_named(record.part), self.rows[record.part].get(record.key)
        if record.before is None:
            fits = row is None or record.part == CELL
        else:
            fits = row is not None and all(
                self._possible(part, name, value) == _now(row, name)
                for name, value in record.before.items()
                if name not in NOT_COMPARED and (record.after is None or record.after.get(name) != value)
            )
        if not fits:
            raise Stale(record.part, record.key)

    def _remove(self, part: Part, records: Sequence[Record]) -> None:
        going = [self.rows[part.name].pop(record.key) for record in records]
        if not going:
            return
        hanging = [row for row in with_all_below(going) if part_of(row) is not part]
        if part.name == CELL:  # What somebody else put there stays, and the cell with it.
            kept = {row.cell_id for row in hanging if isinstance(row, Card)}
            self.rows[CELL] |= {key_of(row): row for row in going if row.pk in kept}
            going = [row for row in going if row.pk not in kept]
        elif others := [row for row in hanging if part_of(row).name != CELL]:
            raise Stale(part_of(others[0]).name, key_of(others[0]))
        self.change.remove_all(going)

    def _add(self, part: Part, records: Sequence[Record]) -> None:
        there = self.rows[part.name]
        new = {record.key: self._row(part, record) for record in records if record.key not in there}
        self.change.add_all(list(new.values()))
        there |= new

    def _row(self, part: Part, record: Record) -> models.Model:
        assert record.after is not None
        named = {"uid": record.key} if issubclass(part.model, Named) else {}
        on_map = {} if part.parents else {"map": self.change.map}
        row = part.model(**named, **on_map, **self._python(part, record.after))
        if part.versioned:
            row.version += 1  # type: ignore[attr-defined]
        return row

    def _set(self, record: Record) -> None:
        before, after = record.before, record.after
        if before is None or after is None:
            return
        part, row = part_named(record.part), self.rows[record.part][record.key]
        names = {name for name in after if before.get(name) != after[name]} - NOT_COMPARED
        values = self._python(part, {name: after[name] for name in names})
        wrote = PERSONAS in values and self.change.set_personas(values.pop(PERSONAS))
        if self.change.set(row, **values) or wrote:
            self.written.append(row)

    def _touch_cards(self) -> None:
        """What its kind adds to a card is part of its version."""
        new = {row.pk for row in self.written if isinstance(row, Card)}
        for row in self.written:
            if isinstance(row, CardExtra) and row.card_id not in new:
                self.change.touch(self.rows["card"].get(key_of(row), row.card))

    def _python(self, part: Part, values: Values) -> dict[str, Any]:
        """By the names of the fields. Raises Stale where a parent is gone."""
        found: dict[str, Any] = {}
        for name, value in values.items():
            possible = self._possible(part, name, value)
            if name in part.parents:
                if value not in self.rows[name]:
                    raise Stale(name, value)
                found[name] = self.rows[name][value]
            elif model := refers_to(part, name):
                there = self.outside[model]
                found[name] = [there[key] for key in possible] if name == PERSONAS else there.get(possible)
            elif name in part.fields:  # Fields that are no longer there say nothing.
                found[name] = part.fields[name].to_python(value)
        return found

    # --- Places ---

    def _arrange(self, part: Part) -> None:
        was, becomes = self._places(part, after=False), self._places(part, after=True)
        siblings: dict[str, dict[str, Any]] = defaultdict(dict)
        for row in self._siblings(part, {*was, *becomes}):
            siblings[_group(part, row)][key_of(row)] = row
        groups = []
        for group, rows in siblings.items():
            old = was.get(group, {})
            new = {key: place for key, place in becomes.get(group, {}).items() if key in rows}
            stayed = {key: row.position for key, row in rows.items() if key in old or key not in new}
            self._compare_places(part, stayed, old, new)
            groups.append([rows[key] for key in merge(stayed, old, new, meant=self.meant)])
            if part.name == "card":
                check_room(len(rows), MOST_CARDS, "cards in a cell")
        self.change.arrange(*groups)

    def _places(self, part: Part, *, after: bool) -> dict[str, dict[str, int]]:
        """The places that the records name on one side, by group and key."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for record in self._of(part):
            side = record.after if after else record.before
            if side is not None and "position" in side:
                found[side.get(PLACED_IN.get(part.name, ""), "")][record.key] = side["position"]
        return found

    def _siblings(self, part: Part, groups: set[str]) -> list[Positioned]:
        if not groups:
            return []
        parent = PLACED_IN.get(part.name)
        if parent is None:
            return list(part.rows().filter(map=self.change.map))
        there = self.rows[parent]
        return list(part.rows().filter(**{f"{parent}__in": [there[group].pk for group in groups if group in there]}))

    def _compare_places(
        self, part: Part, now: Mapping[str, int], was: Mapping[str, int], becomes: Mapping[str, int]
    ) -> None:
        left = [key for key in ordered(was) if key in now]
        meant_to_move = movers(left, ordered(becomes), meant=self.meant)
        if stale := meant_to_move & movers(left, ordered(now), meant=self.meant):
            raise Stale(part.name, min(stale))

    # --- The map as a whole ---

    def _check(self) -> None:
        touched = {record.part for record in self.records}
        journey = self.change.map
        if touched & {"stage", "step"}:
            bare = Stage.objects.filter(map=journey, steps=None).first()
            if bare:
                raise ValidationError(f"“{bare.name}” would be left without a step.")
            stages = Stage.objects.filter(map=journey).count()
            if not stages:
                raise ValidationError("The map would be left without a stage.")
            check_room(stages, MOST_STAGES, "stages")
            check_room(Step.objects.filter(stage__map=journey).count(), MOST_STEPS, "steps")
        if "lane" in touched:
            check_room(Lane.objects.filter(map=journey).count(), MOST_LANES, "lanes")


def _all_values(record: Record) -> Iterator[tuple[str, Any]]:
    for side in (record.before, record.after):
        yield from (side or {}).items()


def _now(row: models.Model, name: str) -> Any:
    return personas_of(row) if isinstance(row, JourneyMap) and name == PERSONAS else value_of(row, name)


def _group(part: Part, row: models.Model) -> str:
    parent = PLACED_IN.get(part.name)
    return value_of(row, parent) if parent else ""
