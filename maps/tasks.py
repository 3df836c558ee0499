from celery import shared_task

from maps import services


@shared_task
def prune_logs() -> None:
    services.prune_logs()
