"""The whole product, as `script/server` runs it, in a data directory of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from journeymap import env
from tests.journeymap.test_embedded import eventually, remove, wait_until_gone

pytestmark = pytest.mark.worker

WORKER = f"-q worker --queues {os.environ['CELERY_QUEUE']} --hostname"  # not the one for imports


class Product:
    def __init__(self, data: Path, **variables: str) -> None:
        kept = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
        self.data = data
        self.log = data.with_suffix(".log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "journeymap.supervisor"],
                cwd=env.BASE_DIR,
                env={**kept, "JOURNEYMAP_DATA": str(data), "SAMPLE_PASSWORD": "correct horse", **variables},
                stdout=log,
                stderr=log,
            )

    def wait_until_up(self) -> str:
        eventually(lambda: "Ctrl+C" in self.log.read_text() or self.process.poll() is not None, seconds=120)
        found = re.search(r"at (http://\S+/)", self.log.read_text())
        assert found, self.log.read_text()
        return found[1]

    def children(self, words: str) -> list[psutil.Process]:
        parts = psutil.Process(self.process.pid).children()
        return [each for each in parts if each.status() != "zombie" and words in " ".join(each.cmdline())]


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A directory for all of them: the first to come makes the cluster, migrates and makes the sample."""
    directory = Path(tempfile.mkdtemp(prefix="journeymap-test-", dir="/tmp"))
    yield directory
    remove(directory)
    directory.with_suffix(".log").unlink(missing_ok=True)


def everything_below(product: Product) -> list[psutil.Process]:
    return psutil.Process(product.process.pid).children(recursive=True)


def test_it_starts_mends_and_stops_everything(data: Path) -> None:
    product = Product(data)
    try:
        address = product.wait_until_up()
        assert "sample@journeymap.example with the password correct horse" in product.log.read_text()
        with urllib.request.urlopen(address + "healthz") as answer:
            assert answer.read() == b"ok"

        eventually(lambda: product.children(WORKER) and product.children("-q beat"))
        (worker,) = product.children(WORKER)
        worker.kill()
        eventually(lambda: [each.pid for each in product.children(WORKER)] not in ([], [worker.pid]))

        family = everything_below(product)
        assert len(family) >= 5
        product.process.send_signal(signal.SIGINT)
        assert product.process.wait(60) == 0
        assert not [each for each in family if each.is_running() and each.status() != "zombie"]
    finally:
        product.process.kill()
        product.process.wait()


def test_killed_it_takes_everything_along(data: Path) -> None:
    product = Product(data)
    product.wait_until_up()
    family = everything_below(product)
    product.process.kill()
    product.process.wait()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not [each for each in alive if each.is_running() and each.status() != "zombie"]
    wait_until_gone(data)


def test_a_port_that_is_taken_is_named(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        product = Product(data, PORT=port)
        assert product.process.wait(60) == 1
        assert f"no port is free on 127.0.0.1: tried {port}." in product.log.read_text()
    wait_until_gone(data)
