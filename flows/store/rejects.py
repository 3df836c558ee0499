"""The rejected rows of an import, as its file keeps them: by line, with column, reason, detail and what stood there."""

from collections.abc import Iterator
from dataclasses import dataclass

from flows.duck import connect
from flows.importers.blocks import sql_text
from flows.store import disk

_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class RejectedRow:
    line: int
    column: str
    reason: str
    detail: str
    found: str


def read_rejects(
    team_id: int, file: str, *, reason: str = "", offset: int = 0, limit: int | None = None
) -> Iterator[RejectedRow]:
    """Rows in the order of the lines, those of one reason if it is given. `file` is a path below the store."""
    path = disk.root() / file
    where = f"WHERE reason = {sql_text(reason)}" if reason else ""
    bounds = f"LIMIT {limit} OFFSET {offset}" if limit is not None else ""
    with connect(disk.team_home(team_id) / "work", path.parent, threads=1) as con:
        con.execute(
            f'SELECT line, "column", reason, detail, found FROM read_parquet({sql_text(str(path))}) {where} {bounds}'
        )
        while rows := con.fetchmany(_BATCH):
            yield from (RejectedRow(*row) for row in rows)
