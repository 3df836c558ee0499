"""A PostgreSQL server for the time of a benchmark: the one of a trial, with settings for heavy questions."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from journeymap.embedded.places import choose_account, choose_home, find_software
from journeymap.embedded.servers import Postgres

NAME = "PostgreSQL"
SETTINGS = {
    "shared_buffers": "2GB",
    "work_mem": "1GB",
    "maintenance_work_mem": "1GB",
    "effective_cache_size": "8GB",
    "random_page_cost": "1.1",
    "max_wal_size": "8GB",
}


class _Tuned(Postgres):
    threads = 2

    @property
    def command(self) -> list[str | Path]:
        settings = {
            **SETTINGS,
            "max_parallel_workers": str(self.threads),
            "max_parallel_workers_per_gather": str(self.threads),
        }
        return [*super().command, *(f"--{name}={value}" for name, value in settings.items())]


@contextmanager
def serving(threads: int) -> Iterator[psycopg.Connection]:
    """A connection to an empty database, which is gone afterwards."""
    data = Path(tempfile.mkdtemp(prefix="journeymap-bench-"))
    account = choose_account(data)
    home = choose_home(data, account)
    sockets = Path(tempfile.mkdtemp(prefix="journeymap-bench-"))
    os.chown(sockets, account.uid, account.gid)
    server = _Tuned(home, sockets, find_software(home, account), account)
    server.threads = threads
    try:
        server.start()
        server.wait()
        with psycopg.connect(server.url, autocommit=True) as connection:
            yield connection
    finally:
        server.ask_to_stop()
        server.finish()
        for directory in {home.resolve(), data, sockets}:
            shutil.rmtree(directory, ignore_errors=True)


def version_of(connection: psycopg.Connection) -> str:
    return str(connection.info.parameter_status("server_version"))
