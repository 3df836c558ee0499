"""What is different between two states of a map, as somebody reads it: cards with what they add, places by name."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

from django.db import models

from maps.log.elements import CONFIRMED
from maps.log.order import movers, ordered
from maps.log.parts import MAP, PARTS, PERSONAS, part_named, refers_to
from maps.log.records import PLACED_IN, Record, State, difference
from maps.log.texts import Run, side_by_side
from maps.models import EmotionPoint

WORDS = {MAP: "Map", "stage": "Stage", "step": "Step", "lane": "Lane", "card": "Card", "emotion": "Feeling"}
# What a row is called; a feeling has no name and is told by its score.
CALLED = {MAP: "title", "stage": "name", "step": "name", "lane": "title", "card": "body"}
LABELS = {"n": "People asked", "value": "Value to the customer", "business_value": "Value to the business"}
# Fields that say where a row is, follow from that, or are not seen.
SILENT = frozenset({"id", "version", "position", "colour", "collapsed", "source", *CONFIRMED})
ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"
Subject = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Detail:
    label: str
    runs: list[Run]


@dataclass(frozen=True, slots=True)
class Side:
    """A row as it was at one of the two points."""

    where: str
    runs: list[Run]
    details: list[Detail]


@dataclass(frozen=True, slots=True)
class Row:
    """A side is None where the row was not there; `sign` is added, removed, changed or moved."""

    what: str
    sign: str
    old: Side | None
    new: Side | None


class Comparison(Sequence[Row]):
    """The rows that differ, in the order of the map; texts are compared for those that are asked for."""

    def __init__(self, old: State, new: State) -> None:
        self.old, self.new = old, new
        self.records: dict[Subject, dict[str, Record]] = defaultdict(dict)
        for record in difference(old, new):
            if record.part != "cell":
                # What a kind adds to a card has the card's key.
                part = "card" if "card" in part_named(record.part).parents else record.part
                self.records[part, record.key][record.part] = record
        self.moved = _moved(old, new)
        self.signs = {subject: sign for subject in self.records if (sign := self._sign(subject))}
        self.subjects = sorted(self.signs, key=self._order)

    def __len__(self) -> int:
        return len(self.subjects)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        if isinstance(place, int):
            return self._row(self.subjects[place])
        return [self._row(subject) for subject in self.subjects[place]]

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(self.signs.values())
        return {sign: found[sign] for sign in (ADDED, REMOVED, CHANGED, MOVED) if found[sign]}

    def _sign(self, subject: Subject) -> str:
        """Empty where it differs in nothing that is seen, as when a neighbour came or went."""
        own = self.records[subject].get(subject[0])
        if own is not None and own.before is None:
            return ADDED
        if own is not None and own.after is None:
            return REMOVED
        if any(self._changed(record) for record in self.records[subject].values()):
            return CHANGED
        return MOVED if subject in self.moved else ""

    def _changed(self, record: Record) -> list[str]:
        """Names of the fields that differ and are told."""
        part = part_named(record.part)
        if record.before is None or record.after is None:
            return []
        names = [name for name in record.after if record.before.get(name) != record.after[name]]
        silent = SILENT | {"kind"} if record.part == "card" else SILENT
        return [name for name in names if name not in silent and name not in part.parents]

    def _order(self, subject: Subject) -> tuple[int, ...]:
        part, key = subject
        state = self.new if key in self.new.get(part, {}) else self.old
        if part in ("card", "emotion"):
            lane, step = self._crossing(state, subject)
            return len(WORDS), *_place(state, "lane", lane), *_place(state, "step", step), *_place(state, part, key)
        return list(WORDS).index(part), *_place(state, part, key)

    def _crossing(self, state: State, subject: Subject) -> tuple[str, str]:
        part, key = subject
        at = state["card"][key]["cell"] if part == "card" else key
        lane, step, *_ = at.split("/")
        return lane, step

    # --- One row ---

    def _row(self, subject: Subject) -> Row:
        sign = self.signs[subject]
        was, became = self._called(self.old, subject), self._called(self.new, subject)
        if was is None or became is None:
            left, right = [Run(was or "")], [Run(became or "")]
            before: list[Detail] = []
            after: list[Detail] = []
        else:
            left, right = _near(side_by_side(was, became))
            before, after = self._details(subject)
        return Row(
            WORDS[subject[0]],
            sign,
            None if was is None else Side(self._where(self.old, subject), left, before),
            None if became is None else Side(self._where(self.new, subject), right, after),
        )

    def _called(self, state: State, subject: Subject) -> str | None:
        part, key = subject
        values = state.get(part, {}).get(key)
        if values is None:
            return None
        return (
            str(EmotionPoint(score=values["score"], label=values["label"]))
            if part == "emotion"
            else values[CALLED[part]]
        )

    def _where(self, state: State, subject: Subject) -> str:
        part, key = subject
        if part == "step":
            return str(state["stage"][state["step"][key]["stage"]]["name"])
        if part in ("card", "emotion"):
            lane, step = self._crossing(state, subject)
            return f"{state['lane'][lane]['title']} · {state['step'][step]['name']}"
        return ""

    def _details(self, subject: Subject) -> tuple[list[Detail], list[Detail]]:
        before, after = [], []
        told = {CALLED.get(subject[0], ""), "score", "label"}
        for record in self.records[subject].values():
            for name in self._changed(record):
                if name in told:
                    continue
                label = LABELS.get(name, name.replace("_", " ").capitalize())
                sides = [
                    self._written(record.part, name, (values or {})[name]) for values in (record.before, record.after)
                ]
                left, right = _near(side_by_side(*sides))
                before.append(Detail(label, left))
                after.append(Detail(label, right))
        return before, after

    def _written(self, part: str, name: str, value: Any) -> str:
        field = part_named(part).fields.get(name)
        if name == PERSONAS:
            return ", ".join(self.names[name].get(key, "somebody removed") for key in value) or "nobody"
        if value in (None, "", []):
            return "–"
        if isinstance(value, list):
            return ", ".join(value)
        if refers_to(part_named(part), name):
            return self.names[name].get(value, "something removed")
        if isinstance(value, bool):
            return "yes" if value else "no"
        return str(dict(field.flatchoices or ()).get(value, value)) if field is not None else str(value)

    @cached_property
    def names(self) -> Mapping[str, Mapping[int, str]]:
        """How rows outside the map are called, by the field that refers to them and their key."""
        wanted: dict[str, tuple[type[models.Model], set[int]]] = {}
        for records in self.records.values():
            for record in records.values():
                for name in self._changed(record):
                    if model := refers_to(part_named(record.part), name):
                        _, keys = wanted.setdefault(name, (model, set()))
                        for values in (record.before, record.after):
                            value = (values or {})[name]
                            keys.update(value if isinstance(value, list) else [value] if value else [])
        found = {name: model._default_manager.in_bulk(keys) for name, (model, keys) in wanted.items()}
        return {name: {key: str(row) for key, row in rows.items()} for name, rows in found.items()}


def _moved(old: State, new: State) -> set[Subject]:
    """Rows that stand elsewhere, without those that only made room."""
    found: set[Subject] = set()
    for part in PARTS.values():
        if not part.positioned:
            continue
        before, after = _groups(old, part.name), _groups(new, part.name)
        for group, places in after.items():
            found |= {(part.name, key) for key in movers(ordered(before.get(group, {})), ordered(places))}
            old_rows = old.get(part.name, {})
            found |= {(part.name, key) for key in places if key in old_rows and key not in before.get(group, {})}
    return found


def _groups(state: State, part: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for key, values in state.get(part, {}).items():
        found[values.get(PLACED_IN.get(part, ""), "")][key] = values["position"]
    return found


def _place(state: State, part: str, key: str) -> tuple[int, ...]:
    values = state.get(part, {}).get(key, {})
    if part == "step" and values:
        return (*_place(state, "stage", values["stage"]), values["position"])
    return (values.get("position", 0),)


def _near(sides: tuple[Iterable[Run], Iterable[Run]], around: int = 60) -> tuple[list[Run], list[Run]]:
    """Both texts without the long stretches in which they are the same."""
    left, right = ([_cut(run, around) for run in runs] for runs in sides)
    return left, right


def _cut(run: Run, around: int) -> Run:
    if run.differs or len(run.text) <= 3 * around:
        return run
    return Run(f"{run.text[:around]} … {run.text[-around:]}")
