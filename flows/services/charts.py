"""Saved questions."""

from django.core.exceptions import ValidationError

from accounts.models import Team, User
from flows.engine.query import FlowQuery
from flows.models import Dataset, FlowChart

NAME_LENGTH = 120


def save_chart(*, team: Team, dataset: Dataset, name: str, query: FlowQuery, owner: User | None) -> FlowChart:
    if dataset.team_id != team.pk:
        raise ValidationError("The dataset belongs to another team.")
    return FlowChart.objects.create(team=team, dataset=dataset, name=_name(name), query=query.canonical(), owner=owner)


def update_chart(*, chart: FlowChart, name: str, dataset: Dataset, query: FlowQuery) -> FlowChart:
    """Give a chart another question, and the name that stands over it."""
    if dataset.team_id != chart.team_id:
        raise ValidationError("The dataset belongs to another team.")
    chart.name, chart.dataset, chart.query = _name(name), dataset, query.canonical()
    chart.save(update_fields=["name", "dataset", "query", "updated_at"])
    return chart


def rename_chart(*, chart: FlowChart, name: str) -> FlowChart:
    chart.name = _name(name)
    chart.save(update_fields=["name", "updated_at"])
    return chart


def duplicate_chart(*, chart: FlowChart, owner: User) -> FlowChart:
    copy = FlowChart(team_id=chart.team_id, dataset_id=chart.dataset_id, description=chart.description, owner=owner)
    copy.name, copy.query = _name(f"{chart.name[: NAME_LENGTH - 7]} (copy)"), chart.query
    copy.save()
    return copy


def delete_chart(*, chart: FlowChart) -> None:
    chart.delete()


def _name(name: str) -> str:
    """Raises ValidationError where nothing can be read in the name."""
    name = " ".join(name.replace("\0", " ").split())
    if not name:
        raise ValidationError("Give the chart a name.")
    if len(name) > NAME_LENGTH:
        raise ValidationError(f"A name has at most {NAME_LENGTH} characters; this one has {len(name)}.")
    return name
