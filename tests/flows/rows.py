"""Segments written straight from rows, for what an import could not make or would take too long to make."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from django.conf import settings
from django.db import transaction

from flows.hashing import actor_key
from flows.models import Dataset, Import, Segment
from flows.services.intake import add_segment
from flows.store import write_segment

SECOND = 1_000_000
NAMES = ["actor_key", "actor", "event", "us", "line", "insert_id", "session", "properties"]
DUCK = duckdb.connect()  # opening one takes longer than writing a small segment
TYPES = [pa.uint64(), pa.string(), pa.string(), pa.int64(), pa.int64(), pa.string(), pa.string(), pa.string()]


def give_events(dataset: Dataset, rows: Iterable[Sequence[Any]]) -> Segment:
    """Rows are (actor, event, seconds since 1970, properties[, session]), as one import brings them."""
    table = [
        (actor_key(who), who, what, second * SECOND, line, None, session[0] if session else None, as_json(properties))
        for line, (who, what, second, properties, *session) in enumerate(rows, start=2)
    ]
    return give_table(dataset, table_of(table))


def table_of(rows: Iterable[Sequence[Any]]) -> duckdb.DuckDBPyConnection:
    """A connection with the table `rows`, of these NAMES; there until the next one is asked for."""
    columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), TYPES, strict=True)]
    DUCK.register("given", pa.table(columns, NAMES))
    DUCK.execute("CREATE OR REPLACE TABLE rows AS FROM given")
    DUCK.unregister("given")
    return DUCK


def give_table(dataset: Dataset, con: duckdb.DuckDBPyConnection) -> Segment:
    """The table `rows` of the connection as the segment of an import that is done."""
    workspace = Path(settings.DATA_DIR) / "store" / "work"
    workspace.mkdir(parents=True, exist_ok=True)
    new = write_segment(con, "rows", team_id=dataset.team_id, dataset_id=dataset.pk, workspace=workspace)
    with transaction.atomic():
        dataset.refresh_from_db()
        number = Import.objects.filter(dataset=dataset).count() + 1
        Import.objects.create(
            team_id=dataset.team_id, dataset=dataset, number=number, filename="rows", status=Import.Status.DONE
        )
        add_segment(dataset, new, number)
    return Segment.objects.get(file=new.file)


def as_json(properties: dict[str, object] | str) -> str:
    if isinstance(properties, str):
        return properties
    return json.dumps(dict(sorted(properties.items())), ensure_ascii=False, separators=(",", ":"))
