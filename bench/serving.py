"""The product on servers of its own, in a directory that is thrown away."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from journeymap import embedded


@contextmanager
def database() -> Iterator[None]:
    """An empty database, and the environment of processes that use it."""
    with tempfile.TemporaryDirectory(prefix="journeymap-bench.") as data:
        os.environ |= {"JOURNEYMAP_DATA": data, "JOURNEYMAP_ENV_FILE": ""}
        embedded.attach()
        manage("migrate", "--verbosity", "0")
        yield


def manage(*words: str) -> str:
    """What a command says."""
    return subprocess.run([sys.executable, "manage.py", *words], check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def serving(*, workers: int = 0) -> Iterator[str]:
    """The address of a web server, beside a worker with so many processes."""
    with socket.create_server(("127.0.0.1", 0)) as place:
        port = place.getsockname()[1]
    commands = [["journeymap.web", "127.0.0.1", str(port)]]
    if workers:
        words = ["--concurrency", str(workers), "--without-gossip", "--without-mingle", "--without-heartbeat"]
        commands.append(["celery", "-A", "journeymap", "-q", "worker", *words])
    with ExitStack() as children:
        for command in commands:
            child = subprocess.Popen([sys.executable, "-m", *command])
            children.callback(child.wait)
            children.callback(child.terminate)
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"


def _wait_for(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("The server does not answer.")
