"""The real logs and their expected answers, read without the store."""

import csv
import gzip
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from flows.engine.query import FlowQuery

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = {
    "loans": ("loans.csv.gz", "user_id", "event", "timestamp"),
    "receipt": ("receipt.csv.gz", "case:concept:name", "concept:name", "time:timestamp"),
}
LISTS = ("start", "end", "only", "hide", "exclude")


@cache
def rows_of(log):
    """(person, name, µs) in order of the file."""
    file, actor, event, time = COLUMNS[log]
    with gzip.open(SHARED / file, "rt", encoding="utf-8", newline="") as lines:
        return [(row[actor], row[event], micros(row[time])) for row in csv.DictReader(lines)]


def micros(text):
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def expected(name):
    return json.loads((SHARED / "expected" / f"{name}.json").read_text())


def query_of(arguments, known):
    """The query that a command line means; values with blanks are one argument if such an event exists."""
    values = {}
    for part in f" {arguments}".split(" --")[1:]:
        flag, _, text = part.partition(" ")
        field = flag.replace("-", "_")
        if field in LISTS:
            values[field] = [text] if text in known else text.split()
        else:
            values[field] = int(text) if text.isdigit() else text
    return FlowQuery.from_dict(values)
