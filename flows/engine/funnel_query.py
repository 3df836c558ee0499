"""The question of a funnel, checked once, in one hashable value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.engine.analysis import (
    check_between,
    check_choice,
    check_conditions,
    check_durations,
    check_names,
    check_not_hidden,
    check_range,
    event_set,
)
from flows.engine.conditions import PeopleCondition
from flows.engine.filters import PropertyFilter, is_property
from flows.engine.query import (
    COLLAPSES,
    COUNTS,
    DAY,
    MAX_STEPS,
    MAX_TOP,
    MINUTE,
    OCCURRENCES,
    FlowQuery,
    QueryError,
    quoted,
)

ORDERS = ("eventual", "strict")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Events that end an attempt between two steps, numbered from 0: behind step ``after``, while ``before`` is not
    reached (None: the last one)."""

    events: tuple[str, ...]
    after: int = 0
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelQuery:
    """One question about ordered steps. Durations and moments are microseconds (UTC), event lists are names.

    ``steps`` are 1 to 21 sets of events, any of which is the step. Options mean what they mean for a flow with the
    first step as its start; events of steps and exclusions are visible whatever ``only`` lists. ``where`` removes
    events that do not meet all conditions, ``people`` whole histories. ``breakdown`` names a property: attempts are
    also counted by its value at their first event, the ``top`` values as themselves and all others as one Other.

    Raises
    ------
    QueryError
        From the constructor, if an option is out of bounds or two options contradict each other.
    """

    steps: tuple[tuple[str, ...], ...]
    order: str = "eventual"
    count: str = "users"
    occurrence: str = "first"
    within: int = 7 * DAY
    session_gap: int = 30 * MINUTE
    max_gap: int | None = None
    collapse: str = "consecutive"
    only: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    range_from: int | None = None
    range_to: int | None = None
    where: tuple[PropertyFilter, ...] = ()
    people: tuple[PeopleCondition, ...] = ()
    breakdown: str | None = None
    top: int = 8

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", step_sets(self.steps, "steps", MAX_STEPS + 1))
        object.__setattr__(self, "exclusions", _exclusions(self.exclusions, self.steps))
        check_names(self, "only", "hide")
        check_choice("order", self.order, ORDERS)
        check_choice("count", self.count, COUNTS)
        check_choice("occurrence", self.occurrence, OCCURRENCES)
        check_choice("collapse", self.collapse, COLLAPSES)
        check_durations(self, "within", "session_gap", "max_gap")
        check_range(self)
        check_conditions(self)
        check_between("top", self.top, 1, MAX_TOP)
        if self.breakdown is not None and not is_property(self.breakdown):
            raise QueryError("breakdown", "breakdown: give the name of a property.")
        check_not_hidden(self.hide, self.events, "an event of the funnel")
        if self.order == "strict":
            if self.exclusions:
                raise QueryError("exclusions", "exclusions: with order strict any other event ends the attempt.")
            if self.breakdown is not None:
                raise QueryError("breakdown", "breakdown: only a funnel with order eventual can be broken down.")
        elif self.count == "journeys":
            raise QueryError("count", "count: journeys can only be counted with order strict.")
        elif self.collapse == "cycles":
            raise QueryError("collapse", "collapse: cycles can only be folded with order strict.")

    @property
    def events(self) -> tuple[str, ...]:
        """Every event of a step or an exclusion."""
        named = {event for step in self.steps for event in step}
        return tuple(sorted(named.union(*(exclusion.events for exclusion in self.exclusions))))

    def as_flow(self) -> FlowQuery:
        """The flow whose paths a strict funnel follows.

        Before and after: steps=((a,), (b, c)), within=1d → start=(a,), steps=1, within=1d.
        """
        return FlowQuery(
            start=self.steps[0],
            steps=max(1, len(self.steps) - 1),
            count=self.count,
            occurrence=self.occurrence,
            within=self.within,
            session_gap=self.session_gap,
            max_gap=self.max_gap,
            collapse=self.collapse,
            only=(*self.only, *self.events) if self.only else (),
            hide=self.hide,
            range_from=self.range_from,
            range_to=self.range_to,
            where=self.where,
            people=self.people,
            paths=0,
        )


def step_sets(steps: object, field: str, most: int) -> tuple[tuple[str, ...], ...]:
    """Steps in their canonical form.

    Raises
    ------
    QueryError
        Unless they are 1 to ``most`` sets of names, none empty.
    """
    if not isinstance(steps, list | tuple) or not 1 <= len(steps) <= most:
        raise QueryError(field, f"{field}: give 1 to {most} steps.")
    sets = tuple(event_set(step, field) for step in steps)
    if not all(sets):
        raise QueryError(field, f"{field}: each step must name at least one event.")
    return sets


def _exclusions(exclusions: object, steps: Sequence[tuple[str, ...]]) -> tuple[Exclusion, ...]:
    if not isinstance(exclusions, list | tuple) or not all(isinstance(each, Exclusion) for each in exclusions):
        raise QueryError("exclusions", "exclusions: give a list of events with the steps between which they count.")
    found = []
    for each in exclusions:
        events = event_set(each.events, "exclusions")
        before = len(steps) - 1 if each.before is None else each.before
        whole = all(type(number) is int for number in (each.after, before))
        if not events or not whole or not 0 <= each.after < before < len(steps):
            raise QueryError("exclusions", "exclusions: name events, and two steps of the funnel in their order.")
        wanted = {event for step in steps[each.after + 1 : before + 1] for event in step}
        if wanted & set(events):
            name = quoted(min(wanted & set(events)))
            raise QueryError("exclusions", f"exclusions: {name} is itself a step there.")
        found.append(Exclusion(events, each.after, before))
    return tuple(found)
