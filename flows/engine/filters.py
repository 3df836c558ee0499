"""Conditions on properties of events, as part of a question."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeGuard

from flows.engine.columns import NO_TIME, json_text, number_of, time_of
from flows.engine.errors import QueryError, is_text, quoted

IS, CONTAINS, STARTS_WITH, IS_SET = "is", "contains", "starts_with", "is_set"
IS_NOT, NOT_CONTAINS, IS_NOT_SET = "is_not", "not_contains", "is_not_set"
COMPARISONS = (">", ">=", "<", "<=")
OPPOSITES = {IS_NOT: IS, NOT_CONTAINS: CONTAINS, IS_NOT_SET: IS_SET}
OPERATORS = (IS, IS_NOT, CONTAINS, NOT_CONTAINS, STARTS_WITH, *COMPARISONS, IS_SET, IS_NOT_SET)

MAX_FILTERS = 20
MAX_VALUES = 1_000
MAX_TEXT = 1_000
MAX_EXPANDED = 20


@dataclass(frozen=True, slots=True, order=True)
class PropertyFilter:
    """What a property of an event must be.

    Attributes
    ----------
    name : str
        Of the property.
    operator : str
        One of OPERATORS. Texts are compared letter by letter. The negative ones hold exactly where their opposites do
        not, so also where the event does not have the property; all others fail there.
    values : tuple of str
        Text views (see :class:`flows.engine.columns.PropertyColumn`). Any of several may match; for ``is_set`` there
        are none. ``>``, ``>=``, ``<``, ``<=`` take one: a number is compared with numbers, an ISO date or moment with
        times, and what is no number (no time) fails.
    on : tuple of str
        Recorded names of the events that the condition is about: others pass. Empty: all events.
    """

    name: str
    operator: str
    values: tuple[str, ...] = ()
    on: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, data: object, field: str) -> PropertyFilter:
        """Read what :meth:`to_dict` wrote; values may also be numbers, truth values or a single one.

        Raises
        ------
        QueryError
            If it is no such condition; it names ``field``.
        """
        if not isinstance(data, Mapping) or not {"property", "operator"} <= set(data) <= _KEYS:
            raise QueryError(field, f"{field}: give conditions such as {{property: plan, operator: is, values: pro}}.")
        name, operator = data["property"], data["operator"]
        if not is_property(name):
            raise QueryError(field, f"{field}: the name of a property must be a text of at most {MAX_TEXT} characters.")
        if operator not in OPERATORS:
            raise QueryError(field, f"{field}: the operator must be one of {', '.join(OPERATORS)}.")
        values = _values(data.get("values", ()), operator, field)
        on = _listed(data.get("on", ()))
        events = {event for event in on if isinstance(event, str)}
        if len(events) < len(on):
            raise QueryError(field, f"{field}: on must be a list of event names, each once.")
        return cls(name, operator, values, tuple(sorted(events)))

    def to_dict(self) -> dict[str, object]:
        lists = {"values": list(self.values), "on": list(self.on)}
        return {"property": self.name, "operator": self.operator, **{k: v for k, v in lists.items() if v}}

    @property
    def positive(self) -> PropertyFilter:
        """The condition that holds exactly where this one, if it is a negative one, does not."""
        return PropertyFilter(self.name, OPPOSITES.get(self.operator, self.operator), self.values, self.on)


_KEYS = {"property", "operator", "values", "on"}


def property_filters(value: object, field: str) -> tuple[PropertyFilter, ...]:
    """Conditions in a fixed order, each once; all of them must hold.

    Raises
    ------
    QueryError
        If there are too many, or one is the opposite of another.
    """
    listed = _listed(value)
    if len(listed) > MAX_FILTERS:
        raise QueryError(field, f"{field}: give at most {MAX_FILTERS} conditions.")
    given = [each.to_dict() if isinstance(each, PropertyFilter) else each for each in listed]
    read = {PropertyFilter.from_dict(each, field) for each in given}
    for each in sorted(read):
        if each.positive != each and each.positive in read:
            raise QueryError(field, f"{field}: nothing meets two opposite conditions on {quoted(each.name)}.")
    return tuple(sorted(read))


def expansions(value: object) -> tuple[tuple[str, str], ...]:
    """(event, property) of the events whose labels are to tell a property; each event once, sorted.

    Raises
    ------
    QueryError
    """
    if not isinstance(value, list | tuple) or len(value) > MAX_EXPANDED:
        raise QueryError("expand", f"expand: give at most {MAX_EXPANDED} pairs of an event and a property.")
    for pair in value:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(map(is_property, pair)):
            raise QueryError("expand", "expand: give pairs of an event and a property.")
    pairs = sorted({(pair[0], pair[1]) for pair in value})
    for one, two in pairwise(pairs):
        if one[0] == two[0]:
            raise QueryError("expand", f"expand: {quoted(one[0])} can be expanded by one property only.")
    return tuple(pairs)


def is_property(name: object) -> TypeGuard[str]:
    """Whether a property, or an event, can have this name."""
    return isinstance(name, str) and is_text(name) and len(name) <= MAX_TEXT


def compares_times(value: str) -> bool:
    """Whether a value stands for a moment, and not for a number."""
    return math.isnan(number_of(value))


def _values(value: object, operator: str, field: str) -> tuple[str, ...]:
    listed = _listed(value)
    if len(listed) > MAX_VALUES:
        raise QueryError(field, f"{field}: give at most {MAX_VALUES} values.")
    texts = []
    for each in listed:
        plain = isinstance(each, str | bool | int) or (isinstance(each, float) and math.isfinite(each))
        text = json_text(each) if plain else ""
        if not plain or not is_text(text) or len(text) > MAX_TEXT:
            raise QueryError(field, f"{field}: a value must be a text of at most {MAX_TEXT} characters, or a number.")
        texts.append(text)
    if operator in (IS_SET, IS_NOT_SET):
        if texts:
            raise QueryError(field, f"{field}: {operator} takes no values.")
    elif not texts:
        raise QueryError(field, f"{field}: {operator} needs a value.")
    if operator in COMPARISONS:
        if len(texts) > 1:
            raise QueryError(field, f"{field}: {operator} takes one value.")
        if math.isnan(number_of(texts[0])) and time_of(texts[0]) == NO_TIME:
            raise QueryError(field, f"{field}: {quoted(texts[0])} is neither a number nor a moment in ISO form.")
    return tuple(sorted(set(texts)))


def _listed(value: object) -> list[object] | tuple[object, ...]:
    return value if isinstance(value, list | tuple) else (value,)
