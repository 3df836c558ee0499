"""What the pages of flows read. The first argument is the team, or an object that was fetched through `access`."""

from collections.abc import Collection, Iterable

from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Team
from flows.models import Dataset, EventName, FlowChart, FlowRun, Import

LIVE_RUN = (FlowRun.Status.QUEUED, FlowRun.Status.RUNNING, FlowRun.Status.DONE)


def charts(team: Team) -> QuerySet[FlowChart]:
    """Saved charts, the last changed first, with dataset and owner."""
    return FlowChart.objects.filter(team=team).select_related("dataset", "owner")


def datasets_with_events(team: Team) -> QuerySet[Dataset]:
    return Dataset.objects.filter(team=team, events__gt=0)


def freshest_dataset(team: Team) -> Dataset | None:
    return datasets_with_events(team).order_by("-data_through", "pk").first()


def catalogue(dataset: Dataset, *, search: str = "", limit: int, also: Collection[str] = ()) -> list[EventName]:
    """The most frequent event names that contain `search`, at most `limit`, and those in `also` in any case."""
    names = dataset.event_names.all()
    found = list((names.filter(name__icontains=search.replace("\0", "")) if search else names)[:limit])
    missing = set(filter(_can_be_stored, also)) - {name.name for name in found}
    return found + list(names.filter(name__in=missing)) if missing else found


def unknown_events(dataset: Dataset, names: Iterable[str]) -> set[str]:
    """Those of `names` that never occur in the dataset."""
    wanted = set(names)
    known = dataset.event_names.filter(name__in=list(filter(_can_be_stored, wanted)))
    return wanted - set(known.values_list("name", flat=True))


def _can_be_stored(name: str) -> bool:
    """Whether PostgreSQL can hold the text at all: no NUL, no half of a surrogate pair."""
    return "\0" not in name and not any("\ud800" <= letter <= "\udfff" for letter in name)


def live_run(dataset: Dataset, digest: str) -> FlowRun | None:
    """The computation of a question on the newest events that is done, running or waiting; there is at most one."""
    runs = FlowRun.objects.filter(dataset=dataset, dataset_version=dataset.version, digest=digest)
    return runs.filter(status__in=LIVE_RUN).first()


def last_answer(dataset: Dataset, digest: str) -> FlowRun | None:
    """The newest result of a question, on whatever version of the events."""
    runs = FlowRun.objects.filter(dataset=dataset, digest=digest, status=FlowRun.Status.DONE)
    return runs.order_by("-dataset_version").first()


def awaited_run(dataset: Dataset, digest: str, pk: str) -> FlowRun | None:
    """The computation of this question that somebody waits for by its number, however it ended."""
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    runs = FlowRun.objects.filter(dataset=dataset, dataset_version=dataset.version, digest=digest)
    return runs.filter(pk=int(pk)).first()


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


def event_names(dataset: Dataset, *, search: str = "") -> QuerySet[EventName]:
    """The most frequent first."""
    names = EventName.objects.filter(dataset=dataset)
    return names.filter(name__icontains=search) if search else names
