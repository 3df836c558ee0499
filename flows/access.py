"""How the objects of a team are fetched; anything of another team is a 404."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.models import Team
from flows import tiles
from flows.models import Alert, Annotation, ChartVersion, Cohort, Dashboard, Dataset, FlowChart, FlowRun, Import, Tile


def dataset_of(team: Team, slug: str) -> Dataset:
    return get_object_or_404(Dataset, team=team, slug=slug)


def import_of(team: Team, dataset_slug: str, number: int) -> Import:
    imports = Import.objects.select_related("dataset", "started_by")
    return get_object_or_404(imports, team=team, dataset__slug=dataset_slug, number=number)


def chart_of(team: Team, pk: int) -> FlowChart:
    return get_object_or_404(FlowChart.objects.select_related("dataset", "owner"), team=team, pk=pk)


def cohort_of(team: Team, pk: int) -> Cohort:
    return get_object_or_404(Cohort.objects.select_related("dataset", "owner"), team=team, pk=pk)


def run_of(team: Team, pk: int) -> FlowRun:
    return get_object_or_404(FlowRun, team=team, pk=pk)


def version_of(chart: FlowChart, number: int) -> ChartVersion:
    return get_object_or_404(ChartVersion.objects.select_related("dataset"), chart=chart, number=number)


def annotation_of(team: Team, pk: int) -> Annotation:
    return get_object_or_404(Annotation.objects.select_related("chart"), team=team, pk=pk)


def dashboard_of(team: Team, pk: int) -> Dashboard:
    return get_object_or_404(Dashboard.objects.select_related("team", "owner"), team=team, pk=pk)


def tile_of(dashboard: Dashboard, pk: int) -> Tile:
    found = Tile.objects.select_related("dashboard", "chart__dataset", "chart__team")
    return get_object_or_404(found.prefetch_related(tiles.with_targets()), dashboard=dashboard, pk=pk)


def target_of(team: Team, name: str, pk: int, part: UUID | None) -> Any:
    """What another app offers to dashboards, by the name of its kind; `part` is one of its parts."""
    kind = next((kind for kind in tiles.kinds() if kind.name == name), None)
    if kind is None:
        raise Http404("Nothing of this kind.")
    target = get_object_or_404(kind.rows(), team=team, pk=pk)
    if part is not None and part not in kind.parts(target):
        raise Http404("No such part.")
    return target


def alert_of(chart: FlowChart, pk: int) -> Alert:
    return get_object_or_404(Alert.objects.select_related("chart", "team"), chart=chart, pk=pk)
