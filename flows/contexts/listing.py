"""The list of saved charts."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from accounts.models import Team
from flows import queries
from flows.contexts.questioning import spoken
from flows.models import FlowChart
from flows.services.runs import saved_query


@dataclass(frozen=True, slots=True)
class ChartRow:
    chart: FlowChart
    sentence: str


def chart_rows(team: Team) -> list[ChartRow]:
    zone = ZoneInfo(team.time_zone)
    cohorts = queries.cohort_names(team)
    rows = []
    for chart in queries.charts(team):
        query = saved_query(chart.query)
        rows.append(
            ChartRow(chart, spoken(query, zone, cohorts) if query else "This question is no longer understood.")
        )
    return rows
