"""Lists of small things in an address and a form: a numbered row for each, such as `where-0-property=plan`.

A row that is being added is numbered `new`. It has the fields of the others; one in which nothing stands is no row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from flows.engine.conditions import DID, IN_COHORT, NOT_IN_COHORT, PEOPLE_KINDS
from flows.engine.filters import IS, IS_NOT_SET, IS_SET

NEW = "new"
FILTERS = ("where", "start_where", "end_where")
ROWS = ("people", "rules", *FILTERS, "expand")
TIMES = ("at_least", "at_most")
OF_COHORTS = (IN_COHORT, NOT_IN_COHORT)
CHOICES = ("kind", "operator", "match")  # fields in which something always stands
WILDCARD = "wildcard"

# What stands in the fields of one row, or of the whole form; a row is what `to_dict` of its option writes.
Fields = Mapping[str, Sequence[str]]
Row = dict[str, Any]
Pairs = Iterator[tuple[str, list[str]]]


class RowsInput(forms.Widget):
    """Reads the rows of an option out of the whole form."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Row]:
        return read_rows(dict(data.lists()), name)


class RowsField(forms.Field):
    """Rows as they come: whether they are conditions is for the question to say."""

    widget = RowsInput


def option_of(parameter: str) -> str:
    """The option that a parameter is about: "where" for "where-0-property"."""
    option, dash, _ = parameter.partition("-")
    return option if not dash or option in ROWS else parameter


def read_rows(fields: Fields, option: str) -> list[Any]:
    """The rows of an option in the order of their numbers, those that are being added last."""
    return [row for each in _numbered(fields, option) if (row := READERS[option](each)) is not None]


def write_rows(params: QueryDict, option: str, rows: Sequence[Any]) -> None:
    """Put rows, as a canonical question has them, among the parameters of an address."""
    for number, row in enumerate(rows):
        for name, values in WRITERS[option](row):
            params.setlist(f"{option}-{number}-{name}", values)


def without_rows(params: QueryDict, option: str) -> None:
    for name in [name for name in params if name.startswith(f"{option}-")]:
        del params[name]


def is_rewritten(params: QueryDict, option: str, rows: Sequence[Any]) -> bool:
    """Whether rows are written otherwise than they were sent: something was added, or their order changed."""
    fields = {name: values for name, values in params.lists() if option_of(name) == option}
    for name, values in fields.items():
        added = f"-{NEW}-" in name or name.endswith(("-add", "-also"))
        if added and any(values) and name.rpartition("-")[2] not in CHOICES:
            return True
    sent, kept = ([list(WRITERS[option](row)) for row in each] for each in (read_rows(fields, option), rows))
    return sent != kept


def _numbered(fields: Fields, option: str) -> list[Fields]:
    found: dict[str, dict[str, Sequence[str]]] = {}
    for key, values in fields.items():
        name, _, rest = key.partition("-")
        place, dash, field = rest.partition("-")
        known = place == NEW or (place.isascii() and place.isdigit() and len(place) < 4)
        if name == option and dash and known:
            found.setdefault(place, {})[field] = values
    return [found[place] for place in sorted(found, key=lambda place: (len(place), place))]


def _one(row: Fields, name: str) -> str:
    values = row.get(name)
    return values[-1].replace("\0", "") if values else ""


def _all(row: Fields, name: str) -> list[str]:
    return [value for value in row.get(name, ()) if value]


def _whole(text: str) -> int | str:
    """A number where it is one; what is not is left for the question to name."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text


def _read_filter(row: Fields) -> Row | None:
    """`value` and `on` are those that stand, `add` and `also` are typed into fields for one more."""
    name, operator = _one(row, "property"), _one(row, "operator")
    values = [*row.get("value", ()), *_all(row, "add")]
    is_there = operator in (IS_SET, IS_NOT_SET)
    if not (name or values or is_there):
        return None
    on = {"on": names} if (names := [*_all(row, "on"), *_all(row, "also")]) else {}
    if is_there:
        return {"property": name, "operator": operator, **on}
    return {"property": name, "operator": operator or IS, "values": values, **on}


def _write_filter(row: Row) -> Pairs:
    yield "property", [row["property"]]
    yield "operator", [row["operator"]]
    for name, given in (("value", "values"), ("on", "on")):
        if row.get(given):
            yield name, row[given]


def _read_person(row: Fields) -> Row | None:
    kind, event, cohort = _one(row, "kind") or DID, _one(row, "event"), _one(row, "cohort")
    if kind in OF_COHORTS:
        return {kind: _whole(cohort)} if cohort else None
    if not event:
        return None
    times = {name: _whole(text) for name in TIMES if kind == DID and (text := _one(row, name))}
    where = {"where": filters} if (filters := read_rows(row, "where")) else {}
    return {kind: event, **times, **where}


def _write_person(row: Row) -> Pairs:
    kind = next(kind for kind in PEOPLE_KINDS if kind in row)
    yield "kind", [kind]
    yield "cohort" if kind in OF_COHORTS else "event", [str(row[kind])]
    for name in TIMES:
        if name in row and (name, row[name]) != ("at_least", 1):
            yield name, [str(row[name])]
    for number, each in enumerate(row.get("where", ())):
        for name, values in _write_filter(each):
            yield f"where-{number}-{name}", values


def _read_rule(row: Fields) -> Row | None:
    pattern, label = _one(row, "pattern"), _one(row, "label")
    return {"match": _one(row, "match") or WILDCARD, "pattern": pattern, "label": label} if pattern or label else None


def _write_rule(row: Row) -> Pairs:
    for name in ("match", "pattern", "label"):
        yield name, [row[name]]


def _read_expansion(row: Fields) -> Any:
    pair = [_one(row, "event"), _one(row, "property")]
    return pair if any(pair) else None


def _write_expansion(row: Sequence[str]) -> Pairs:
    yield "event", [row[0]]
    yield "property", [row[1]]


READERS: dict[str, Callable[[Fields], Any]] = {
    "people": _read_person,
    "rules": _read_rule,
    "expand": _read_expansion,
    **dict.fromkeys(FILTERS, _read_filter),
}
WRITERS: dict[str, Callable[[Any], Pairs]] = {
    "people": _write_person,
    "rules": _write_rule,
    "expand": _write_expansion,
    **dict.fromkeys(FILTERS, _write_filter),
}
