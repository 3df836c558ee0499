"""How a job is claimed, kept alive and ended. Every change names the attempt that it belongs to."""

from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from flows.models import Job

J = TypeVar("J", bound=Job)

FIRST_BELL = timedelta(seconds=5)  # a message is heard sooner than this, unless it was lost or all are busy
NEXT_BELL = timedelta(minutes=3)


class LostClaim(Exception):
    """The job was taken over, cancelled or ended by somebody else: stop quietly and commit nothing."""


def claim(model: type[J], pk: int) -> J | None:
    """Take a queued job; None if there is nothing to take (then another worker has it, or it is over)."""
    now = timezone.now()
    taken = model._default_manager.filter(pk=pk, status=Job.Status.QUEUED).update(
        status=Job.Status.RUNNING, attempt=F("attempt") + 1, started_at=now, heartbeat_at=now, error=""
    )
    return model._default_manager.get(pk=pk) if taken else None


def mine(job: J) -> QuerySet[J]:
    """The row of this very attempt, empty once the claim is lost."""
    return type(job)._default_manager.filter(pk=job.pk, attempt=job.attempt, status=Job.Status.RUNNING)


def beat(job: Job, **progress: object) -> None:
    """Say that the job is alive and how far it is. Raises LostClaim if it is no longer ours or is to stop."""
    alive = mine(job).filter(cancel_requested=False).update(heartbeat_at=timezone.now(), **progress)
    if not alive:
        raise LostClaim


def finish(job: Job, **outcome: object) -> None:
    """End the job as done, inside the transaction that writes its results. Raises LostClaim, which rolls back."""
    now = timezone.now()
    done = mine(job).filter(cancel_requested=False).update(status=Job.Status.DONE, finished_at=now, **outcome)
    if not done:
        raise LostClaim


def fail(job: Job, error: str, **outcome: object) -> None:
    mine(job).update(status=Job.Status.FAILED, finished_at=timezone.now(), error=error, **outcome)


def release(job: Job) -> None:
    """Give the claim back: the job waits for its next attempt."""
    mine(job).update(status=Job.Status.QUEUED, heartbeat_at=None)


def cancel(job: Job) -> None:
    """Ask a running job to stop at its next beat; one that has not begun is over at once."""
    rows = type(job)._default_manager.filter(pk=job.pk)
    waiting = Q(status__in=[Job.Status.QUEUED, Job.Status.DRAFT])
    rows.filter(waiting).update(status=Job.Status.CANCELLED, finished_at=timezone.now())
    rows.filter(status=Job.Status.RUNNING).update(cancel_requested=True)


def settle_cancelled(job: Job) -> None:
    """Write down that a running job has stopped because somebody asked for it."""
    mine(job).filter(cancel_requested=True).update(status=Job.Status.CANCELLED, finished_at=timezone.now())


def requeue_silent(model: type[J]) -> list[J]:
    """Put jobs whose worker fell silent back into the queue, and return every job whose bell should ring again.

    A cancelled job that nobody runs any more is ended here. Bells of jobs that wait are rung once more as well, and
    then again every few minutes: ringing twice is harmless, a lost message is not. While a job waits, its heartbeat
    is the time of that bell.
    """
    now = timezone.now()
    dead = model._default_manager.filter(status=Job.Status.RUNNING, heartbeat_at__lt=now - settings.JOB_SILENCE)
    dead.filter(cancel_requested=True).update(status=Job.Status.CANCELLED, finished_at=now)
    dead.filter(cancel_requested=False).update(status=Job.Status.QUEUED, heartbeat_at=None)
    unheard = Q(heartbeat_at=None, created_at__lt=now - FIRST_BELL) | Q(heartbeat_at__lt=now - NEXT_BELL)
    waiting = list(model._default_manager.filter(unheard, status=Job.Status.QUEUED))
    rung = [job.pk for job in waiting]
    model._default_manager.filter(pk__in=rung, status=Job.Status.QUEUED).update(heartbeat_at=now)
    return waiting
