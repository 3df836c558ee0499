"""What the pages of flows read. The first argument is the team, or an object that was fetched through `access`."""

import hashlib
import json
from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Coalesce, RowNumber

from accounts.models import Team
from flows import tiles
from flows.engine.conditions import IN_COHORT, NOT_IN_COHORT
from flows.models import (
    Alert,
    Annotation,
    ChartVersion,
    Cohort,
    Dashboard,
    Dataset,
    Delivery,
    EventName,
    FlowChart,
    FlowRun,
    Import,
    Tile,
)
from flows.questions import Question

BIGGEST_ID = 2**63 - 1
LIVE_RUN = (FlowRun.Status.QUEUED, FlowRun.Status.RUNNING, FlowRun.Status.DONE)


def charts(team: Team) -> QuerySet[FlowChart]:
    """Saved charts, the last changed first, with dataset and owner."""
    return FlowChart.objects.filter(team=team).select_related("dataset", "owner")


def versions_of(chart: FlowChart) -> QuerySet[ChartVersion]:
    """The newest first, with whoever saved them."""
    return ChartVersion.objects.filter(chart=chart).select_related("by", "dataset").order_by("-number")


def annotations(
    team: Team, chart: FlowChart | None, *, since: date | None = None, until: date | None = None
) -> QuerySet[Annotation]:
    """Notes for all charts and, with `chart`, those for it alone, by day. Both days are among them."""
    whose = Q(chart=None) | Q(chart=chart) if chart else Q(chart=None)
    notes = Annotation.objects.filter(whose, team=team).select_related("by").order_by("day", "pk")
    if since:
        notes = notes.filter(day__gte=since)
    return notes.filter(day__lte=until) if until else notes


def alerts_of(chart: FlowChart) -> QuerySet[Alert]:
    """In the order they were made, with whoever is told."""
    return Alert.objects.filter(chart=chart).prefetch_related("people").order_by("pk")


def last_deliveries(alerts: Collection[Alert], most: int) -> QuerySet[Delivery]:
    """The newest messages of each alert, at most so many."""
    place = Window(RowNumber(), partition_by="alert", order_by=["-created_at", "-pk"])
    return Delivery.objects.filter(alert__in=alerts).annotate(place=place).filter(place__lte=most)


def dashboards(team: Team) -> QuerySet[Dashboard]:
    """By name, with their owners and the number of their tiles as `tile_count`."""
    found = Dashboard.objects.filter(team=team).select_related("owner")
    return found.annotate(tile_count=Count("tiles")).order_by("name", "pk")


def tiles_of(dashboard: Dashboard) -> QuerySet[Tile]:
    """In their order, with their charts and targets."""
    found = Tile.objects.filter(dashboard=dashboard).select_related("chart").prefetch_related(tiles.with_targets())
    return found.order_by("position", "pk")


def datasets_with_events(team: Team) -> QuerySet[Dataset]:
    return Dataset.objects.filter(team=team, events__gt=0)


def freshest_dataset(team: Team) -> Dataset | None:
    return datasets_with_events(team).order_by("-data_through", "pk").first()


def catalogue(dataset: Dataset, *, search: str = "", limit: int, also: Collection[str] = ()) -> list[EventName]:
    """The most frequent event names that contain `search`, at most `limit`, and those in `also` in any case."""
    names = dataset.event_names.all()
    found = list((names.filter(name__icontains=search.replace("\0", "")) if search else names)[:limit])
    missing = set(filter(can_be_stored, also)) - {name.name for name in found}
    return found + list(names.filter(name__in=missing)) if missing else found


def unknown_events(dataset: Dataset, names: Iterable[str]) -> set[str]:
    """Those of `names` that never occur in the dataset."""
    wanted = set(names)
    known = dataset.event_names.filter(name__in=list(filter(can_be_stored, wanted)))
    return wanted - set(known.values_list("name", flat=True))


def can_be_stored(name: str) -> bool:
    """Whether PostgreSQL can hold the text at all: no NUL, no half of a surrogate pair."""
    return "\0" not in name and not any("\ud800" <= letter <= "\udfff" for letter in name)


def cohorts(team: Team) -> QuerySet[Cohort]:
    """By name, with dataset and owner."""
    return Cohort.objects.filter(team=team).select_related("dataset", "owner")


