"""What a file says beside the numbers."""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime

from accounts.models import Team
from flows import queries
from flows.contexts import analysis_page, chart_page
from flows.contexts.questioning import spoken
from flows.exports.formats import ChartFile
from flows.forms.analyses import AnalysisForm
from flows.forms.charts import QuestionForm
from flows.models import FlowChart, FlowRun
from flows.questions import Analysis

Asked = QuestionForm | AnalysisForm


def chart_file(*, team: Team, saved: FlowChart | None, form: Asked, run: FlowRun, measure: str) -> ChartFile:
    """Of a done `run` of the question in `form`; times are told in the team's zone."""
    assert form.query is not None
    assert run.result is not None
    assert run.finished_at is not None
    through = run.result["data_through"]
    said = [f"Events through {_moment(datetime.fromisoformat(through), form)}"] if through else []
    return ChartFile(
        title=saved.name if saved else _suggested(form),
        sentence=spoken(form.query, form.zone, queries.cohort_names(team, form.dataset)),
        when=" · ".join([*said, f"computed {_moment(run.finished_at, form)}", str(form.zone)]),
        dataset=form.dataset.name,
        result=run.result,
        question=form.query if isinstance(form.query, Analysis) else None,
        measure=measure,
    )


def _suggested(form: Asked) -> str:
    return analysis_page.suggested_name(form) if isinstance(form, AnalysisForm) else chart_page.suggested_name(form)


def _moment(at: datetime, form: Asked) -> str:
    return date_format(localtime(at, form.zone), "j M Y, H:i")
