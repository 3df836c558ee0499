"""How conditions on properties, expansions and rules are written on a command line."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flows import queries
from flows.engine.errors import QueryError, quoted
from flows.models import Dataset

OPERATORS = {
    "!=": "is_not",
    "!~": "not_contains",
    ">=": ">=",
    "<=": "<=",
    "^=": "starts_with",
    "=": "is",
    "~": "contains",
    ">": ">",
    "<": "<",
}
_CONDITION = re.compile(f"(.*?)({'|'.join(map(re.escape, OPERATORS))})(.*)", re.DOTALL)
_TIMES = re.compile(r"(\d+)(?:-(\d+))?", re.ASCII)
_ONE_OF_SEVERAL = ("is", "is_not")

IsEvent = Callable[[Iterable[str]], set[str]]


def events_among(dataset: Dataset) -> IsEvent:
    """A function that says which of some names are events of the dataset."""

    def events(names: Iterable[str]) -> set[str]:
        names = set(names)
        return names - queries.unknown_events(dataset, names)

    return events


def conditions(texts: Sequence[str], events: IsEvent) -> list[dict[str, Any]]:
    """``plan=pro plan=team EVENT:price>=10 coupon !referrer`` as conditions; several values of one mean any of them.

    Examples
    --------
    >>> conditions(["plan=pro", "plan=team"], lambda names: set())
    [{'property': 'plan', 'operator': 'is', 'values': ['pro', 'team']}]
    """
    found: list[dict[str, Any]] = []
    for text in texts:
        event, rest = _behind_event(text, events)
        each = _condition(rest) | ({"on": [event]} if event else {})
        same = [one for one in found if _same(one, each)]
        if same:
            same[0]["values"] += each["values"]
        else:
            found.append(each)
    return found


def expansions(texts: Sequence[str], events: IsEvent) -> list[list[str]]:
    """``EVENT:PROPERTY`` as pairs. Raises QueryError."""
    pairs = []
    for text in texts:
        event, name = _behind_event(text, events)
        if not event:
            event, _, name = text.partition(":")
        if not event or not name:
            raise QueryError("expand", f"expand: {quoted(text)} is not written as EVENT:PROPERTY.")
        pairs.append([event, name])
    return pairs


def did(text: str, events: IsEvent) -> dict[str, Any]:
    """``EVENT[CONDITION][CONDITION]:N`` or ``:N-M``, of which only the event must be there.

    An event whose own name ends in such a number is written with its number: ``level:5:1``.

    Examples
    --------
    >>> did("order[price>10]:2", lambda names: {"order"} & set(names))
    {'did': 'order', 'at_least': 2, 'where': [{'property': 'price', 'operator': '>', 'values': ['10']}]}
    """
    event, _, times = text.rpartition(":")
    numbers = _TIMES.fullmatch(times)
    if not event or numbers is None:
        return {"did": text} | _done_where(text, "did", events)
    limits = zip(("at_least", "at_most"), numbers.groups(), strict=True)
    counted = {name: int(number[:10]) for name, number in limits if number is not None}
    return {"did": event, **counted} | _done_where(event, "did", events)


def did_not(text: str, events: IsEvent) -> dict[str, Any]:
    """``EVENT[CONDITION]``."""
    return {"did_not": text} | _done_where(text, "did_not", events)


def rule(text: str) -> dict[str, str]:
    """``wildcard:PATTERN=LABEL`` or ``regex:PATTERN=LABEL``; the last equals sign counts."""
    match, _, rest = text.partition(":")
    pattern, _, label = rest.rpartition("=")
    return {"match": match, "pattern": pattern, "label": label}


def _condition(text: str) -> dict[str, Any]:
    written = _CONDITION.fullmatch(text)
    if written:
        return {"property": written[1], "operator": OPERATORS[written[2]], "values": [written[3]]}
    if text.startswith("!"):
        return {"property": text[1:], "operator": "is_not_set"}
    return {"property": text, "operator": "is_set"}


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two conditions differ in nothing but their values, of which any may be meant."""
    return one["operator"] in _ONE_OF_SEVERAL and one | {"values": None} == other | {"values": None}


def _behind_event(text: str, events: IsEvent) -> tuple[str, str]:
    """The longest event that stands before a colon, and what follows; no event if there is none."""
    before = [text[: colon.start()] for colon in re.finditer(":", text)]
    event = max(events(before), key=len, default="")
    return event, text[len(event) + 1 :] if event else text


def _done_where(text: str, kind: str, events: IsEvent) -> dict[str, Any]:
    """The event without its conditions, and these; nothing if the text is the name of an event as it stands."""
    before = [text[: bracket.start()] for bracket in re.finditer(r"\[", text)]
    known = events([*before, text])
    if text in known or not text.endswith("]") or not known:
        return {}
    event = max(known, key=len)
    inside = text[len(event) + 1 : -1].split("][")
    return {kind: event, "where": conditions(inside, lambda names: set())}
