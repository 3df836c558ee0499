"""The versions of a chart, and what changed from one to the next in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict

from flows import queries
from flows.contexts.analysis_page import TITLES
from flows.contexts.builder import FIELDS
from flows.contexts.conditions import filter_words, person_words
from flows.engine.query import FlowQuery
from flows.forms import analyses, charts
from flows.lettering import cut_middle_to, printable
from flows.models import ChartVersion, FlowChart
from flows.moments import day_words
from flows.questions import FLOW, Analysis, Question
from flows.services.runs import saved_query

SHOWN = 48  # letters of a name
UNSET = "not set"
WORDS = {"users": "people", "eventual": "in any time", "strict": "right behind"}
Cohorts = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class VersionRow:
    """`url` opens the question as it was; empty where it can no longer be asked."""

    version: ChartVersion
    changes: tuple[str, ...]
    url: str
    is_current: bool


def version_rows(chart: FlowChart, path: str) -> list[VersionRow]:
    """The newest first; `path` is the address of the chart's page."""
    zone, cohorts = ZoneInfo(chart.team.time_zone), queries.cohort_names(chart.team)
    versions = list(queries.versions_of(chart))
    rows = []
    for place, (version, before) in enumerate(zip(versions, [*versions[1:], None], strict=True)):
        query = saved_query(version.query)
        url = f"{path}?{_params(query, version, chart, zone).urlencode()}" if query else ""
        words = tuple(_changes(before, version, zone, cohorts)) if before else ("Made",)
        rows.append(VersionRow(version, words, url, place == 0))
    return rows


def _params(query: FlowQuery | Analysis, version: ChartVersion, chart: FlowChart, zone: ZoneInfo) -> QueryDict:
    if isinstance(query, Analysis):
        return analyses.params_of(query, version.dataset, zone)
    params = charts.params_of(query, version.dataset, zone)
    if "kind" in chart.query:
        params["kind"] = FLOW  # the chart is of another kind now
    return params


def _changes(before: ChartVersion, after: ChartVersion, zone: ZoneInfo, cohorts: Cohorts) -> Iterator[str]:
    if before.name != after.name:
        yield f"Name: {_shown(before.name)} → {_shown(after.name)}"
    if before.dataset_id != after.dataset_id:
        yield f"Events of: {_shown(before.dataset.name)} → {_shown(after.dataset.name)}"
    old, new = saved_query(before.query), saved_query(after.query)
    if old and new:
        yield from changed_options(old, new, zone, cohorts)


def changed_options(old: Question, new: Question, zone: ZoneInfo, cohorts: Cohorts) -> Iterator[str]:
    """One text for each option that differs, in the order of the builder; of another kind, that it is one."""
    kinds = [each.kind if isinstance(each, Analysis) else FLOW for each in (old, new)]
    if kinds[0] != kinds[1]:
        yield f"{analyses.NAMES[kinds[0]]} → {analyses.NAMES[kinds[1]]}"
        return
    was, now = (each.options() if isinstance(each, Analysis) else each.canonical() for each in (old, new))
    for name, title in (FIELDS if kinds[0] == FLOW else TITLES).items():
        one, other = was.get(name), now.get(name)
        if one == other:
            continue
        if isinstance(one, list) or isinstance(other, list):
            yield f"{title}: {_list_change(name, _list(one), _list(other), cohorts)}"
        else:
            yield f"{title}: {_value(name, one, zone)} → {_value(name, other, zone)}"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _list_change(name: str, old: list[Any], new: list[Any], cohorts: Cohorts) -> str:
    come = [_item(name, each, cohorts) for each in new if each not in old]
    gone = [_item(name, each, cohorts) for each in old if each not in new]
    if not come and not gone:
        return "in another order"
    parts = [("added ", come), ("removed ", gone)]
    return "; ".join(lead + ", ".join(items) for lead, items in parts if items)


def _item(name: str, each: Any, cohorts: Cohorts) -> str:
    match name:
        case "people":
            return person_words(each, cohorts)
        case "where" | "start_where" | "end_where":
            return filter_words(each)
        case "expand":
            return f"{_shown(each[0])} by {_shown(each[1])}"
        case "rules":
            return f"{_shown(each['pattern'])} → {_shown(each['label'])}"
        case "steps":
            return " or ".join(map(_shown, each))
    return _shown(str(each))


def _value(name: str, value: object, zone: ZoneInfo) -> str:
    if value is None:
        return UNSET
    if name in ("from", "to"):
        moment = FlowQuery.from_dict({"start": ["x"], name: value})
        at = moment.range_from if name == "from" else moment.range_to
        return day_words(at, zone, last=name == "to") if at is not None else UNSET
    if name in ("after", "before"):
        return str(int(str(value)) + 1)
    return WORDS.get(str(value), str(value))


def _shown(name: str) -> str:
    return cut_middle_to(printable(name), SHOWN)
