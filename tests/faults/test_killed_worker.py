"""A worker that is killed in the middle of an import: another finishes it, and every event counts once."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.db import connection, transaction

from flows.models import Dataset, Import, Segment
from flows.services import imports
from flows.store import index
from flows.store.disk import root
from tests.flows.events import HEAD, events_of, make_dataset, make_import, stored_files

ROOT = Path(__file__).resolve().parents[2]
ROWS = 400_000
PATIENCE = 120.0

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


def database_url() -> str:
    """The address of the database of this very test."""
    info = connection.get_connection_params()
    parts = {"host": "host", "port": "port", "user": "user", "password": "password", "dbname": "dbname"}
    return " ".join(f"{key}='{info[name]}'" for key, name in parts.items() if info.get(name))


@pytest.fixture
def queue() -> str:
    """Never the name of a queue that is gone: a producer that knew it would not declare it again."""
    return f"killed-{uuid.uuid4().hex}"


@pytest.fixture
def environment(settings, tmp_path, queue) -> dict[str, str]:
    """Of processes that work on the test's database and files."""
    return {
        **os.environ,
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "JOURNEYMAP_DATA": str(tmp_path),
        "CELERY_QUEUE": queue,
        "JOB_SILENCE": "2s",
        "LOG_LEVEL": "INFO",
    }


@pytest.fixture
def start_worker(environment, tmp_path, queue) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Start a worker process; all are gone afterwards."""
    command = [sys.executable, "-m", "celery", "-A", "journeymap", "worker", "--pool=prefork", "--concurrency=1"]
    command += [
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        f"--queues={queue}",
        f"--hostname={queue}@%h",
    ]
    started: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        log = (tmp_path / f"worker-{len(started)}.log").open("wb")
        worker = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        started.append(worker)
        return worker

    yield start
    for worker in started:
        kill(worker)
    with current_app.connection_for_write() as broker:
        broker.default_channel.queue_delete(queue)


def kill(worker: "subprocess.Popen[bytes]") -> None:
    """SIGKILL to the worker and its children, as when the machine takes the memory back."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def wait_until(reached: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < until, f"{what} did not happen within {PATIENCE:.0f} s"
        time.sleep(0.05)


def large_file() -> str:
    """Events with ties and repetitions, so that one row too many or too few would show."""
    lines = (f"u{i % 5_000},{1_700_000_000 + i // 3},step {i % 11},{i % 2}" for i in range(ROWS))
    return f"{HEAD},side\n" + "\n".join(lines)


def ring(import_: Import, queue: str, environment: dict[str, str]) -> None:
    """From a process of its own, as the web server would."""
    words = json.dumps({"team_id": import_.team_id, "import_id": import_.pk})
    command = [sys.executable, "-m", "celery", "-A", "journeymap", "-q", "call", "flows.tasks.run_import"]
    subprocess.run([*command, "--kwargs", words, "--queue", queue], cwd=ROOT, env=environment, check=True)


def test_an_import_survives_the_death_of_its_worker(team, settings, start_worker, queue, environment):
    dataset = make_dataset(team)
    import_ = make_import(dataset, large_file())

    def now() -> Import:
        import_.refresh_from_db()
        return import_

    first = start_worker()
    # The commit needs this row: however fast the worker is, it dies with rows read and nothing committed.
    with transaction.atomic():
        Dataset.objects.select_for_update().get(pk=dataset.pk)
        ring(import_, queue, environment)
        wait_until(lambda: now().status == "running" and import_.rows > 0, "reading")
        kill(first)

    assert now().status == "running"
    assert not Segment.objects.exists()
    assert Dataset.objects.get(pk=dataset.pk).version == 0
    assert events_of(dataset) == []

    # The beat's part, with the patience of the settings shortened: the claim is silent, the bell rings again.
    start_worker()
    settings.JOB_SILENCE = type(settings.JOB_SILENCE)(seconds=2)
    wait_until(lambda: [one.pk for one in imports.jobs.requeue_silent(Import)] == [import_.pk], "silence")
    ring(import_, queue, environment)
    wait_until(lambda: now().is_over, "the second attempt")

    assert (import_.status, import_.error, import_.attempt) == ("done", "", 2)
    assert (import_.rows, import_.accepted, import_.duplicates, import_.rejected) == (ROWS, ROWS, 0, 0)
    dataset.refresh_from_db()
    assert (dataset.version, dataset.events) == (1, ROWS)
    assert len(events_of(dataset)) == ROWS
    assert sum(name.events for name in dataset.event_names.all()) == ROWS
    segment = root() / Segment.objects.get().file

    # Whatever the first attempt left, its workspace and perhaps a segment that no row names, the sweep takes.
    for path in (settings.DATA_DIR / "store").rglob("*"):
        os.utime(path, (0, 0))
    imports.sweep_orphan_files()
    assert stored_files(team) == {segment, *index.directory(segment).iterdir()}