def named_cohorts(dataset: Dataset, query: Question) -> list[Cohort]:
    """The cohorts that a question names, in the order of their ids. Those of another dataset are not among them."""
    ids = {each.cohort for each in query.people if 0 < each.cohort <= BIGGEST_ID}
    return list(Cohort.objects.filter(dataset=dataset, pk__in=ids).order_by("pk")) if ids else []


def cohort_names(team: Team, dataset: Dataset | None = None) -> dict[int, str]:
    """Names of cohorts by their ids, in the order of the names."""
    found = Cohort.objects.filter(team=team, **({"dataset": dataset} if dataset else {}))
    return dict(found.order_by("name", "pk").values_list("pk", "name"))


def charts_about(cohort: Cohort) -> QuerySet[FlowChart]:
    """Saved charts whose question names the cohort."""
    charts = FlowChart.objects.filter(dataset=cohort.dataset_id)
    inside, outside = ({"people": [{kind: cohort.pk}]} for kind in (IN_COHORT, NOT_IN_COHORT))
    return charts.filter(Q(query__contains=inside) | Q(query__contains=outside))


def digest_of(query: Question, cohorts: Iterable[Cohort]) -> str:
    """What a result is kept under beside the version of the events: the question, and who is in its cohorts."""
    contents = [[cohort.pk, cohort.checksum] for cohort in cohorts]
    if not contents:
        return query.digest()
    return hashlib.sha256(json.dumps([query.digest(), *contents]).encode()).hexdigest()


def live_run(dataset: Dataset, query: Question) -> FlowRun | None:
    """The computation of a question on the newest events that is done, running or waiting; there is at most one."""
    return _runs(dataset, query).filter(dataset_version=dataset.version, status__in=LIVE_RUN).first()


def last_answer(dataset: Dataset, query: Question) -> FlowRun | None:
    """The newest result of a question, on whatever version of the events."""
    return _runs(dataset, query).filter(status=FlowRun.Status.DONE).order_by("-dataset_version").first()


def answered(dataset: Dataset, query: Question, version: str) -> FlowRun | None:
    """The kept result on that version of the events, or the newest where there is none such."""
    done = _runs(dataset, query).filter(status=FlowRun.Status.DONE)
    named = version.isascii() and version.isdigit() and len(version) < 10
    found = done.filter(dataset_version=int(version)).first() if named else None
    return found or done.order_by("-dataset_version").first()


def result_of(dataset: Dataset, digest: str, version: int) -> dict[str, Any] | None:
    """What was computed on one version of the events and kept."""
    done = FlowRun.objects.filter(dataset=dataset, digest=digest, dataset_version=version, status=FlowRun.Status.DONE)
    return done.values_list("result", flat=True).first()


def awaited_run(dataset: Dataset, query: Question, pk: str) -> FlowRun | None:
    """The computation of this question that somebody waits for by its number, however it ended."""
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    return _runs(dataset, query).filter(dataset_version=dataset.version, pk=int(pk)).first()


def _runs(dataset: Dataset, query: Question) -> QuerySet[FlowRun]:
    return FlowRun.objects.filter(dataset=dataset, digest=digest_of(query, named_cohorts(dataset, query)))


def datasets(team: Team) -> QuerySet[Dataset]:
    """By name, each with its `import_count`, `chart_count`, and the time of the newest import as `last_import_at`."""
    own = Import.objects.filter(dataset=OuterRef("pk")).order_by().values("dataset")
    charts = FlowChart.objects.filter(dataset=OuterRef("pk")).order_by().values("dataset")
    return Dataset.objects.filter(team=team).annotate(
        import_count=Coalesce(Subquery(own.annotate(n=Count("pk")).values("n")), 0),
        last_import_at=Subquery(own.annotate(at=Max("created_at")).values("at")),
        chart_count=Coalesce(Subquery(charts.annotate(n=Count("pk")).values("n")), 0),
    )


def imports(dataset: Dataset) -> QuerySet[Import]:
    """The newest first, with whoever started them."""
    return Import.objects.filter(dataset=dataset).select_related("started_by").order_by("-number")


def cohorts_of(dataset: Dataset) -> QuerySet[Cohort]:
    """By name, with whoever saved them."""
    return Cohort.objects.filter(dataset=dataset).select_related("owner")


def event_names(dataset: Dataset, *, search: str = "") -> QuerySet[EventName]:
    """The most frequent first."""
    names = EventName.objects.filter(dataset=dataset)
    return names.filter(name__icontains=search) if search else names
