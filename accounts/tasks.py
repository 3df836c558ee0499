from celery import current_app, shared_task

from accounts import services

RETRIES = 8


# SMTPException is an OSError, too.
@shared_task(autoretry_for=(OSError,), retry_backoff=30, retry_backoff_max=3600, retry_jitter=True, max_retries=RETRIES)
def send_letter(*, team_id: int, notification_id: int) -> None:
    services.send_letter(team_id=team_id, notification_id=notification_id)


@shared_task
def ring_lost_letters() -> None:
    """A letter outlives its message: what is still due is tried once more, without retries of its own."""
    for line in services.waiting_letters():
        words = {"team_id": line.team_id, "notification_id": line.pk}
        current_app.send_task(send_letter.name, kwargs=words, retries=RETRIES)


@shared_task
def prune_inboxes() -> None:
    services.prune_inboxes()
