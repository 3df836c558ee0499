"""The question: every option of a flow, checked once, in one hashable value."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from flows.engine.conditions import LabelRule, PeopleCondition, label_rules, people_conditions
from flows.engine.errors import QueryError as QueryError
from flows.engine.errors import quoted as quoted
from flows.engine.filters import PropertyFilter, expansions, property_filters

MICROSECOND = 1
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

COUNTS = ("users", "sessions", "journeys")
OCCURRENCES = ("first", "last")
COLLAPSES = ("none", "consecutive", "cycles")
GAP, ID = "gap", "id"
SESSIONS_BY = (GAP, ID)
FILTERS = ("where", "start_where", "end_where")

MAX_STEPS = 20
MAX_TOP = 50
MAX_PATHS = 10_000
EARLIEST, LATEST = -2_208_988_800 * SECOND, 7_258_118_400 * SECOND  # the years 1900 and 2200
MAX_DURATION = 36_500 * DAY

_UNITS = {"us": MICROSECOND, "ms": 1000, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_SPELLED = re.compile(r"\s*(\d{1,16})\s*(us|ms|s|m|h|d|w)\s*", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_duration(text: str | int, field: str = "duration") -> int:
    """Read a length of time.

    Parameters
    ----------
    text : str or int
        A whole number with one of the units ``us``, ``ms``, ``s``, ``m``, ``h``, ``d``, ``w``; a plain int is
        microseconds.
    field : str
        Name used in the error.

    Returns
    -------
    int
        Microseconds, from 1 to 36 500 days.

    Raises
    ------
    QueryError
        If the text is no such length, or out of these bounds.

    Examples
    --------
    >>> parse_duration("30m")
    1800000000
    """
    if isinstance(text, bool) or not isinstance(text, str | int):
        raise QueryError(field, f"{field}: give a length of time such as 30m, 1h or 7d.")
    if isinstance(text, str):
        match = _SPELLED.fullmatch(text)
        if match is None:
            raise QueryError(
                field, f"{field}: {quoted(text)} is not a length of time; write for example 30m, 1h or 7d."
            )
        text = int(match[1]) * _UNITS[match[2]]
    if not 1 <= text <= MAX_DURATION:
        raise QueryError(field, f"{field}: the length of time must be more than zero and at most 36500d.")
    return text


def format_duration(microseconds: int) -> str:
    """Write a length of time in the largest unit that divides it.

    Weeks are written as days. The inverse of :func:`parse_duration`.

    Examples
    --------
    >>> format_duration(5_400_000_000)
    '90m'
    """
    for unit in ("d", "h", "m", "s", "ms"):
        if microseconds % _UNITS[unit] == 0:
            return f"{microseconds // _UNITS[unit]}{unit}"
    return f"{microseconds}us"


def parse_time(value: str | int | datetime, field: str) -> int:
    """Read a moment as microseconds since 1970 UTC.

    Parameters
    ----------
    value : str, int or datetime
        ISO 8601 with a zone, an aware datetime, or microseconds.
    field : str
        Name used in the error.

    Raises
    ------
    QueryError
        If it is none of these, or names no zone.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | datetime):
        raise QueryError(field, f"{field}: give a moment in ISO form, for example 2026-03-01T00:00:00Z.")
    if isinstance(value, str):
        text = value
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            sentence = f"{field}: {quoted(text)} is not a moment in ISO form, for example 2026-03-01T00:00:00Z."
            raise QueryError(field, sentence) from None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise QueryError(field, f"{field}: the moment must name its time zone, for example 2026-03-01T00:00:00Z.")
        value = (value - _EPOCH) // timedelta(microseconds=1)
    return value


