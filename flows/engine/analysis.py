"""What the analyses beside the flow share: names of events, key ranges walked by threads, checks, heads of answers.

Here too a person is in exactly one key range; histories that stand in one segment are read in place, others are put
together first; partial results of threads add up.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from queue import SimpleQueue
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import CodeArray, IntArray
from flows.engine.conditions import people_conditions
from flows.engine.counting import bucket_seconds
from flows.engine.crew import Crew
from flows.engine.filters import property_filters
from flows.engine.histories import Given as Given
from flows.engine.histories import Histories as Histories
from flows.engine.histories import Reader, Reading, conditions_on
from flows.engine.labelling import MAX_LABELS
from flows.engine.lens import Lens
from flows.engine.plan import FOREVER, KeyRange, Scope, cut_keys
from flows.engine.query import QueryError, format_duration, format_time, parse_duration, quoted
from flows.engine.source import Watch

DURATIONS = ("within", "session_gap", "max_gap")
MOMENTS = {"range_from": "from", "range_to": "to"}
CONDITIONS = ("where", "people")

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class EventNames:
    """The event names of several segments as one list of label codes.

    Attributes
    ----------
    names : list of str
        Label code → name; where rules clean names, the label that they make of it.
    recode : list of int32[codes of the segment]
        Per segment: local code → label code.
    known : dict
        Name → label code.
    """

    names: list[str]
    recode: list[CodeArray]
    known: dict[str, int]
    _catalogue: Collection[str]

    def codes(self, field: str, events: Collection[str]) -> list[int]:
        """Label codes of some events; one that only the catalogue knows has none.

        Raises
        ------
        QueryError
            If neither a segment nor the catalogue knows an event.
        """
        for event in events:
            if event not in self.known and event not in self._catalogue:
                raise QueryError(field, f"{field}: there is no event {quoted(event)} in this dataset.")
        return [self.known[event] for event in events if event in self.known]

    def visible(self, only: Collection[str], hide: Collection[str], always: Collection[int] = ()) -> NDArray[np.bool_]:
        """Which labels the question shows (bool[labels]): ``only`` if given and ``always``, without ``hide``."""
        shown = np.full(len(self.names), not only)
        shown[self.codes("only", only)] = True
        shown[list(always)] = True
        shown[self.codes("hide", hide)] = False
        return shown


def name_events(given: Given) -> EventNames:
    """Give every event name one label code; names of which ``relabel`` makes the same label share it.

    Raises
    ------
    QueryError
        If there are too many names.

    Examples
    --------
    >>> segment = segment_from_rows([(1, "b", 0), (1, "a", 1)])
    >>> name_events(Given(segments=[segment], data_from=0, data_through=1)).names
    ['b', 'a']
    """
    cleaned: Mapping[str, str] = {}
    if given.relabel is not None:
        cleaned = given.relabel(sorted({name for segment in given.segments for name in segment.names}))
    known: dict[str, int] = {}
    seen: dict[int, CodeArray] = {}
    recode: list[CodeArray] = []
    for segment in given.segments:
        if id(segment.names) not in seen:
            labels = (cleaned.get(name, name) for name in segment.names)
            codes = [known.setdefault(label, len(known)) for label in labels]
            seen[id(segment.names)] = np.array(codes, np.int32)
        recode.append(seen[id(segment.names)])
    if len(known) > MAX_LABELS:
        raise QueryError("events", f"events: the dataset has more than {MAX_LABELS} event names, which is too many.")
    return EventNames(list(known), recode, known, given.catalogue)


class Folded(NamedTuple, Generic[P]):
    """Partial results, at least one; ties of everybody who is looked at; units with an event that no filter removed, if
    there is a filter, else None."""

    parts: list[P]
    ties: int
    eligible: int | None


class Fold:
    """Shows every history once to a kernel, in threads, each with a partial result of its own. May be asked again.

    Parameters
    ----------
    query : an analysis' query
        Its ``where`` removes events, its ``people`` whole histories.
    given : Given
    names : EventNames
        Of the segments that are given.
    scope : Scope
    threads : int or None
        None: the processors this process may use.
    watch : Watch

    Raises
    ------
    QueryError
        If a condition names an event, a property or a cohort that is nowhere in the dataset.
    """

    def __init__(
        self, query: Any, given: Given, names: EventNames, scope: Scope, threads: int | None, watch: Watch
    ) -> None:
        self._segments = given.segments
        self._names = names
        self._scope = scope
        self._filters = bool(query.where)
        self._conditions = conditions_on(given, query.where, query.people)
        self._threads = threads or len(os.sched_getaffinity(0))
        self._watch = watch

    def ranges(
        self,
        table: CodeArray,
        *,
        new: Callable[[], P],
        add: Callable[[P, Histories], None],
        done: tuple[float, float] = (0.0, 1.0),
        lens: Lens | None = None,
    ) -> Folded[P]:
        """Read all histories.

        Parameters
        ----------
        table : int32[labels]
            Label code → what the kernel needs to know of the event; 0 for one that is not there.
        new : callable
            Makes an empty partial result; called once a thread.
        add : callable
            Adds histories to a partial result.
        done : (float, float)
            Share of the work that is done before and after.
        lens : Lens, optional
            Takes the place of the table.

        Raises
        ------
        Cancelled
        """
        if lens is None and self._filters:
            lens = Lens(table, self._names.recode)
        ranges = cut_keys(self._segments, self._threads)
        parts = [new() for _ in range(self._threads)]
        free: SimpleQueue[P] = SimpleQueue()
        for each in parts:
            free.put(each)

        def walk(part: KeyRange) -> Reading:
            self._watch.check()
            mine = free.get()
            try:
                reading = reader.read(part)
                for histories in reading.histories:
                    add(mine, histories)
                return replace(reading, histories=[])
            finally:
                free.put(mine)

        ties, eligible = 0, 0 if self._filters else None
        with Crew(self._threads) as crew:
            reader = Reader(self._segments, self._names.recode, table, self._scope, self._conditions, crew, lens=lens)
            for number, reading in enumerate(crew.each(walk, ranges), 1):
                self._watch.report(done[0] + (done[1] - done[0]) * number / len(ranges))
                ties += reading.ties
                eligible = None if eligible is None or reading.eligible is None else eligible + reading.eligible
        return Folded(parts, ties, eligible)


def scope_between(query: Any) -> Scope:
    """The scope of a question with a range that counts people or sessions."""
    return Scope(True, *limits(query), query.count == "sessions", query.session_gap)


def limits(query: Any) -> tuple[int, int]:
    """``[since, until)`` of a question, µs; open sides are very far."""
    since = -FOREVER if query.range_from is None else query.range_from
    until = FOREVER if query.range_to is None else query.range_to
    return since, until


def quantile_seconds(histogram: IntArray, tenths: int) -> float | None:
    """The time that so many tenths of all times do not exceed, from a histogram of :func:`gap_bucket`; None if empty.

    Parameters
    ----------
    histogram : int64[buckets]
    tenths : int

    Examples
    --------
    >>> quantile_seconds(np.array([0, 3, 1]), 5)
    1e-06
    """
    total = int(histogram.sum())
    if not total:
        return None
    rank = (total * tenths + 9) // 10
    return float(bucket_seconds(np.searchsorted(np.cumsum(histogram), [rank]))[0])


def canonical(query: Any) -> dict[str, object]:
    """A question as JSON-able values; equal questions give equal dicts. Conditions are there only if there are any."""
    values: dict[str, object] = {}
    for field in fields(query):
        value = getattr(query, field.name)
        if field.name in CONDITIONS:
            if value:
                values[field.name] = [each.to_dict() for each in value]
            continue
        if value is not None and field.name in DURATIONS:
            value = format_duration(value)
        if value is not None and field.name in MOMENTS:
            value = format_time(value)
        values[MOMENTS.get(field.name, field.name)] = plain(value)
    return values


def plain(value: Any) -> Any:
    """Lists for tuples, all the way down."""
    return [plain(part) for part in value] if isinstance(value, tuple) else value


def head(
    query: dict[str, object], *, dataset_version: int, data_through: int | None, seconds: float
) -> dict[str, object]:
    """What stands at the head of every answer."""
    return {
        "query": query,
        "dataset_version": dataset_version,
        "data_through": None if data_through is None else format_time(data_through),
        "computed_in_ms": round(seconds * 1000),
    }


def check_names(query: Any, *names: str) -> None:
    """Put lists of event names into their canonical form.

    Raises
    ------
    QueryError
        If one is no list of names.
    """
    for name in names:
        object.__setattr__(query, name, event_set(getattr(query, name), name))


def event_set(value: object, field: str) -> tuple[str, ...]:
    """Event names, each once, sorted; a single name is a list of one."""
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(name, str) for name in value):
        raise QueryError(field, f"{field}: give a list of event names.")
    return tuple(sorted(set(value)))


def check_conditions(query: Any) -> None:
    """Put conditions on events and people into their canonical form. Raises QueryError."""
    object.__setattr__(query, "where", property_filters(query.where, "where"))
    object.__setattr__(query, "people", people_conditions(query.people))


def check_between(field: str, value: object, low: int, high: int) -> None:
    """Raises QueryError unless ``value`` is a whole number from low to high."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise QueryError(field, f"{field}: must be a whole number from {low} to {high}.")


def check_choice(field: str, value: object, choices: Sequence[str]) -> None:
    """Raises QueryError unless ``value`` is one of the choices."""
    if value not in choices:
        raise QueryError(field, f"{field}: must be one of {', '.join(choices)}.")


def check_durations(query: Any, *names: str) -> None:
    """Raises QueryError unless every named duration is None or a possible length of time in µs."""
    for name in names:
        if getattr(query, name) is not None:
            parse_duration(getattr(query, name), name)


def check_range(query: Any) -> None:
    """Raises QueryError if the range ends before it begins."""
    if query.range_from is not None and query.range_to is not None and query.range_from >= query.range_to:
        raise QueryError("from", "from: the range must begin before it ends.")


def check_not_hidden(hide: Collection[str], needed: Collection[str], what: str) -> None:
    """Raises QueryError if the question hides what it asks about."""
    hidden = sorted(set(hide) & set(needed))
    if hidden:
        raise QueryError("hide", f"hide: {quoted(hidden[0])} is {what} and cannot be hidden.")
