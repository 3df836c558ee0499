"""Datasets and what is asked of them. Events themselves are not rows: they stand in segments (`flows/store/`)."""

from flows.models.charts import Annotation, ChartVersion, Cohort, FlowChart, FlowRun
from flows.models.dashboards import Dashboard, Tile
from flows.models.datasets import Dataset, EventName, Import, Job, Segment, import_path

__all__ = [
    "Annotation",
    "ChartVersion",
    "Cohort",
    "Dashboard",
    "Dataset",
    "EventName",
    "FlowChart",
    "FlowRun",
    "Import",
    "Job",
    "Segment",
    "Tile",
    "import_path",
]
