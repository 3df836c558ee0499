"""Rows on their way from a file into a segment: each is judged, and counted as good or as rejected."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import duckdb
import pyarrow as pa

from flows.hashing import content_keys, hash_texts
from flows.importers.blocks import Block, Reader, sql_text
from flows.importers.faults import FOUND, MAX_NAME, Reason
from flows.importers.roles import LABELS

_FLUSH = 48 * 1024 * 1024  # bytes of rows that are judged in one go

TIME_UNITS = ("auto", "iso", "s", "ms", "us")
_FACTORS = {"s": 1_000_000, "ms": 1_000, "us": 1}
_EARLIEST = int(datetime(1900, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000

REJECTS = 'line, "column", reason, detail, found'


def _blank(text: str) -> str:
    # Trimming is dear: only what begins with a blank or control character is trimmed.
    return f"({text} IS NULL OR CASE WHEN {text} < '!' THEN trim({text}, ' \t\r\n') = '' ELSE false END)"


# In the order in which a row is judged: code, column, reason, detail, condition.
_CHECKS: list[tuple[str, Reason, str, str]] = [
    ("actor", Reason.NO_PERSON, "No person on this row", _blank("actor")),
    ("actor", Reason.PERSON_TOO_LONG, f"Person longer than {MAX_NAME} characters", f"length(actor) > {MAX_NAME}"),
    ("actor", Reason.NUL, "A NUL byte stands in this field", "contains(actor, chr(0))"),
    ("event", Reason.NO_EVENT, "No event on this row", _blank("event")),
    ("event", Reason.EVENT_TOO_LONG, f"Event name longer than {MAX_NAME} characters", f"length(event) > {MAX_NAME}"),
    ("event", Reason.NUL, "A NUL byte stands in this field", "contains(event, chr(0))"),
    (
        "insert_id",
        Reason.ID_TOO_LONG,
        f"Insert id longer than {MAX_NAME} characters",
        f"length(insert_id) > {MAX_NAME}",
    ),
    ("session", Reason.ID_TOO_LONG, f"Session longer than {MAX_NAME} characters", f"length(session) > {MAX_NAME}"),
    ("time", Reason.NO_TIME, "No time on this row", _blank("time::VARCHAR")),
    ("time", Reason.NOT_A_TIME, "Not a time", "us IS NULL"),
    ("time", Reason.TOO_EARLY, "Before the year 1900", f"us < {_EARLIEST}"),
    ("time", Reason.IN_FUTURE, "In the future by more than 24 h", "us > $latest"),
]


class Staging:
    """The table `staged` of a DuckDB connection; `fault` is 0 for a good row.

    Rows of equal `content_key` and time count as the same event (`flows.hashing`).
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, reader: Reader, *, time_unit: str = "auto", now: datetime
    ) -> None:
        self.con = con
        self.reader = reader
        self.time_unit = time_unit
        self.rows = self.rejected = 0
        self._waiting: list[pa.Table] = []
        self._latest = int((now + timedelta(hours=24)).timestamp() * 1_000_000)
        con.execute(
            """CREATE TABLE staged (line BIGINT, actor_key UBIGINT, actor VARCHAR, event VARCHAR, us BIGINT,
            insert_id VARCHAR, session VARCHAR, properties VARCHAR, content_key UBIGINT,
            fault UTINYINT, found VARCHAR)"""
        )
        con.execute(
            'CREATE TABLE unreadable (line BIGINT, "column" VARCHAR, reason VARCHAR, detail VARCHAR, found VARCHAR)'
        )

    @property
    def accepted(self) -> int:
        return self.rows - self.rejected

    def take(self, block: Block) -> None:
        """Judge the rows of a block. Small blocks wait for others, so that every thread of DuckDB has some."""
        if block.rows.num_rows:
            if self.time_unit == "auto":
                self.time_unit = told_unit(block.rows["time"])
            self._waiting.append(with_keys(block.rows))
            if sum(rows.nbytes for rows in self._waiting) >= _FLUSH:
                self.flush()
        if block.rejects:
            columns = list(
                zip(*((r.line, r.column, str(r.reason), r.detail, r.found) for r in block.rejects), strict=True)
            )
            names = ("line", "column", "reason", "detail", "found")
            self.con.register(
                "rejects", pa.table({name: list(values) for name, values in zip(names, columns, strict=True)})
            )
            self.con.execute("INSERT INTO unreadable FROM rejects")
            self.con.unregister("rejects")
            self.rows += len(block.rejects)
            self.rejected += len(block.rejects)

    def flush(self) -> None:
        """Judge what waits; to be called behind the last block."""
        if not self._waiting:
            return
        batches = [batch for rows in self._waiting for batch in rows.combine_chunks().to_batches(max_chunksize=16_384)]
        self._waiting = []
        table = pa.Table.from_batches(batches)
        self.con.register("block", table)
        before = self._count("SELECT count(*) FROM staged WHERE fault > 0")
        self.con.execute(self._insert(table.schema.field("time").type)).fetchall()
        self.con.unregister("block")
        self.rows += table.num_rows
        self.rejected += self._count("SELECT count(*) FROM staged WHERE fault > 0") - before

    def reject_counts(self) -> dict[str, int]:
        sql = f"SELECT reason, count(*) AS n FROM ({self._rejects()}) GROUP BY reason ORDER BY n DESC, reason"
        return {str(reason): int(n) for reason, n in self.con.execute(sql).fetchall()}

    def write_rejects(self, path: Path) -> None:
        """Parquet, by line: line, column, reason, detail, and what stood there."""
        sql = f"COPY ({self._rejects()} ORDER BY line) TO {sql_text(str(path))} (FORMAT parquet, COMPRESSION zstd)"
        self.con.execute(sql)

    def _insert(self, time: pa.DataType) -> str:
        checks = " ".join(
            f"WHEN {condition.replace('$latest', str(self._latest))} THEN {code}"
            for code, (_, _, _, condition) in enumerate(_CHECKS, start=1)
        )
        found = " ".join(
            f"WHEN {code} THEN left({role}::VARCHAR, {FOUND})" for code, (role, *_) in enumerate(_CHECKS, start=1)
        )
        return f"""
            INSERT INTO staged
            SELECT line, actor_key, actor, event, us, nullif(insert_id, ''), nullif(session, ''), properties,
                content_key, fault, CASE fault {found} END
            FROM (SELECT *, CASE {checks} ELSE 0 END AS fault
                FROM (SELECT *, {self._micros(time)} AS us FROM block))"""

    def _micros(self, time: pa.DataType) -> str:
        if pa.types.is_integer(time):
            return "time"
        if self.time_unit == "iso":
            # The digit keeps out words that SQL knows as times, such as 'epoch'.
            return f"epoch_us(coalesce({_cast('time')}, {_cast('trim(time)')}))"
        return f"TRY_CAST(round(TRY_CAST(trim(time) AS DOUBLE) * {_FACTORS[self.time_unit]}) AS BIGINT)"

    def _rejects(self) -> str:
        def words(place: int) -> str:
            return " ".join(
                f"WHEN {code} THEN {sql_text(str((LABELS[check[0]], check[1], check[2])[place]))}"
                for code, check in enumerate(_CHECKS, start=1)
            )

        judged = (
            f'SELECT line, CASE fault {words(0)} END AS "column", CASE fault {words(1)} END AS reason, '
            f"CASE fault {words(2)} END AS detail, replace(coalesce(found, ''), chr(0), '␀') AS found "
            f"FROM staged WHERE fault > 0"
        )
        return f"SELECT {REJECTS} FROM unreadable UNION ALL {judged}"

    def _count(self, sql: str) -> int:
        return int(self.con.execute(sql).fetchall()[0][0])


def _cast(time: str) -> str:
    return f"CASE WHEN {time} >= '0' AND {time} < ':' THEN TRY_CAST({time} AS TIMESTAMPTZ) END"


def with_keys(rows: pa.Table) -> pa.Table:
    actors, events, ids, properties = (hash_texts(rows[c]) for c in ("actor", "event", "insert_id", "properties"))
    keys = content_keys(actors, events, ids, properties)
    return rows.append_column("actor_key", pa.array(actors)).append_column("content_key", pa.array(keys))


def told_unit(times: pa.ChunkedArray) -> str:
    """How a column of times is written, told by its first thousand values: ISO, or a number since 1970 and its size."""
    if pa.types.is_integer(times.type):
        return "us"
    return unit_of(value for value in times.slice(0, 1_000).to_pylist() if value and value.strip())


def unit_of(values: Iterator[str]) -> str:
    numbers, texts = [], 0
    for value in values:
        try:
            numbers.append(abs(float(value)))
        except ValueError:
            texts += 1
    if texts >= len(numbers):
        return "iso"
    size = median(numbers)
    return "s" if size < 1e11 else "ms" if size < 1e14 else "us"
