from celery import shared_task

from maps import services


@shared_task
def prune_logs() -> None:
    services.prune_logs()


@shared_task
def sweep_pictures() -> None:
    services.sweep_pictures()


@shared_task
def remind_owners() -> None:
    services.remind_owners()
