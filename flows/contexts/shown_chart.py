"""A saved chart as it was last computed, for others, dashboards and files. Nobody can ask on from it."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from flows import queries
from flows.answers import view
from flows.answers.view import AnswerView, answer_view
from flows.chart_view import ChartView, chart_view
from flows.contexts.questioning import spoken
from flows.models import FlowChart, Tile
from flows.questions import Analysis
from flows.sankey import HEIGHT
from flows.services.runs import saved_query

FLOW, ANSWER = (1360, HEIGHT), (view.WIDTH, view.HEIGHT)  # pixels of the picture on a page of its own
COLUMN, AROUND = 320, 32  # pixels: of a dashboard's grid, and what stands beside a picture
ROW, ABOVE = 130, 190  # of its rows, and what stands above and below a picture
LEAST = 240


@dataclass(frozen=True, slots=True)
class ShownChart:
    """`view` of a flow or `answer` of an analysis; both are None where nothing was computed yet. Nothing leads on."""

    saved: FlowChart
    sentence: str
    view: ChartView | None
    answer: AnswerView | None
    data_through: datetime | None
    computed_at: datetime | None
    is_current: bool  # whether no newer events have come since
    is_small: bool = False  # the figures without the picture, which would not be read


def shown_chart(saved: FlowChart, *, size: tuple[float, float] | None = None, uid: str = "flow") -> ShownChart:
    """Computes nothing, so that no visitor can make work. `size` is that of the picture, in pixels."""
    query = saved_query(saved.query)
    run = queries.last_answer(saved.dataset, query) if query else None
    result = run.result if run else None
    analysis = query if isinstance(query, Analysis) else None
    through = result["data_through"] if result else None
    zone = ZoneInfo(saved.team.time_zone)
    width, height = size or (ANSWER if analysis else FLOW)
    return ShownChart(
        saved=saved,
        sentence=spoken(query, zone, queries.cohort_names(saved.team, saved.dataset)) if query else "",
        view=chart_view(result, uid=uid, width=width, height=height) if result and not analysis else None,
        answer=answer_view(result, analysis, width=width, height=height) if result and analysis else None,
        data_through=datetime.fromisoformat(through) if through else None,
        computed_at=run.finished_at if run else None,
        is_current=run is not None and run.dataset_version == saved.dataset.version,
    )


def shown_tile(tile: Tile, chart: FlowChart) -> ShownChart:
    """The chart of a tile, drawn for the size of the tile."""
    size = max(2, tile.width) * COLUMN - AROUND, max(LEAST, tile.height * ROW - ABOVE)
    shown = shown_chart(chart, size=size, uid=f"tile-{tile.pk}")
    return replace(shown, is_small=tile.width == 1 or tile.height < 3)
