"""Datasets and what is asked of them. Events themselves are not rows: they stand in segments (`flows/store/`)."""

from flows.models.charts import Annotation, ChartVersion, Cohort, FlowChart, FlowRun
from flows.models.datasets import Dataset, EventName, Import, Job, Segment, import_path

__all__ = [
    "Annotation",
    "ChartVersion",
    "Cohort",
    "Dataset",
    "EventName",
    "FlowChart",
    "FlowRun",
    "Import",
    "Job",
    "Segment",
    "import_path",
]
