"""A real Celery worker beside a test, on the test's own database, queue and files."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def celery_worker() -> Iterator["subprocess.Popen[str]"]:
    """Start a worker, wait until it listens, stop it at the end. The test must commit (`transaction=True`)."""
    place = connection.settings_dict
    environment = {
        **os.environ,
        "DATABASE_URL": make_conninfo(
            dbname=place["NAME"], user=place["USER"], password=place["PASSWORD"], host=place["HOST"], port=place["PORT"]
        ),
        "REDIS_URL": settings.REDIS_URL,
        "JOURNEYMAP_DATA": str(settings.DATA_DIR),
        "JOURNEYMAP_ENV_FILE": "",
    }
    command = [sys.executable, "-m", "celery", "-A", "journeymap", "worker", "--pool", "solo", "--loglevel", "INFO"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker = subprocess.Popen(
        [*command, *quiet], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert worker.stdout is not None
        said = []
        for line in worker.stdout:
            said.append(line)
            if " ready." in line:
                break
        else:
            raise AssertionError(f"the worker ended at once:\n{''.join(said)}")
        yield worker
    finally:
        worker.terminate()
        try:
            worker.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.communicate()
