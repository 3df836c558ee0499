"""A saved chart as it was last computed, for others, dashboards and files. Nobody can ask on from it."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from flows import queries
from flows.chart_view import ChartView, chart_view
from flows.contexts.questioning import spoken
from flows.engine.query import FlowQuery
from flows.models import FlowChart, Tile
from flows.sankey import HEIGHT
from flows.services.runs import saved_query

WIDTH = 1360  # pixels of the picture on a page of its own
COLUMN, AROUND = 320, 32  # pixels: of a dashboard's grid, and what stands beside a picture
ROW, ABOVE = 130, 190  # of its rows, and what stands above and below a picture
LEAST = 240


@dataclass(frozen=True, slots=True)
class ShownChart:
    """`view` is None where nothing was computed yet; no number of it leads anywhere."""

    saved: FlowChart
    sentence: str
    view: ChartView | None
    data_through: datetime | None
    computed_at: datetime | None
    is_current: bool  # whether no newer events have come since
    is_small: bool = False  # the figures without the picture, which would not be read


def shown_chart(saved: FlowChart, *, width: float = WIDTH, height: float = HEIGHT, uid: str = "flow") -> ShownChart:
    """Computes nothing, so that no visitor can make work."""
    query = saved_query(saved.query)
    run = queries.last_answer(saved.dataset, query) if isinstance(query, FlowQuery) else None
    result = run.result if run else None
    through = result["data_through"] if result else None
    zone = ZoneInfo(saved.team.time_zone)
    return ShownChart(
        saved=saved,
        sentence=spoken(query, zone, queries.cohort_names(saved.team, saved.dataset)) if query else "",
        view=chart_view(result, uid=uid, width=width, height=height) if result else None,
        data_through=datetime.fromisoformat(through) if through else None,
        computed_at=run.finished_at if run else None,
        is_current=run is not None and run.dataset_version == saved.dataset.version,
    )


def shown_tile(tile: Tile, chart: FlowChart) -> ShownChart:
    """The chart of a tile, drawn for the size of the tile."""
    width, height = max(2, tile.width) * COLUMN - AROUND, max(LEAST, tile.height * ROW - ABOVE)
    shown = shown_chart(chart, width=width, height=height, uid=f"tile-{tile.pk}")
    return replace(shown, is_small=tile.width == 1 or tile.height < 3)