def format_time(microseconds: int) -> str:
    """Write microseconds since 1970 UTC as ISO 8601 with ``Z``; the fraction only if there is one."""
    try:
        moment = _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return f"{microseconds}us"
    return moment.isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowQuery:
    """One question about paths. Durations and moments are microseconds (UTC), event lists are labels.

    Attributes
    ----------
    people : tuple of PeopleCondition
        All must hold in the range, or the whole history is out. Also given as dicts.
    rules : tuple of LabelRule
        Event names become labels: the first rule that matches counts. Also given as dicts.
    where : tuple of PropertyFilter
        Events that do not meet all of these are removed, behind the cut into sessions. Also given as dicts.
    start_where, end_where : tuple of PropertyFilter
        A start (end) event that does not meet all of these is an event like others. Also given as dicts.
    expand : tuple of (event, property)
        The label of such an event is ``event: value``, before rules; the event alone where it has no value. In lists of
        labels the name of the event stands for all of them.
    tops : tuple of (step, top)
        Steps that hold another number of labels than ``top``.
    session_by : str
        ``gap``, or ``id``: events with the same session id are one session, those without are cut by the gap.

    Raises
    ------
    QueryError
        From the constructor, if an option is out of bounds or two options contradict each other.
    """

    start: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    steps: int = 5
    top: int = 8
    count: str = "users"
    occurrence: str = "first"
    within: int = 7 * DAY
    session_gap: int = 30 * MINUTE
    max_gap: int | None = None
    collapse: str = "consecutive"
    only: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    range_from: int | None = None
    range_to: int | None = None
    paths: int = 50
    people: tuple[PeopleCondition, ...] = ()
    rules: tuple[LabelRule, ...] = ()
    where: tuple[PropertyFilter, ...] = ()
    start_where: tuple[PropertyFilter, ...] = ()
    end_where: tuple[PropertyFilter, ...] = ()
    expand: tuple[tuple[str, str], ...] = ()
    session_by: str = GAP
    tops: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        for name in ("start", "end", "only", "hide", "exclude"):
            object.__setattr__(self, name, _names(getattr(self, name), name))
        object.__setattr__(self, "people", people_conditions(self.people))
        object.__setattr__(self, "rules", label_rules(self.rules))
        object.__setattr__(self, "expand", expansions(self.expand))
        for name in FILTERS:
            object.__setattr__(self, name, property_filters(getattr(self, name), name))
        _within_bounds("steps", self.steps, 1, MAX_STEPS)
        _within_bounds("top", self.top, 1, MAX_TOP)
        object.__setattr__(self, "tops", _tops(self.tops, self.top, self.steps))
        _within_bounds("paths", self.paths, 0, MAX_PATHS)
        _one_of("count", self.count, COUNTS)
        _one_of("occurrence", self.occurrence, OCCURRENCES)
        _one_of("collapse", self.collapse, COLLAPSES)
        _one_of("session_by", self.session_by, SESSIONS_BY)
        for name in ("within", "session_gap", "max_gap"):
            if name != "max_gap" or self.max_gap is not None:
                parse_duration(getattr(self, name), name)
        if not self.start and not self.end:
            raise QueryError("start", "start: name at least one start event or one end event.")
        for side in ("start", "end"):
            if getattr(self, f"{side}_where") and not getattr(self, side):
                raise QueryError(f"{side}_where", f"{side}_where: there is no {side} event that it could be about.")
        hidden = sorted(set(self.hide) & {*self.start, *self.end})
        if hidden:
            raise QueryError("hide", f"hide: {quoted(hidden[0])} is a start or end event and cannot be hidden.")
        for name, moment in (("from", self.range_from), ("to", self.range_to)):
            if moment is not None and not EARLIEST <= moment <= LATEST:
                raise QueryError(name, f"{name}: the moment must lie between the years 1900 and 2200.")
        if self.range_from is not None and self.range_to is not None and self.range_from >= self.range_to:
            raise QueryError("from", "from: the range must begin before it ends.")

    @property
    def backwards(self) -> bool:
        """Whether paths are read from an end anchor back in time."""
        return not self.start

    @property
    def between(self) -> bool:
        """Whether paths lead from a start anchor to an end anchor."""
        return bool(self.start and self.end)

    def top_at(self, step: int) -> int:
        """How many labels of a step behind the anchor stand as themselves."""
        return dict(self.tops).get(step, self.top)

    @property
    def properties(self) -> tuple[str, ...]:
        """Every property that the question speaks of, sorted."""
        lists = [self.where, self.start_where, self.end_where, *(each.where for each in self.people)]
        return tuple(sorted({each.name for one in lists for each in one} | {name for _, name in self.expand}))

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> FlowQuery:
        """Build a query from what a command, a form or a saved chart holds.

        Parameters
        ----------
        data : mapping
            Keys as in :meth:`canonical`; a missing or ``None`` value means the default. Durations as text (``"7d"``) or
            microseconds, moments as ISO text with a zone or microseconds.

        Raises
        ------
        QueryError
            If a key is unknown or a value is not acceptable; it names the field.
        """
        values: dict[str, object] = {}
        for key, value in data.items():
            name = {"from": "range_from", "to": "range_to"}.get(key, key)
            if name not in _FIELDS or (key == name and name.startswith("range_")):
                raise QueryError(str(key), f"{quoted(str(key))}: there is no such option.")
            if value is None:
                continue
            if name in ("within", "session_gap", "max_gap"):
                value = parse_duration(value, name)  # type: ignore[arg-type]
            elif name in ("range_from", "range_to"):
                value = parse_time(value, key)  # type: ignore[arg-type]
            values[name] = value
        return cls(**values)  # type: ignore[arg-type]

    def canonical(self) -> dict[str, object]:
        """The question as JSON-able values that :meth:`from_dict` reads back; equal questions give equal dicts.

        From ``people`` on, options are there only if they are used.
        """
        lists: dict[str, tuple[PeopleCondition | LabelRule | PropertyFilter, ...]] = {
            name: getattr(self, name) for name in ("people", "rules", *FILTERS)
        }
        return {
            "start": list(self.start),
            "end": list(self.end),
            "steps": self.steps,
            "top": self.top,
            "count": self.count,
            "occurrence": self.occurrence,
            "within": format_duration(self.within),
            "session_gap": format_duration(self.session_gap),
            "max_gap": None if self.max_gap is None else format_duration(self.max_gap),
            "collapse": self.collapse,
            "only": list(self.only),
            "hide": list(self.hide),
            "exclude": list(self.exclude),
            "from": None if self.range_from is None else format_time(self.range_from),
            "to": None if self.range_to is None else format_time(self.range_to),
            "paths": self.paths,
            **{name: [each.to_dict() for each in given] for name, given in lists.items() if given},
            **({"expand": [list(pair) for pair in self.expand]} if self.expand else {}),
            **({"session_by": self.session_by} if self.session_by != GAP else {}),
            **({"tops": [list(pair) for pair in self.tops]} if self.tops else {}),
        }

    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON: the key under which a result may be cached."""
        text = json.dumps(self.canonical(), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


_FIELDS = frozenset(field.name for field in fields(FlowQuery))


def _names(value: object, field: str) -> tuple[str, ...]:
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(name, str) for name in value):
        raise QueryError(field, f"{field}: give a list of event names.")
    return tuple(sorted(set(value)))


def _within_bounds(field: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise QueryError(field, f"{field}: must be a whole number from {low} to {high}.")


def _tops(value: object, top: int, steps: int) -> tuple[tuple[int, int], ...]:
    """By step; what says nothing that ``top`` does not say is left out, as are steps that are not there."""
    if not isinstance(value, list | tuple) or any(
        not isinstance(pair, list | tuple) or len(pair) != 2 for pair in value
    ):
        raise QueryError("tops", "tops: give a list of steps with the number of labels of each.")
    for step, most in value:
        _within_bounds("tops", step, 1, MAX_STEPS)
        _within_bounds("tops", most, 1, MAX_TOP)
    return tuple(sorted((step, most) for step, most in dict(value).items() if most != top and step <= steps))


def _one_of(field: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise QueryError(field, f"{field}: must be one of {', '.join(choices)}.")
