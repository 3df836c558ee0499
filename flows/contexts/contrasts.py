"""What a flow is compared with: the choice on the page, and what the two sides are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict

from flows.contexts.conditions import (
    KINDS,
    OPERATORS,
    FilterRow,
    PersonRow,
    condition_row,
    filter_words,
    joined,
    person_words,
)
from flows.contrasts import COHORT, FILTER, PREVIOUS, RANGE, REST, Contrast
from flows.engine.conditions import IN_COHORT
from flows.engine.query import FlowQuery
from flows.forms.conditions import NEW
from flows.forms.contrasts import PREFIX, ROWS, WITH, contrast_rows
from flows.moments import day_words

CHOICES = {
    PREVIOUS: "The period before",
    RANGE: "Another range",
    COHORT: "A cohort",
    REST: "A cohort and everybody else",
    FILTER: "Another filter",
}
Cohorts = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Chooser:
    """The form that says what to compare with, with what stands in it."""

    kind: str
    since: str
    until: str
    cohort: str
    where: tuple[FilterRow, ...]
    people: tuple[PersonRow, ...]
    cohorts: Cohorts

    choices = CHOICES
    operators = OPERATORS
    kinds = KINDS


def chooser(params: QueryDict, query: FlowQuery | None, cohorts: Cohorts) -> Chooser:
    """Where the address has no filter yet, that of the chart stands there to be changed."""
    kind = params.get(WITH, "")
    asked: Mapping[str, Any] = query.canonical() if query and kind != FILTER else contrast_rows(params)
    found = {}
    for option in ROWS:
        rows = [*asked.get(option, ()), {}]
        found[option] = tuple(
            condition_row(option, f"{PREFIX}{option}-{number if row else NEW}", row, cohorts)
            for number, row in enumerate(rows)
        )
    return Chooser(
        kind=kind if kind in CHOICES else PREVIOUS,
        since=params.get(f"{PREFIX}from", ""),
        until=params.get(f"{PREFIX}to", ""),
        cohort=params.get(f"{PREFIX}cohort", ""),
        cohorts=cohorts,
        where=found["where"],
        people=found["people"],
    )


def side_names(
    contrast: Contrast, pair: tuple[FlowQuery, FlowQuery], zone: ZoneInfo, cohorts: Cohorts
) -> tuple[str, str]:
    first, second = pair
    if contrast.kind in (PREVIOUS, RANGE):
        return range_words(first, zone), range_words(second, zone)
    if contrast.kind == REST:
        return _cohort(contrast.cohort, cohorts), "Everybody else"
    if contrast.kind == COHORT:
        own = [_cohort(each.cohort, cohorts) for each in first.people if each.kind == IN_COHORT]
        return "".join(joined(own)) or "As asked", _cohort(contrast.cohort, cohorts)
    return _filters(first, cohorts), _filters(second, cohorts)


def range_words(query: FlowQuery, zone: ZoneInfo) -> str:
    since = day_words(query.range_from, zone) if query.range_from is not None else ""
    until = day_words(query.range_to, zone, last=True) if query.range_to is not None else ""
    if since and until:
        return since if since == until else f"{since} – {until}"
    if since or until:
        return f"Since {since}" if since else f"Until {until}"
    return "All time"


def _cohort(pk: int, cohorts: Cohorts) -> str:
    return cohorts.get(pk, f"Cohort {pk}")


def _filters(query: FlowQuery, cohorts: Cohorts) -> str:
    said = [person_words(each.to_dict(), cohorts) for each in query.people]
    said += [filter_words(each.to_dict()) for each in query.where]
    text = "".join(joined(said))
    return text[:1].upper() + text[1:] if text else "No filter"
