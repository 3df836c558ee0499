"""Duplicates, held to a slow model of their definition over sequences of imports."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.hashing import actor_key
from flows.store import EventStore
from tests.flows.events import bring_in, events_of, make_dataset

HEAD = "user_id,timestamp,event,insert_id,plan,size"
MAPPING = {"actor": "user_id", "time": "timestamp", "event": "event", "insert_id": "insert_id"}
DAY = 86_400_000_000


class Model:
    """What the definition says, row by row."""

    def __init__(self) -> None:
        self.rows: list[tuple] = []
        self.ids: set[tuple] = set()
        self.counts: Counter[tuple] = Counter()

    def bring_in(self, rows: list[tuple]) -> int:
        """Rows that are new; each is (actor, day, name, insert id, properties)."""
        before = self.counts.copy()
        here: Counter[tuple] = Counter()
        new = 0
        for row in rows:
            actor, day, name, insert_id, properties = row
            if insert_id:
                key = (actor, day, name, insert_id)
                if key in self.ids:
                    continue
                self.ids.add(key)
            else:
                key = (actor, day, name, properties)
                here[key] += 1
                if here[key] <= before[key]:
                    continue
                self.counts[key] += 1
            self.rows.append(row)
            new += 1
        return new

    def events(self) -> list[tuple[int, int, str]]:
        kept = [(actor_key(row[0]), row[1] * DAY, number, row[2]) for number, row in enumerate(self.rows)]
        return [(key, time, name) for key, time, _, name in sorted(kept)]


ROW = st.tuples(
    st.sampled_from(["anna", "bob"]),
    st.integers(min_value=1, max_value=4),
    st.sampled_from(["view", "buy"]),
    st.sampled_from(["", "", "", "i1", "i2"]),
    st.sampled_from([("", ""), ("gold", ""), ("gold", "1"), ("", "gold")]),
)


def as_csv(rows: list[tuple], turned: bool) -> str:
    """The same rows with their columns in this order or the other."""
    lines = [HEAD.split(",")]
    lines += [[actor, f"1970-01-0{day + 1}", name, insert_id, *plan] for actor, day, name, insert_id, plan in rows]
    return "".join(",".join(reversed(line) if turned else line) + "\n" for line in lines)


@pytest.mark.django_db
@given(files=st.lists(st.tuples(st.lists(ROW, min_size=1, max_size=12), st.booleans()), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_imports_ends_as_defined(files, team):
    dataset = make_dataset(team)
    model = Model()
    for rows, turned in files:
        new = model.bring_in(rows)
        import_ = bring_in(dataset, as_csv(rows, turned), mapping=MAPPING)
        assert (import_.status, import_.error) == ("done", "")
        assert (import_.rows, import_.accepted, import_.duplicates) == (len(rows), new, len(rows) - new)
    assert events_of(dataset) == model.events()
    dataset.refresh_from_db()
    assert dataset.events == len(model.rows)


@pytest.mark.django_db
def test_the_same_file_again_changes_nothing(team):
    dataset = make_dataset(team)
    text = as_csv([("anna", 1, "view", "", ("", ""))] * 3 + [("bob", 2, "buy", "i1", ("", ""))], False)
    assert bring_in(dataset, text, mapping=MAPPING).accepted == 4
    before = events_of(dataset)
    again = bring_in(dataset, text, mapping=MAPPING)
    assert (again.accepted, again.duplicates, again.dataset_version) == (0, 4, None)
    dataset.refresh_from_db()
    assert dataset.version == 1
    assert events_of(dataset) == before


@pytest.mark.django_db
def test_an_overlapping_file_adds_what_it_has_more(team):
    dataset = make_dataset(team)
    row = ("anna", 1, "view", "", ("", ""))
    bring_in(dataset, as_csv([row, row], False), mapping=MAPPING)
    more = bring_in(dataset, as_csv([row] * 5 + [("bob", 3, "buy", "", ("", ""))], True), mapping=MAPPING)
    assert (more.accepted, more.duplicates) == (4, 2)


@pytest.mark.django_db
def test_only_segments_of_the_same_time_are_looked_into(team, monkeypatch):
    dataset = make_dataset(team)
    for day in (1, 2, 3):
        bring_in(dataset, as_csv([("anna", day, "view", "", ("", ""))], False), mapping=MAPPING)
    opened = []
    original = EventStore.open
    monkeypatch.setattr(EventStore, "open", lambda self, row: opened.append(row.born) or original(self, row))
    bring_in(dataset, as_csv([("anna", 2, "view", "", ("", ""))], False), mapping=MAPPING)
    assert opened == [2]
