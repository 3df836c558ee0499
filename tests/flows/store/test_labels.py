"""As many names as an event log can come up with. JOURNEYMAP_LABELS raises their number (a million has been run)."""

import os

import duckdb
import numpy as np
import pytest

from flows.engine.query import FlowQuery
from flows.services import runs
from flows.store import EventStore
from tests.flows.events import make_dataset
from tests.flows.rows import give_table

pytestmark = pytest.mark.django_db

NAMES = int(os.environ.get("JOURNEYMAP_LABELS", "100000"))
PEOPLE = 1_000


def test_many_names_in_a_segment_have_their_own_codes_and_flows(team, monkeypatch):
    monkeypatch.setattr("flows.services.intake._add_names", lambda *_: None)  # the catalogue is not what is asked
    dataset = make_dataset(team)
    con = duckdb.connect()
    # Person p begins, and then meets the names p, p + PEOPLE, …; each name once, a second apart.
    con.execute(
        f"""CREATE TABLE rows AS
        SELECT hash(n % {PEOPLE}) AS actor_key, 'p' || n % {PEOPLE} AS actor, 'name ' || n AS event,
            (1 + n // {PEOPLE}) * 1_000_000 AS us, n AS line, NULL::VARCHAR AS insert_id, NULL::VARCHAR AS session,
            NULL::VARCHAR AS properties FROM range({NAMES}) AS t(n)
        UNION ALL SELECT hash(n), 'p' || n, 'begin', 0, {NAMES} + n, NULL, NULL, NULL
        FROM range({PEOPLE}) AS t(n)"""
    )
    give_table(dataset, con)
    snapshot = EventStore(team.pk).snapshot(dataset)
    (arrays,) = snapshot.segments
    assert len(arrays.names) == len(set(arrays.names)) == NAMES + 1
    assert np.array_equal(np.unique(arrays.codes), np.arange(NAMES + 1))
    result = runs.compute(FlowQuery(start=("begin",), steps=2, top=3, paths=2), snapshot)
    assert result["units"] == {"eligible": PEOPLE, "matched": PEOPLE, "converted": 0}
    nodes = [(node["step"], node["kind"], node["label"], node["count"]) for node in result["nodes"]]
    assert nodes[0] == (0, "event", "begin", PEOPLE)
    events = [node for node in nodes if node[:2] == (1, "event")]
    assert events == [(1, "event", f"name {n}", 1) for n in (0, 1, 10)]
    assert (1, "other", "", PEOPLE - 3) in nodes
    assert (2, "other", "", PEOPLE - 3) in nodes
    assert [path["labels"] for path in result["paths"]] == [
        ["begin", f"name {n}", f"name {n + PEOPLE}"] for n in (0, 1)
    ]
    assert result["distinct_paths"] == PEOPLE
