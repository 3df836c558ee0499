"""What a file says beside the numbers."""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime

from accounts.models import Team
from flows import queries
from flows.contexts.sentence import spoken
from flows.exports.formats import ChartFile
from flows.forms.charts import QuestionForm
from flows.models import FlowRun


def chart_file(*, team: Team, form: QuestionForm, run: FlowRun, title: str) -> ChartFile:
    """Of a done `run` of the question in `form`; times are told in the team's zone."""
    assert form.query is not None
    assert run.result is not None
    assert run.finished_at is not None
    through = run.result["data_through"]
    said = [f"Events through {_moment(datetime.fromisoformat(through), form)}"] if through else []
    return ChartFile(
        title=title,
        sentence=spoken(form.query, form.zone, queries.cohort_names(team, form.dataset)),
        when=" · ".join([*said, f"computed {_moment(run.finished_at, form)}", str(form.zone)]),
        dataset=form.dataset.name,
        result=run.result,
    )


def _moment(at: datetime, form: QuestionForm) -> str:
    return date_format(localtime(at, form.zone), "j M Y, H:i")
