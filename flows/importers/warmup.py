"""Compile ahead, so that the first file of a new installation does not wait for the compiler."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from flows.duck import connect
from flows.importers.csv import CsvReader
from flows.importers.source import Source
from flows.importers.staging import Staging

_ROWS = b'user_id,time,event,note\na,2024-01-01,view,"x"\n"""b""",2024-01-01,buy,\xc3\xa9\n'


def compile_importers() -> None:
    """Compile what reads and hashes rows, or load it from the compiler's cache, by reading a tiny file."""
    with tempfile.TemporaryDirectory(prefix="journeymap-") as folder:
        place = Path(folder)
        (place / "e.csv").write_bytes(_ROWS)
        with connect(place / "work") as con:
            reader = CsvReader(Source(place / "e.csv", "e.csv"), {})
            staging = Staging(con, reader, now=datetime.now(UTC))
            for block in reader.blocks():
                staging.take(block)
            staging.flush()
