"""Changes as plain values. Nothing here knows a database.

A state is a whole map as {part: {key: values}}, such as {"stage": {"5e0f…": {"name": "Awareness", "position": 0, …}}}.
A record tells what happened to one row of it; a list of records is one change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

# The parent in which a place counts, where that is not the map.
PLACED_IN = {"step": "stage", "card": "cell"}

Values = dict[str, Any]
State = dict[str, dict[str, Values]]
Side = list[list[Any]]


@dataclass(frozen=True, slots=True)
class Record:
    """A row's values before and after a change; None where there was no row.

    Of a row that was there before and after, both hold the fields that were written, and with a place also the parent
    in which it counts.
    """

    part: str
    key: str
    before: Values | None
    after: Values | None

    @property
    def inverse(self) -> "Record":
        return Record(self.part, self.key, self.after, self.before)

    @property
    def changes_nothing(self) -> bool:
        return self.before == self.after


def compose(records: Iterable[Record]) -> list[Record]:
    """The same change with at most one record for each row, in the order in which the rows were first touched.

    >>> compose([Record("card", "a", {"body": "x"}, {"body": "y"}), Record("card", "a", {"body": "y"}, {"body": "z"})])
    [Record(part='card', key='a', before={'body': 'x'}, after={'body': 'z'})]
    """
    found: dict[tuple[str, str], Record] = {}
    for record in records:
        place = record.part, record.key
        found[place] = _joined(found[place], record) if place in found else record
    return [record for record in found.values() if not record.changes_nothing]


def _joined(first: Record, second: Record) -> Record:
    before, after = first.before, second.after
    if first.after is not None and second.before is not None:
        before = None if before is None else {**second.before, **before}
        after = None if after is None else {**first.after, **after}
    return Record(first.part, first.key, before, after)


def forward(state: State, records: Iterable[Record]) -> None:
    """Carry the change out on `state`. Raises KeyError where it does not fit."""
    for record in records:
        rows = state.setdefault(record.part, {})
        if record.after is None:
            del rows[record.key]
        elif record.before is None:
            rows[record.key] = dict(record.after)
        else:
            rows[record.key].update(record.after)


def backward(state: State, records: Sequence[Record]) -> None:
    forward(state, [record.inverse for record in reversed(records)])


def difference(old: State, new: State) -> list[Record]:
    """The change that leads from one state to the other."""
    found = []
    for part in dict.fromkeys((*old, *new)):
        before, after = old.get(part, {}), new.get(part, {})
        for key in dict.fromkeys((*before, *after)):
            was, became = before.get(key), after.get(key)
            if was is not None and became is not None:
                names = [name for name in became if was.get(name) != became[name]]
                if "position" in names and (parent := PLACED_IN.get(part)):
                    names.append(parent)
                was, became = {name: was.get(name) for name in names}, {name: became[name] for name in names}
            record = Record(part, key, was, became)
            if not record.changes_nothing:
                found.append(record)
    return found


def to_sides(records: Sequence[Record]) -> tuple[Side, Side]:
    """As they are stored: [part, key, values after] and, in the same order, [part, key, values before]."""
    return (
        [[record.part, record.key, record.after] for record in records],
        [[record.part, record.key, record.before] for record in records],
    )


def from_sides(op: Side, inverse: Side) -> list[Record]:
    return [Record(part, key, before, after) for (part, key, after), (_, _, before) in zip(op, inverse, strict=True)]


def number_of_rows(state: State) -> int:
    return sum(len(rows) for rows in state.values())
