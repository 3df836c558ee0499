"""What a flow is compared with: from one question, two that differ in range, cohort or filter."""

from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from flows.engine.conditions import IN_COHORT, NOT_IN_COHORT, PeopleCondition
from flows.engine.query import FlowQuery, QueryError
from flows.moments import is_midnight, microseconds, midnight, moment_in

PREVIOUS, RANGE, COHORT, REST, FILTER = "previous", "range", "cohort", "rest", "filter"
KINDS = (PREVIOUS, RANGE, COHORT, REST, FILTER)

Rows = tuple[Any, ...]  # conditions as a canonical question has them


@dataclass(frozen=True, slots=True)
class Contrast:
    """One way to compare. `since`, `until` (µs) belong to a range, `where` and `people` to a filter."""

    kind: str
    since: int | None = None
    until: int | None = None
    cohort: int = 0
    where: Rows = ()
    people: Rows = ()

    def pair(self, query: FlowQuery, zone: ZoneInfo, through: int | None) -> tuple[FlowQuery, FlowQuery]:
        """The two questions. `through` is the newest event of the dataset (µs). Raises QueryError.

        The first is the question itself, but for REST, where it is that of the cohort's people, and for PREVIOUS,
        where it is the earlier one: what is more in the second has grown.
        """
        first, second = query, query
        if self.kind == PREVIOUS:
            since, until = previous_period(query, zone, through)
            first = replace(query, range_from=since, range_to=until)
        elif self.kind == RANGE:
            second = replace(query, range_from=self.since, range_to=self.until)
        elif self.kind == COHORT:
            others = [each for each in query.people if each.kind != IN_COHORT]
            second = replace(query, people=(*others, PeopleCondition(IN_COHORT, cohort=self.cohort)))
        elif self.kind == REST:
            others = [each for each in query.people if each.cohort != self.cohort]
            first, second = (
                replace(query, people=(*others, PeopleCondition(kind, cohort=self.cohort)))
                for kind in (IN_COHORT, NOT_IN_COHORT)
            )
        else:
            second = replace(query, where=self.where, people=self.people)
        if first == second:
            raise QueryError("with", "with: both sides ask the same. Choose something else to compare with.")
        return first, second


def previous_period(query: FlowQuery, zone: ZoneInfo, through: int | None) -> tuple[int, int]:
    """The period before the range, as long as it: whole days of the zone where the range is, else µs.

    A range without an end goes through the day of the newest event. Raises QueryError where there is no beginning.
    """
    if query.range_from is None:
        raise QueryError(
            "with", "with: give the chart a range that begins somewhere, so that there is a period before."
        )
    since = moment_in(zone, query.range_from)
    if query.range_to is not None:
        until = moment_in(zone, query.range_to)
    elif through is not None:
        until = midnight(moment_in(zone, through).date(), zone, last=True)
    else:
        until = since
    if until <= since:
        raise QueryError("with", "with: the range begins after the newest event.")
    if is_midnight(since) and is_midnight(until):
        first = since.date() - (until.date() - since.date())
        return microseconds(midnight(first, zone)), query.range_from
    length = microseconds(until) - query.range_from
    return query.range_from - length, query.range_from
