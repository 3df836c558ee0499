"""The list of saved cohorts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flows.chart_view import end_words
from flows.contexts.questioning import spoken
from flows.contexts.sentence import NAME_LENGTH
from flows.contexts.spots import spot_words
from flows.engine.query import FlowQuery
from flows.engine.result import OTHER
from flows.engine.selector import CONVERTED, LINK, NODE, PATH, PREFIX, Selector
from flows.engine.spot import Spot
from flows.lettering import cut_middle_to, printable
from flows.models import Cohort
from flows.questions import Analysis
from flows.services.cohorts import origin


@dataclass(frozen=True, slots=True)
class CohortRow:
    cohort: Cohort
    sentence: str
    place: str


def cohort_rows(cohorts: Iterable[Cohort], zone: ZoneInfo, names: Mapping[int, str]) -> list[CohortRow]:
    rows = []
    for cohort in cohorts:
        born = origin(cohort)
        if born is None:
            rows.append(CohortRow(cohort, "", "Its question is no longer understood"))
        else:
            rows.append(CohortRow(cohort, spoken(born[0], zone, names), where(*born)))
    return rows


def where(query: FlowQuery | Analysis, selector: Selector | Spot) -> str:
    """As `place`, of whatever question."""
    if isinstance(selector, Spot):
        return spot_words(query, selector)
    return place(query, selector) if isinstance(query, FlowQuery) else ""


def place(query: FlowQuery, selector: Selector) -> str:
    """Where in the answer the people stand: "search at step 1, dropped"."""
    words = "All of them"
    if selector.set == CONVERTED:
        words = "Whoever reached the end"
    elif selector.set == NODE:
        words = f"{_name(selector.kind, selector.label)} at step {selector.step}"
    elif selector.set == LINK:
        source, target = (
            _name(kind, label)
            for kind, label in ((selector.source_kind, selector.source), (selector.target_kind, selector.target))
        )
        words = f"{source} → {target} at step {selector.step}"
    elif selector.set == PATH:
        words = " → ".join(_name("", label) for label in selector.path)
    elif selector.set == PREFIX:
        words = f"{' → '.join(_name('', label) for label in selector.path)} …"
    ends = end_words(query.steps, query.backwards)
    return f"{words}, {ends[selector.state].lower()}" if selector.state else words


def _name(kind: str, label: str) -> str:
    return "Other" if kind == OTHER else cut_middle_to(printable(label), NAME_LENGTH)
