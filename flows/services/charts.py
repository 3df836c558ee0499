"""Saved questions."""

from django.core.exceptions import ValidationError

from accounts.models import Team, User
from flows.models import Dataset, FlowChart
from flows.questions import Question
from flows.services.names import NAME_LENGTH, readable


def save_chart(*, team: Team, dataset: Dataset, name: str, query: Question, owner: User | None) -> FlowChart:
    if dataset.team_id != team.pk:
        raise ValidationError("The dataset belongs to another team.")
    return FlowChart.objects.create(
        team=team, dataset=dataset, name=readable(name, "chart"), query=query.canonical(), owner=owner
    )


def update_chart(*, chart: FlowChart, name: str, dataset: Dataset, query: Question) -> FlowChart:
    """Give a chart another question, and the name that stands over it."""
    if dataset.team_id != chart.team_id:
        raise ValidationError("The dataset belongs to another team.")
    chart.name, chart.dataset, chart.query = readable(name, "chart"), dataset, query.canonical()
    chart.save(update_fields=["name", "dataset", "query", "updated_at"])
    return chart


def rename_chart(*, chart: FlowChart, name: str) -> FlowChart:
    chart.name = readable(name, "chart")
    chart.save(update_fields=["name", "updated_at"])
    return chart


def duplicate_chart(*, chart: FlowChart, owner: User) -> FlowChart:
    copy = FlowChart(team_id=chart.team_id, dataset_id=chart.dataset_id, description=chart.description, owner=owner)
    copy.name, copy.query = readable(f"{chart.name[: NAME_LENGTH - 7]} (copy)", "chart"), chart.query
    copy.save()
    return copy


def delete_chart(*, chart: FlowChart) -> None:
    chart.delete()
