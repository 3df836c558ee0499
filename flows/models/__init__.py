"""Datasets and what is asked of them. Events themselves are not rows: they stand in segments (`flows/store/`)."""

from flows.models.alerts import Alert, Delivery, new_secret
from flows.models.charts import Annotation, ChartVersion, Cohort, FlowChart, FlowRun
from flows.models.dashboards import Dashboard, Tile
from flows.models.datasets import Dataset, EventName, Import, Job, Segment, import_path

__all__ = [
    "Alert",
    "Annotation",
    "ChartVersion",
    "Cohort",
    "Dashboard",
    "Dataset",
    "Delivery",
    "EventName",
    "FlowChart",
    "FlowRun",
    "Import",
    "Job",
    "Segment",
    "Tile",
    "import_path",
    "new_secret",
]
