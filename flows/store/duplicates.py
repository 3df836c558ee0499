"""Which new rows are there already. `staged` is the table of `flows.importers.staging.Staging`."""

from collections.abc import Iterable

import duckdb
import numpy as np
import pyarrow as pa

from flows.store.index import OpenIndex

# What comes from the index has one row for every event that may be meant; `staged` decides which are.
_EXISTING = """
    INSERT INTO existing
    SELECT content_key, us, count(*) FROM opened SEMI JOIN staged USING (content_key, us) GROUP BY content_key, us"""

_REPEATED = """
    SELECT content_key, us FROM staged WHERE fault = 0 AND insert_id IS NOT NULL
    GROUP BY content_key, us HAVING count(*) > 1"""

# With an insert id the first row alone stands, and none if one is there. Without: as many new ones as exceed the old.
_DUPLICATES = f"""
    CREATE OR REPLACE TABLE duplicates AS
    WITH there AS (SELECT content_key, us, sum(n) AS n FROM existing GROUP BY content_key, us),
    doubtful AS (SELECT content_key, us FROM there UNION {_REPEATED})
    SELECT line FROM (
        SELECT line, insert_id, coalesce(n, 0) AS n, row_number() OVER (PARTITION BY content_key, us ORDER BY line) AS k
        FROM staged SEMI JOIN doubtful USING (content_key, us) LEFT JOIN there USING (content_key, us)
        WHERE fault = 0)
    WHERE CASE WHEN insert_id IS NULL THEN k <= n ELSE k > 1 OR n > 0 END"""


def find_duplicates(con: duckdb.DuckDBPyConnection, segments: Iterable[OpenIndex]) -> int:
    """Make the table `duplicates` (column `line`) and return its length.

    `segments` are those of the dataset whose times overlap with the new rows'.
    """
    con.execute("CREATE OR REPLACE TABLE existing (content_key UBIGINT, us BIGINT, n BIGINT)").fetchall()
    first, last = con.execute("SELECT min(us), max(us) FROM staged WHERE fault = 0").fetchall()[0]
    for opened in segments:
        times = opened.arrays.times
        near = np.flatnonzero((times >= first) & (times <= last))
        if not len(near):
            continue
        # Fancy indexing copies what is near; a segment within the range is handed over as it is mapped.
        whole = len(near) == len(times)
        columns = {
            "content_key": pa.array(np.asarray(opened.content if whole else opened.content[near])),
            "us": pa.array(np.asarray(times if whole else times[near])),
        }
        con.register("opened", pa.table(columns))
        con.execute(_EXISTING).fetchall()
        con.unregister("opened")
    con.execute(_DUPLICATES).fetchall()
    return int(con.execute("SELECT count(*) FROM duplicates").fetchall()[0][0])
