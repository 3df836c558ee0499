"""Umami's journeys on PostgreSQL: its table, the index that serves the query best, and the shape of its query.

Umami stamps each event with its visit as it arrives; we do so while loading. A journey is the first events of a visit,
none collapsed, counted as a whole; the hundred most frequent are shown. So its definitions agree with our sessions
that begin with any event: the same counts for each whole path, and for each step and link if all its rows are added
up. It has no times, no ends and no Other.
"""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv as csv

from bench.data import Generated, event_name
from bench.questions import END, GAP, Answer

NAME = "Umami's query"
SITE = "00000000-0000-0000-0000-000000000001"
SHOWN = 100
_ROWS = 1 << 18

_TABLE = """
    create unlogged table loaded (person int, visit int, time bigint, event int);
    create table website_event (
        website_id uuid not null, session_id uuid not null, visit_id uuid not null, created_at timestamptz not null,
        url_path varchar(500) not null, referrer_path varchar(500), event_name varchar(50)
    )
"""
_FILL = f"""
    insert into website_event
    select '{SITE}', md5('person' || person)::uuid, md5('visit' || visit)::uuid,
           'epoch'::timestamptz + time * interval '1 microsecond', '/event/' || event, null, null
    from loaded order by 3, 4;
    drop table loaded;
    create index on website_event (website_id, visit_id, created_at)
        include (url_path, referrer_path, event_name)
"""


def load(connection: psycopg.Connection, data: Generated) -> None:
    segment = data.segment()
    person = np.repeat(np.arange(segment.people, dtype=np.int32), np.diff(segment.starts))
    fresh = np.diff(segment.times, prepend=0) > GAP
    fresh[segment.starts[:-1]] = True
    visit = np.cumsum(fresh, dtype=np.int32)
    table = pa.table({"person": person, "visit": visit, "time": segment.times, "event": segment.codes})
    connection.execute(_TABLE)
    with connection.cursor().copy("copy loaded from stdin with (format csv)") as copy:
        for batch in table.to_batches(_ROWS):
            text = io.BytesIO()
            csv.write_csv(batch, text, csv.WriteOptions(include_header=False))
            copy.write(text.getvalue())
    connection.execute(_FILL)
    connection.execute("vacuum analyze website_event")


def journeys(steps: int, distinct: bool = True, limit: int | None = SHOWN) -> str:
    """Its query; without ``distinct``, which changes nothing because of the row number, it sorts and hashes less."""
    names = [f"e{i}" for i in range(1, steps + 1)]
    picked = ", ".join(f"max(case when number = {i} then event end) as {name}" for i, name in enumerate(names, 1))
    return f"""
        with events as (
            select {"distinct" if distinct else ""} visit_id, referrer_path,
                   coalesce(nullif(event_name, ''), url_path) as event,
                   row_number() over (partition by visit_id order by created_at) as number
            from website_event
            where website_id = '{SITE}' and created_at between '2020-01-01' and '2040-01-01'
        ), sequences as (
            select {", ".join(names)}, count(*) as count
            from (select visit_id, {picked} from events group by visit_id) as visits
            group by {", ".join(names)}
        )
        select * from sequences order by count desc {f"limit {limit}" if limit else ""}
    """


Sequences = dict[tuple[str, ...], int]


def sequences_of(rows: list[tuple[str | int | None, ...]]) -> Sequences:
    """Whole paths by event name → visits."""
    return {
        tuple(event_name(int(str(path).rpartition("/")[2])) for path in row[:-1] if path is not None): int(row[-1] or 0)
        for row in rows
    }


def answer_of(sequences: Sequences, code: dict[str, int]) -> Answer:
    """Whole paths added up by step and link."""
    found: Answer = {}
    for path, count in sequences.items():
        codes = [*(code[name] for name in path), END]
        for step, (event, following) in enumerate(pairwise(codes)):
            key = (step, event, following)
            found[key] = found.get(key, 0) + count
    return found
