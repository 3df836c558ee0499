"""Questions and their computation: asked once for each version of a dataset, computed by whoever hears the bell."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from celery import current_app
from django.db import IntegrityError, transaction
from django.utils import timezone

from flows import queries
from flows.engine.compute import compute_flow
from flows.engine.conditions import IN_COHORT, NOT_IN_COHORT
from flows.engine.histories import Given
from flows.engine.query import FlowQuery, QueryError
from flows.engine.source import Cancelled
from flows.hashing import Keys
from flows.models import Cohort, Dataset, FlowChart, FlowRun
from flows.moments import moment_in
from flows.questions import Analysis, read
from flows.services import analyses, connections, jobs, line
from flows.services.catalogue import check_properties, unknown_labels
from flows.services.material import LABELS, events_named, material, may_be_expanded, properties_named
from flows.store import DamagedCohort, DamagedSegment, EventStore, Snapshot

BEAT = 0.5  # seconds between two signs of life
SOONEST, BETWEEN_LOOKS = 0.03, 0.01  # seconds until an answer can be there, and between two looks for it
ATTEMPTS = 3  # a question that took its worker down this often is given up
RESULTS_KEPT = 1000  # for each dataset, beside those of saved charts
OLD = timedelta(days=7)


def check(*, dataset: Dataset, query: FlowQuery | Analysis, version: int | None = None) -> None:
    """Raises QueryError where the question names an event, a property or a cohort that the dataset does not have.

    Whether one of very many events has a property, or a value of one, is found out by whoever computes the answer.
    """
    if isinstance(query, Analysis):
        analyses.check_names(dataset=dataset, question=query, version=version)
    else:
        _check_names(dataset, query, version)
    there = {cohort.pk for cohort in queries.named_cohorts(dataset, query)}
    for each in query.people:
        if each.kind in (IN_COHORT, NOT_IN_COHORT) and each.cohort not in there:
            raise QueryError(each.kind, f"{each.kind}: there is no cohort {each.cohort}.")


def _check_names(dataset: Dataset, query: FlowQuery, version: int | None) -> None:
    named = [(field, name) for field in LABELS for name in getattr(query, field) if not may_be_expanded(query, name)]
    done = events_named(query)
    unknown = queries.unknown_events(dataset, [name for _, name in done])
    missing = unknown_labels(dataset=dataset, rules=query.rules, labels=[name for _, name in named])
    if query.rules:
        missing -= {event for event, _ in query.expand}
    wrong = [each for each in named if each[1] in missing] + [each for each in done if each[1] in unknown]
    for field, name in wrong:
        raise QueryError(field, f"{field}: there is no event “{name[:80]}” in {dataset.name}.")
    check_properties(dataset=dataset, named=properties_named(query), version=version)


def ask(*, dataset: Dataset, query: FlowQuery | Analysis) -> FlowRun:
    """The computation of a question on the newest events: the one that exists, or a new one.

    However many ask at once, one run is made: the database refuses a second, and who lost takes the winner's.
    Raises TooManyWait.
    """
    while True:
        if run := queries.live_run(dataset, query):
            return run
        line.check_room(dataset.team)
        try:
            with transaction.atomic():
                run = FlowRun.objects.create(
                    team_id=dataset.team_id,
                    dataset=dataset,
                    dataset_version=dataset.version,
                    query=query.canonical(),
                    digest=queries.digest_of(query, queries.named_cohorts(dataset, query)),
                )
        except IntegrityError:
            continue
        _ring(run)
        return run


def _ring(run: FlowRun) -> None:
    # By name: tasks import services, not the other way round. A broker that is down is no error, the row waits.
    words = {"team_id": run.team_id, "run_id": run.pk}
    transaction.on_commit(partial(current_app.send_task, "flows.tasks.run_flow", kwargs=words), robust=True)


def settled(*, run: FlowRun, within: float) -> FlowRun:
    """The run as it is once it is over, or after `within` seconds. Between two looks it holds no connection."""
    if run.is_over:
        return run  # whoever found it has just read it, with its result
    until = time.monotonic() + within
    pause = SOONEST
    while not run.is_over and time.monotonic() < until:
        connections.let_go()
        time.sleep(pause)
        pause = BETWEEN_LOOKS
        run.refresh_from_db(fields=["status"])
    run.refresh_from_db()
    return run


def run_in_turn() -> None:
    """Compute the run whose turn it is. A bell says that somebody waits; who is next is not its to say."""
    while (run := line.next_in_line()) and not run_flow(team_id=run.team_id, run_id=run.pk):
        pass  # another worker took it, so another one is next


def run_flow(*, team_id: int, run_id: int) -> bool:
    """Compute a queued run; False if it is not there to be taken. Doing it twice changes nothing."""
    if not FlowRun.objects.filter(team_id=team_id, pk=run_id).exists():
        return False
    run = jobs.claim(FlowRun, run_id)
    if run is None:
        return False
    if run.attempt > ATTEMPTS:
        jobs.fail(run, "The computation ended its worker several times and was given up. Try a shorter range.")
        return True
    try:
        result = answer(run=run)
        jobs.finish(run, result=result, fraction=1.0)
    except (jobs.LostClaim, Cancelled):
        jobs.settle_cancelled(run)
    except QueryError as error:
        jobs.fail(run, error.sentence)
    except DamagedSegment as error:
        jobs.fail(run, str(error))
    except Exception:
        jobs.fail(run, "The computation failed through a fault of ours. It has been written to the log.")
        raise
    return True


def answer(*, run: FlowRun) -> dict[str, Any]:
    """The result of a claimed run, on exactly its version of the events. Raises LostClaim once it is not ours."""
    query = read(run.query)
    named, cohorts = open_cohorts(dataset=run.dataset, query=query)
    if named and queries.digest_of(query, named) != run.digest:
        raise QueryError("people", "people: a cohort was refreshed since this was asked. Ask again.")
    snapshot = snapshot_for(dataset=run.dataset, query=query, version=run.dataset_version)
    done = 0.0
    stop = threading.Event()

    def progress(fraction: float) -> None:
        nonlocal done
        done = fraction

    # The kernels work in a thread of their own, so that signs of life do not depend on how often they speak.
    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(compute, query, snapshot, cohorts, progress=progress, cancelled=stop.is_set)
        try:
            while not _over(future):
                jobs.beat(run, fraction=done)
        except BaseException:
            stop.set()
            raise
        return future.result()


def _over(future: Future[dict[str, Any]]) -> bool:
    return bool(wait([future], timeout=BEAT).done)


def answer_now(*, dataset: Dataset, query: FlowQuery | Analysis) -> dict[str, Any]:
    """The result without a worker: the kept one, or computed here and kept. Raises QueryError, DamagedSegment."""
    check(dataset=dataset, query=query)
    known = queries.live_run(dataset, query)
    if known is not None and known.result is not None:
        return known.result
    named, cohorts = open_cohorts(dataset=dataset, query=query)
    snapshot = snapshot_for(dataset=dataset, query=query)
    result = compute(query, snapshot, cohorts)
    now = timezone.now()
    try:
        with transaction.atomic():
            FlowRun.objects.create(
                team_id=dataset.team_id,
                dataset=dataset,
                dataset_version=snapshot.version,
                query=query.canonical(),
                digest=queries.digest_of(query, named),
                status=FlowRun.Status.DONE,
                started_at=now,
                finished_at=now,
                fraction=1.0,
                result=result,
            )
    except IntegrityError:
        pass  # a worker has it in hand, and will come to the same numbers
    return result


def open_cohorts(*, dataset: Dataset, query: FlowQuery | Analysis) -> tuple[list[Cohort], dict[int, Keys]]:
    """The cohorts that a question names, as they are now, and their people. Raises DamagedCohort."""
    store = EventStore(dataset.team_id)
    while True:
        named = queries.named_cohorts(dataset, query)
        try:
            return named, {cohort.pk: store.cohort(cohort) for cohort in named}
        except DamagedCohort:
            # A refresh or a deletion between the two takes the file away; then the rows are others now.
            if [cohort.file for cohort in named] == [cohort.file for cohort in queries.named_cohorts(dataset, query)]:
                raise


def snapshot_for(*, dataset: Dataset, query: FlowQuery | Analysis, version: int | None = None) -> Snapshot:
    """The events of one version, without the segments that lie outside the range. Raises DamagedSegment."""
    since, until = (
        None if moment is None else moment_in(ZoneInfo("UTC"), moment) for moment in (query.range_from, query.range_to)
    )
    return EventStore(dataset.team_id).snapshot(dataset, version, since=since, until=until)


def compute(
    query: FlowQuery | Analysis,
    snapshot: Snapshot,
    cohorts: Mapping[int, Keys] | None = None,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    told = given(query, snapshot, cohorts, cancelled)
    if isinstance(query, Analysis):
        return analyses.compute(query, told, version=snapshot.version, progress=progress, cancelled=cancelled)
    return compute_flow(query, told, dataset_version=snapshot.version, progress=progress, cancelled=cancelled)


def given(
    query: FlowQuery | Analysis,
    snapshot: Snapshot,
    cohorts: Mapping[int, Keys] | None,
    cancelled: Callable[[], bool] | None = None,
) -> Given:
    """What the engine is told beside the question, whatever it is asked."""
    found = material(query.shadow() if isinstance(query, Analysis) else query, snapshot, cancelled)
    return Given(
        segments=found.segments,
        data_from=snapshot.data_from,
        data_through=snapshot.data_through,
        catalogue=found.catalogue,
        properties=found.properties,
        relabel=found.relabel,
        cohorts=cohorts or {},
    )


def sweep_runs() -> int:
    """Delete results that no page shows any more; the number of rows deleted.

    Of every saved chart the newest result stays, so that something stands on its page while new events are counted.
    What nobody saved stays for a week, and then as long as it is on the newest events and among the last asked.
    """
    gone = 0
    for dataset in Dataset.objects.all():
        runs = FlowRun.objects.filter(dataset=dataset).exclude(
            status__in=[FlowRun.Status.QUEUED, FlowRun.Status.RUNNING]
        )
        kept = _shown(dataset)
        old = runs.filter(finished_at__lt=timezone.now() - OLD).exclude(pk__in=kept)
        stale = old.exclude(status=FlowRun.Status.DONE, dataset_version=dataset.version)
        many = runs.exclude(pk__in=kept).order_by("-created_at", "-pk").values_list("pk", flat=True)[RESULTS_KEPT:]
        gone += stale.delete()[0]
        gone += FlowRun.objects.filter(pk__in=list(many)).delete()[0]
    return gone


def _shown(dataset: Dataset) -> list[int]:
    """The newest result of every saved chart."""
    questions = map(saved_query, FlowChart.objects.filter(dataset=dataset).values_list("query", flat=True))
    digests = {queries.digest_of(query, queries.named_cohorts(dataset, query)) for query in questions if query}
    newest = FlowRun.objects.filter(dataset=dataset, digest__in=digests, status=FlowRun.Status.DONE)
    return list(newest.order_by("digest", "-dataset_version").distinct("digest").values_list("pk", flat=True))


def saved_query(stored: dict[str, object]) -> FlowQuery | Analysis | None:
    """The question of a saved chart; None if this version no longer understands it."""
    try:
        return read(stored)
    except QueryError:
        return None
