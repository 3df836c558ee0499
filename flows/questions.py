"""What a chart can ask: a flow, or one of the analyses beside it. Questions are values: canonical, hashable, saved.

read({"kind": "funnel", "steps": [["visit"], ["order"]], …}) → FunnelQuestion
read({"start": ["visit"], …}) → FlowQuery
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flows.engine.analysis import DURATIONS, check_choice, check_conditions, check_names, check_range, plain
from flows.engine.conditions import LabelRule, PeopleCondition, label_rules
from flows.engine.filters import PropertyFilter
from flows.engine.funnel_query import Exclusion, FunnelQuery
from flows.engine.periods import calendar_edges
from flows.engine.query import DAY, FlowQuery, QueryError, format_duration, format_time, parse_duration, parse_time
from flows.engine.retention import MAX_PERIODS, RetentionQuery
from flows.engine.selector import Selector
from flows.engine.spot import TAKES as SPOTS
from flows.engine.spot import Spot
from flows.engine.timeline import TimelineQuery

PERIODS = ("day", "week", "month")
MOST_BUCKETS = 400
FLOW = "flow"
BOUNDS = ("range_from", "range_to", "where", "people")


class Question(Protocol):
    """What runs, cohorts and saved charts need to know of a question, be it a FlowQuery or an Analysis."""

    @property
    def people(self) -> tuple[PeopleCondition, ...]: ...

    def canonical(self) -> dict[str, object]: ...

    def digest(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What all analyses share: a range, conditions on events and people, rules for names. Moments, durations are µs.

    Raises QueryError from the constructor, naming the option that is wrong.
    """

    kind: ClassVar[str] = ""
    range_from: int | None = None
    range_to: int | None = None
    where: tuple[PropertyFilter, ...] = ()
    people: tuple[PeopleCondition, ...] = ()
    rules: tuple[LabelRule, ...] = ()

    def __post_init__(self) -> None:
        check_conditions(self)
        check_range(self)
        object.__setattr__(self, "rules", label_rules(self.rules))

    @property
    def events(self) -> dict[str, tuple[str, ...]]:
        """Option → the events that it names, as the rules call them."""
        return {}

    @property
    def broken_down(self) -> str | None:
        """The property by which it is broken down."""
        return None

    def shadow(self) -> FlowQuery:
        """A flow that names the same events, properties and cohorts, of the same range; it is never computed."""
        named = tuple(name for names in self.events.values() for name in names) or ("-",)
        expand = ((named[0], self.broken_down),) if self.broken_down else ()
        return FlowQuery(
            start=named,
            range_from=self.range_from,
            range_to=self.range_to,
            where=self.where,
            people=self.people,
            rules=self.rules,
            expand=expand,
        )

    def canonical(self) -> dict[str, object]:
        """JSON-able values that `read` reads back, without defaults; equal questions give equal dicts."""
        said = (field for field in fields(self) if getattr(self, field.name) != field.default)
        return {"kind": self.kind, **dict(map(self._written, said))}

    def options(self) -> dict[str, object]:
        """Every option as `canonical` writes it; None or empty where it is not set."""
        return dict(map(self._written, fields(self)))

    def _written(self, field: Field[Any]) -> tuple[str, object]:
        value, name = getattr(self, field.name), field.name
        if name in ("range_from", "range_to"):
            return name.removeprefix("range_"), None if value is None else format_time(value)
        if name in ("where", "people", "rules"):
            return name, [each.to_dict() for each in value]
        if name in DURATIONS and value is not None:
            return name, format_duration(value)
        return name, plain(value)

    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelQuestion(Analysis):
    """How far people come along ordered steps. `never` ends an attempt between the steps `after` and `before`."""

    kind: ClassVar[str] = "funnel"
    steps: tuple[tuple[str, ...], ...] = ()
    order: str = "eventual"
    count: str = "users"
    occurrence: str = "first"
    within: int = 7 * DAY
    max_gap: int | None = None
    never: tuple[str, ...] = ()
    after: int = 0
    before: int | None = None
    breakdown: str | None = None
    top: int = 8

    def __post_init__(self) -> None:
        Analysis.__post_init__(self)
        check_names(self, "never")
        object.__setattr__(self, "steps", self.engine().steps)

    @property
    def events(self) -> dict[str, tuple[str, ...]]:
        return {"steps": tuple(name for step in self.steps for name in step), "never": self.never}

    @property
    def broken_down(self) -> str | None:
        return self.breakdown

    def engine(self) -> FunnelQuery:
        names = ("steps", "order", "count", "occurrence", "within", "max_gap", "breakdown", "top", *BOUNDS)
        exclusions = (Exclusion(self.never, self.after, self.before),) if self.never else ()
        options: dict[str, Any] = {name: getattr(self, name) for name in names}
        return FunnelQuery(exclusions=exclusions, **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic(Analysis):
    """By calendar periods of a time zone, over the range or all the data."""

    period: str = "week"
    zone: str = "UTC"

    def __post_init__(self) -> None:
        Analysis.__post_init__(self)
        check_choice("period", self.period, PERIODS)
        try:
            ZoneInfo(self.zone)
        except (TypeError, ValueError, OSError, ZoneInfoNotFoundError):
            raise QueryError("zone", "zone: give the name of a time zone, for example Europe/Berlin.") from None

    def edges(self, since: int, through: int, most: int) -> tuple[int, ...]:
        """Edges of the periods, where the data reach from `since` through `through` (µs)."""
        low = since if self.range_from is None else self.range_from
        high = through + 1 if self.range_to is None else self.range_to
        return calendar_edges(self.period, low, high, ZoneInfo(self.zone), most)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionQuestion(Periodic):
    """Of the people who began in a period, how many came back in each later one. `back` empty: with any event."""

    kind: ClassVar[str] = "retention"
    first: tuple[str, ...] = ()
    back: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Periodic.__post_init__(self)
        check_names(self, "first", "back")
        if not self.first:
            raise QueryError("first", "first: name at least one event that begins.")

    @property
    def events(self) -> dict[str, tuple[str, ...]]:
        return {"first": self.first, "back": self.back}

    def engine(self, since: int, through: int) -> RetentionQuery:
        edges = self.edges(since, through, MAX_PERIODS)
        options: dict[str, Any] = {name: getattr(self, name) for name in ("first", "back", *BOUNDS)}
        return RetentionQuery(edges=edges, **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendQuestion(Periodic):
    """Events and people over time by label."""

    kind: ClassVar[str] = "trend"
    only: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    top: int = 6

    def __post_init__(self) -> None:
        Periodic.__post_init__(self)
        check_names(self, "only", "hide")
        self.engine(0, 1) if self.range_from is None and self.range_to is None else None

    @property
    def events(self) -> dict[str, tuple[str, ...]]:
        return {"only": self.only, "hide": self.hide}

    def engine(self, since: int, through: int) -> TimelineQuery:
        edges = self.edges(since, through, MOST_BUCKETS)
        options: dict[str, Any] = {name: getattr(self, name) for name in ("top", "only", "hide", *BOUNDS)}
        return TimelineQuery(edges=edges, **options)


KINDS: Mapping[str, type[Analysis]] = {each.kind: each for each in (FunnelQuestion, RetentionQuestion, TrendQuestion)}


def read_number(stored: Mapping[str, object]) -> Selector | Spot:
    """Which number of an answer is meant, of whatever kind. Raises QueryError, naming the field."""
    return (Spot if str(stored.get("set")) in SPOTS else Selector).from_dict(stored)


def read(stored: Mapping[str, object]) -> FlowQuery | Analysis:
    """The question that `canonical` wrote. Raises QueryError, naming the option."""
    if "kind" not in stored:
        return FlowQuery.from_dict(stored)
    made = KINDS.get(str(stored["kind"]))
    if made is None:
        raise QueryError("kind", f"kind: must be one of {', '.join((FLOW, *KINDS))}.")
    known = {each.name for each in fields(made)}
    values: dict[str, object] = {}
    for key, value in stored.items():
        name = f"range_{key}" if key in ("from", "to") else key
        if key == "kind" or value is None:
            continue
        if name not in known or (name == key and key.startswith("range_")):
            raise QueryError(str(key), f"{str(key)[:80]}: there is no such option.")
        if name in DURATIONS:
            value = parse_duration(value, name)  # type: ignore[arg-type]
        elif name.startswith("range_"):
            value = parse_time(value, key)  # type: ignore[arg-type]
        values[name] = value
    return made(**values)  # type: ignore[arg-type]
