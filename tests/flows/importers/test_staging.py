"""How each row is judged."""

import pytest

from flows.hashing import actor_key
from tests.flows.files import micros, read

HEAD = "user_id,time,event,insert_id,session_id\n"


def judged(tmp_path, row: str, **options) -> str:
    found = read(tmp_path, HEAD + row + "\n", **options)
    return found.rejects[0][2] if found.rejects else "good"


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2024-05-06T07:08:09.123456Z", "2024-05-06T07:08:09.123456+00:00"),
        ("2024-05-06T07:08:09+05:30", "2024-05-06T01:38:09+00:00"),
        ("2024-05-06 07:08:09.5", "2024-05-06T07:08:09.500000+00:00"),
        ("2024-05-06 07:08", "2024-05-06T07:08:00+00:00"),
        ("2024-05-06", "2024-05-06T00:00:00+00:00"),
        (" 2024-05-06 ", "2024-05-06T00:00:00+00:00"),
        ("2024-05-06 07:08:09 Europe/Amsterdam", "2024-05-06T05:08:09+00:00"),
        ("2011-10-11 13:45:40.276000+02:00", "2011-10-11T11:45:40.276000+00:00"),
        ("1900-01-01", "1900-01-01T00:00:00+00:00"),
        ("2026-11-23T12:00:00Z", "2026-11-23T12:00:00+00:00"),
    ],
)
def test_times_are_read_as_utc(time, expected, tmp_path):
    assert read(tmp_path, f"{HEAD}a,{time},e,,\n").rows[0]["us"] == micros(expected)


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("", "No time"),
        ("  ", "No time"),
        ("31-02-2026 14:07", "Not a time"),
        ("2026-02-31", "Not a time"),
        ("2026-11-21T25:61:00", "Not a time"),
        ("yesterday", "Not a time"),
        ("epoch", "Not a time"),
        ("infinity", "Not a time"),
        ("-infinity", "Not a time"),
        ("1899-12-31T23:59:59Z", "Before the year 1900"),
        ("0001-01-01", "Before the year 1900"),
        ("2026-11-23T12:00:00.000001Z", "In the future"),
        ("2062-11-03T10:22:41+01:00", "In the future"),
        ("1700000000", "Not a time"),
    ],
)
def test_what_is_no_time_is_rejected(time, reason, tmp_path):
    found = read(tmp_path, f"{HEAD}good,2024-01-01,e,,\ngood,2024-01-01,e,,\na,{time},e,,\n")
    assert [(row[0], row[1], row[2], row[4]) for row in found.rejects] == [(4, "Time", reason, time)]


@pytest.mark.parametrize(
    ("values", "unit", "expected"),
    [
        (["1700000000", "1700000001.5"], "auto", 1_700_000_001_500_000),
        (["1700000000000", "1700000001500"], "auto", 1_700_000_001_500_000),
        (["1700000000000000", "1700000001500000"], "auto", 1_700_000_001_500_000),
        (["0", "1.5"], "s", 1_500_000),
        (["0", "1.5"], "ms", 1_500),
        (["0", "-7"], "us", -7),
        (["1.7e9", "1.7000000015e9"], "auto", 1_700_000_001_500_000),
    ],
)
def test_numbers_are_times_since_1970(values, unit, expected, tmp_path):
    rows = "".join(f"a,{value},e,,\n" for value in values)
    assert read(tmp_path, HEAD + rows, time_unit=unit).rows[1]["us"] == expected


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e300", "x", "2024-01-01"])
def test_what_is_no_number_is_no_time_where_numbers_are_meant(value, tmp_path):
    assert judged(tmp_path, f"a,{value},e,,", time_unit="ms") in ("Not a time", "In the future", "Before the year 1900")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",2024-01-01,e,,", "No person"),
        (" \t,2024-01-01,e,,", "No person"),
        ("a,2024-01-01,,,", "No event"),
        ("a,2024-01-01,   ,,", "No event"),
        (f"{'é' * 300},2024-01-01,{'漢' * 300},,", "good"),
        (f"{'é' * 301},2024-01-01,e,,", "Person too long"),
        (f"a,2024-01-01,{'漢' * 301},,", "Name too long"),
        (f"a,2024-01-01,e,{'i' * 301},", "Id too long"),
        (f"a,2024-01-01,e,,{'i' * 301}", "Id too long"),
        (",never,,,", "No person"),
    ],
)
def test_people_events_and_ids_are_checked(row, reason, tmp_path):
    assert judged(tmp_path, row) == reason


def test_reasons_are_counted_and_what_stood_there_is_cut(tmp_path):
    long = "n" * 400
    found = read(
        tmp_path, f"{HEAD}a,{long},e,,\na,never,e,,\n,2024-01-01,e,,\na,b\na,2024-01-01,e,,\n", time_unit="iso"
    )
    assert found.counts == {"Not a time": 2, "No person": 1, "Wrong number of columns": 1}
    assert found.rejects[0][4] == long[:200]


def test_keys_are_the_same_everywhere(tmp_path):
    found = read(tmp_path, f"{HEAD}anna,2024-01-01,e,,\n漢,2024-01-01,e,i1,s1\n")
    assert [row["actor_key"] for row in found.rows] == [actor_key("anna"), actor_key("漢")]
    assert (found.rows[1]["insert_id"], found.rows[1]["session"]) == ("i1", "s1")
    assert (found.rows[0]["insert_id"], found.rows[0]["session"]) == (None, None)


def test_an_insert_id_decides_alone_what_is_the_same(tmp_path):
    head = "user_id,time,event,insert_id,note\n"
    rows = "a,2024-01-01,e,i,1\na,2024-01-01,e,i,2\na,2024-01-01,e,,1\na,2024-01-01,e,,2\n"
    rows += "a,2024-01-01,f,i,1\nb,2024-01-01,e,i,1\n"
    keys = [row["content_key"] for row in read(tmp_path, head + rows).rows]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 5
