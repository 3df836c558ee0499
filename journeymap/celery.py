"""The Celery application. A job's truth is its database row; a message only says that there is one."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

from flows.engine.warmup import compile_kernels
from flows.importers.warmup import compile_importers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "journeymap.settings")

app = Celery("journeymap")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def compile_ahead(**_: Any) -> None:
    """Before the first question or file, and before the worker forks, so that nobody waits for a compiler."""
    compile_kernels()
    compile_importers()
