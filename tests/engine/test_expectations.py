"""Real logs, answers computed by a program that shares no code with this one."""

import pytest

from tests.engine.compare import assert_times_close, engine_flow, oldest_and_newest, without_times
from tests.engine.logs import SHARED, expected, query_of, rows_of
from tests.engine.reference import reference_flow

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the real logs are not here: {SHARED}")

NAMES = [
    "loans-users",
    "loans-sessions",
    "loans-journeys",
    "loans-back",
    "loans-between",
    "loans-nocollapse-last-hide",
    "receipt-users",
]


def question(name):
    rows = rows_of(name.partition("-")[0])
    want = expected(name)
    return rows, want, query_of(want["arguments"], {row[1] for row in rows})


def assert_as_expected(got, want):
    assert got["units"] == want["units"]
    nodes = [{key: value for key, value in node.items() if key != "repeats"} for node in got["nodes"]]
    assert nodes == want["nodes"]
    assert without_times(got["links"]) == without_times(want["links"])
    assert_times_close(got["links"], want["links"], 0.015)
    assert got["paths"] == want["paths"]
    assert got["distinct_paths"] == want["distinct_paths"]


@pytest.mark.parametrize("name", NAMES)
def test_engine_gives_the_expected_answer_from_one_segment(name):
    rows, want, query = question(name)
    assert_as_expected(engine_flow([rows], query), want)


@pytest.mark.parametrize("name", NAMES)
def test_engine_gives_the_same_answer_from_segments_that_follow_each_other_in_the_file(name):
    rows, _, query = question(name)
    third = len(rows) // 3
    segments = [rows[:third], rows[third : 2 * third], rows[2 * third :]]
    assert engine_flow(segments, query, threads=2)["nodes"] == engine_flow([rows], query, threads=1)["nodes"]


@pytest.mark.parametrize("name", ["loans-back", "receipt-users"])
def test_reference_gives_the_expected_answer(name):
    rows, want, query = question(name)
    assert_as_expected(reference_flow([rows], query, *oldest_and_newest([rows])), want)
