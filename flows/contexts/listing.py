"""The list of saved charts, and how it can be narrowed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from accounts.models import Team
from flows import queries
from flows.contexts.questioning import spoken
from flows.forms.keeping import ORDERS
from flows.models import FlowChart
from flows.services.runs import saved_query
from flows.shelves import Filing, filed, filing


@dataclass(frozen=True, slots=True)
class ChartRow:
    chart: FlowChart
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartShelf(Filing):
    """All charts of the team at a glance."""

    total: int
    datasets: list[tuple[str, str]]


def chart_shelf(team: Team) -> ChartShelf:
    charts = FlowChart.objects.filter(team=team)
    rows = list(charts.order_by().values_list("folder", "tags", "owner", "dataset__slug", "dataset__name"))
    found = filing(row[:3] for row in rows)
    return ChartShelf(
        folders=found.folders,
        tags=found.tags,
        owners=found.owners,
        total=len(rows),
        datasets=sorted({(slug, name) for *_, slug, name in rows}, key=lambda each: each[1].casefold()),
    )


def narrowed(team: Team, chosen: Mapping[str, Any]) -> QuerySet[FlowChart]:
    """The charts that fit all that is `chosen`, in its order."""
    charts = filed(queries.charts(team), chosen)
    if "dataset" in chosen:
        charts = charts.filter(dataset__slug=chosen["dataset"])
    if "q" in chosen:
        charts = charts.filter(name__icontains=chosen["q"])
    return charts.order_by(*ORDERS[chosen.get("sort", "changed")][1])


def chart_rows(team: Team, charts: Iterable[FlowChart]) -> list[ChartRow]:
    zone = ZoneInfo(team.time_zone)
    cohorts = queries.cohort_names(team)
    rows = []
    for chart in charts:
        query = saved_query(chart.query)
        rows.append(
            ChartRow(chart, spoken(query, zone, cohorts) if query else "This question is no longer understood.")
        )
    return rows
