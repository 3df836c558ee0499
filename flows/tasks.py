"""Doorbells. A task loads its row by id, calls one service and returns; running it twice does nothing more."""

from celery import shared_task

from flows.models import FlowRun, Import
from flows.services import alerts, compaction, deliveries, imports, jobs, refreshing, runs


@shared_task
def run_import(*, team_id: int, import_id: int) -> None:
    imports.run_import(team_id=team_id, import_id=import_id)


@shared_task
def run_flow(*, team_id: int, run_id: int) -> None:
    """Whoever is next is served, which may be another run; its bell then serves this one."""
    runs.run_in_turn()


@shared_task
def ring_lost_bells() -> None:
    """Jobs outlive their worker and their message: whatever waits in the database is rung again."""
    for import_ in jobs.requeue_silent(Import):
        run_import.delay(team_id=import_.team_id, import_id=import_.pk)
    for run in jobs.requeue_silent(FlowRun):
        run_flow.delay(team_id=run.team_id, run_id=run.pk)


@shared_task
def sweep_orphan_files() -> None:
    imports.sweep_orphan_files()


@shared_task
def sweep_runs() -> None:
    runs.sweep_runs()


@shared_task
def compact_datasets() -> None:
    compaction.compact_datasets()


@shared_task
def refresh_charts() -> None:
    """Charts whose time has come are asked, and results that came since are looked at by the alerts."""
    refreshing.refresh_due()
    alerts.check_alerts()


@shared_task
def deliver(*, team_id: int, delivery_id: int) -> None:
    deliveries.deliver(team_id=team_id, delivery_id=delivery_id)


@shared_task
def ring_deliveries() -> None:
    """What waits for its next attempt, or whose message was lost."""
    for delivery in deliveries.due():
        deliver.delay(team_id=delivery.team_id, delivery_id=delivery.pk)


@shared_task
def sweep_deliveries() -> None:
    deliveries.sweep_deliveries()
