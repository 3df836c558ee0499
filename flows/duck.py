"""How DuckDB is opened: for files of strangers, with a bound on memory, and without a way to the outside."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

MEMORY = "1500MB"


@contextmanager
def connect(workspace: Path, *readable: Path, threads: int = 2) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own. It spills to `workspace`, and sees no files but those there and in `readable`.

    Nothing is ever loaded from outside: the extensions in use (icu, json, parquet) are built in.
    """
    workspace.mkdir(parents=True, exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,
        "memory_limit": MEMORY,
        "temp_directory": str(workspace / "spill"),
        "threads": min(threads, os.cpu_count() or 1),
    }
    con = duckdb.connect(":memory:", config=config)
    try:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET allowed_directories = $1", [[f"{path}/" for path in (workspace, *readable)]])
        con.execute("SET enable_external_access = false")
        con.execute("SET lock_configuration = true")
        yield con
    finally:
        con.close()


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
