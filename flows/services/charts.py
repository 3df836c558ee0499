"""Saved questions, what they asked before, and where they are filed."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.access import member_of
from accounts.models import Team, User
from flows.models import ChartVersion, Dataset, FlowChart
from flows.questions import Question, read
from flows.services.names import NAME_LENGTH, readable
from flows.texts import folder_of, paragraphs, tags_of


@transaction.atomic
def save_chart(*, team: Team, dataset: Dataset, name: str, query: Question, owner: User | None) -> FlowChart:
    if dataset.team_id != team.pk:
        raise ValidationError("The dataset belongs to another team.")
    chart = FlowChart.objects.create(
        team=team, dataset=dataset, name=readable(name, "chart"), query=query.canonical(), owner=owner
    )
    _keep(chart, owner)
    return chart


@transaction.atomic
def update_chart(
    *, chart: FlowChart, name: str, dataset: Dataset, query: Question, by: User | None = None
) -> FlowChart:
    """Give a chart another question, and the name that stands over it. What it asked before is kept."""
    if dataset.team_id != chart.team_id:
        raise ValidationError("The dataset belongs to another team.")
    chart.name, chart.dataset, chart.query = readable(name, "chart"), dataset, query.canonical()
    chart.save(update_fields=["name", "dataset", "query", "updated_at"])
    _keep(chart, by)
    return chart


def restore_version(*, chart: FlowChart, version: ChartVersion, by: User) -> FlowChart:
    """Let the chart ask again what it asked in a version, under the name that it has now. QueryError if it cannot."""
    query = read(version.query)
    return update_chart(chart=chart, name=chart.name, dataset=version.dataset, query=query, by=by)


def describe_chart(
    *, chart: FlowChart, description: str, folder: str, tags: Iterable[str], owner: int | None
) -> FlowChart:
    """Say what a chart is about and where it is filed. ValidationError; Http404 for an owner from outside."""
    chart.description, chart.folder, chart.tags = paragraphs(description), folder_of(folder), tags_of(tags)
    chart.owner = None if owner is None else member_of(chart.team, owner)
    chart.save(update_fields=["description", "folder", "tags", "owner", "updated_at"])
    return chart


def rename_chart(*, chart: FlowChart, name: str) -> FlowChart:
    chart.name = readable(name, "chart")
    chart.save(update_fields=["name", "updated_at"])
    return chart


@transaction.atomic
def duplicate_chart(*, chart: FlowChart, owner: User) -> FlowChart:
    copy = FlowChart(team_id=chart.team_id, dataset_id=chart.dataset_id, description=chart.description, owner=owner)
    copy.name, copy.query = readable(f"{chart.name[: NAME_LENGTH - 7]} (copy)", "chart"), chart.query
    copy.folder, copy.tags = chart.folder, chart.tags
    copy.save()
    _keep(copy, owner)
    return copy


def delete_chart(*, chart: FlowChart) -> None:
    chart.delete()


def _keep(chart: FlowChart, by: User | None) -> None:
    """What the chart asks now as a version, unless the last one asks the same."""
    FlowChart.objects.select_for_update().get(pk=chart.pk)  # one number after the other
    last = ChartVersion.objects.filter(chart=chart).first()
    now = {"name": chart.name, "dataset_id": chart.dataset_id, "query": chart.query}
    if last is None or any(getattr(last, name) != value for name, value in now.items()):
        number = last.number + 1 if last else 1
        ChartVersion.objects.create(team_id=chart.team_id, chart=chart, number=number, by=by, **now)
