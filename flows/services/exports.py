"""Events out of the store, in files that bring the same events when they are imported."""

from pathlib import Path

from flows.duck import connect
from flows.importers.blocks import sql_text
from flows.models import Dataset
from flows.store import EventStore
from flows.store.disk import sync_file

KINDS = {
    ".parquet": "FORMAT parquet, COMPRESSION zstd",
    ".csv": "FORMAT csv, HEADER",
    ".ndjson": "FORMAT json",
}
_TIME = "strftime(time AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
_ORDER = "ORDER BY actor_key, time, number, sequence"


def export_events(*, dataset: Dataset, target: Path, workspace: Path) -> int:
    """Write the newest version to `target`, which appears whole or not at all; returns the number of events.

    Properties are one column that holds a JSON object; importing takes it apart again. Raises DamagedSegment.
    """
    store = EventStore(dataset.team_id)
    segments = store.rows(dataset)
    paths = store.verified(segments)
    draft = workspace / f"export{target.suffix}"
    with connect(workspace, *{path.parent for path in paths}) as con:
        parts = [
            f"SELECT *, {segment.import_number} AS number FROM read_parquet({sql_text(str(path))})"
            for segment, path in zip(segments, paths, strict=True)
        ]
        con.execute(f"CREATE VIEW events AS {' UNION ALL '.join(parts) or _NOTHING}")
        con.execute(f"COPY ({_select(target.suffix)}) TO {sql_text(str(draft))} ({KINDS[target.suffix]})").fetchall()
        events = int(con.execute("SELECT count(*) FROM events").fetchall()[0][0])
    sync_file(draft)
    draft.replace(target)
    return events


def _select(suffix: str) -> str:
    time = "time" if suffix == ".parquet" else f"{_TIME} AS time"
    properties = "properties::JSON AS properties" if suffix == ".ndjson" else "properties"
    return f"SELECT actor, event, {time}, insert_id, session, {properties} FROM events {_ORDER}"


_NOTHING = """SELECT 0 AS actor_key, '' AS actor, '' AS event, now() AS time, 0 AS sequence, NULL::VARCHAR AS insert_id,
    NULL::VARCHAR AS session, '{}' AS properties, 0 AS number WHERE false"""
