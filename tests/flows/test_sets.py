"""The people behind a number, page by page: as many as it says, with their own names, in the time of the team."""

import threading
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from django.db import connection

from accounts.models import Team
from flows.engine.query import FlowQuery, QueryError
from flows.engine.selector import Selector
from flows.engine.spot import Spot
from flows.models import Dataset, Segment
from flows.questions import FunnelQuestion
from flows.services import details, runs, sets, spots
from flows.store import EventStore, SupersededSegment, segments
from flows.store.disk import checksum, root
from tests.engine.test_members import numbers
from tests.flows.events import make_dataset
from tests.flows.rows import give_events
from tests.flows.shops import NOON, give, make_shop

VISIT = FlowQuery(start=("visit",))
SEARCHED = Selector(set="node", step=1, label="search")
EVERYBODY = Selector(set="matched")


@pytest.fixture
def shop(team: Team) -> Dataset:
    Team.objects.filter(pk=team.pk).update(time_zone="Asia/Tokyo")
    team.refresh_from_db()
    return make_shop(team)


def test_a_member_is_told_with_name_time_path_and_end(shop):
    page = sets.page_of(dataset=shop, query=VISIT, selector=SEARCHED)
    assert (page.total, page.dataset_version) == (3, 1)
    ann = next(member for member in page.members if member.person == "ann")
    assert (ann.at, ann.at.isoformat()) == (NOON, "2026-03-02T21:00:00+09:00")
    assert ann.at.tzinfo == ZoneInfo("Asia/Tokyo")
    assert (ann.path, ann.end) == (("visit", "search", "order"), "dropped")
    assert ann.seconds == pytest.approx((0, 300, 240), rel=0.01)


def test_every_number_of_an_answer_is_the_total_of_its_people(shop):
    for query in (VISIT, FlowQuery(start=("visit",), top=1, count="journeys"), FlowQuery(end=("order",), steps=3)):
        flow = runs.answer_now(dataset=shop, query=query)
        for number, selector in numbers(flow):
            assert sets.page_of(dataset=shop, query=query, selector=selector).total == number
            assert sets.shown_number(flow, selector) == number
            assert sets.people_of(dataset=shop, query=query, selector=selector).count == number


def test_what_an_answer_does_not_show_has_no_number(shop):
    flow = runs.answer_now(dataset=shop, query=FlowQuery(start=("visit",), top=1, paths=1))
    for selector in (
        Selector(set="node", step=1, label="help"),
        Selector(set="link", step=0, source="visit", target="help"),
        Selector(set="path", path=("visit", "search"), state="dropped"),
        Selector(set="path", path=("visit", "help")),
    ):
        assert sets.shown_number(flow, selector) is None
    of_ended = (
        sets.shown_number(flow, Selector(set="matched", state=s)) for s in ("converted", "cut", "dropped", "open")
    )
    assert sum(of_ended) == flow["units"]["matched"]


def test_pages_follow_each_other(team):
    rows = [(f"u{n:03}", "visit", n) for n in range(120)]
    shop = make_shop(team, rows=rows)
    pages = [sets.page_of(dataset=shop, query=VISIT, selector=EVERYBODY, offset=at, limit=50) for at in (0, 50, 100)]
    assert [page.total for page in pages] == [120] * 3
    people = [member.person for page in pages for member in page.members]
    assert people == [f"u{n:03}" for n in reversed(range(120))]
    assert sets.page_of(dataset=shop, query=VISIT, selector=EVERYBODY, offset=500).members == []


def test_names_are_found_in_whatever_segment_and_row_group_they_stand(team):
    dataset = make_dataset(team)
    for part in range(3):
        first = 40 * part
        give_events(dataset, [(f"ü{n}", "visit", 1_700_000_000 + n, {}) for n in range(first, first + 60)])
    for row in Segment.objects.all():
        in_row_groups_of(row, 7)
    page = sets.page_of(dataset=dataset, query=VISIT, selector=EVERYBODY, limit=200)
    assert page.total == 140
    assert [member.person for member in page.members] == [f"ü{n}" for n in reversed(range(140))]


def in_row_groups_of(segment: Segment, rows: int) -> None:
    path = root() / segment.file
    pq.write_table(pq.read_table(path), path, row_group_size=rows)
    Segment.objects.filter(pk=segment.pk).update(bytes=path.stat().st_size, checksum=checksum(path))


def test_of_a_large_file_only_the_row_groups_of_the_page_are_read(team, monkeypatch):
    dataset = make_shop(team, rows=[(f"u{n}", "visit", n) for n in range(50)])
    in_row_groups_of(Segment.objects.get(), 1)
    EventStore(team.pk).open(Segment.objects.get())
    read = []
    whole = pq.ParquetFile.read_row_group

    def counted(self, group, columns):
        read.append((group, columns))
        return whole(self, group, columns=columns)

    monkeypatch.setattr(segments.pq.ParquetFile, "read_row_group", counted)
    sets.page_of(dataset=dataset, query=VISIT, selector=EVERYBODY, limit=3)
    assert len(read) == 3
    assert {tuple(columns) for _, columns in read} == {("actor",)}


def test_the_version_of_a_number_is_the_version_of_its_people(shop):
    give(shop, [("eve", "visit", 0), ("eve", "search", 1)])
    totals = [sets.page_of(dataset=shop, query=VISIT, selector=SEARCHED, version=v).total for v in (1, 2, None)]
    assert totals == [3, 4, 4]


def test_a_version_that_is_no_longer_kept_is_said(shop):
    give(shop, [("eve", "visit", 0)])
    first = Segment.objects.order_by("pk")[0]
    Segment.objects.filter(pk=first.pk).update(gone=2)
    (root() / first.file).unlink()
    with pytest.raises(SupersededSegment, match="no longer kept"):
        sets.page_of(dataset=shop, query=VISIT, selector=SEARCHED, version=1)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"offset": -1}, "offset"),
        ({"offset": sets.MOST_LISTED}, "offset"),
        ({"limit": 0}, "limit"),
        ({"limit": sets.MOST_AT_ONCE + 1}, "limit"),
        ({"version": -1}, "version"),
        ({"version": 2}, "version"),
        ({"selector": Selector(set="node", step=6, label="search")}, "step"),
        ({"query": FlowQuery(start=("nope",))}, "start"),
        ({"query": FlowQuery(start=("visit",), people=({"in_cohort": 1},))}, "in_cohort"),
    ],
)
def test_what_cannot_be_listed_is_said_with_its_field(shop, asked, field):
    with pytest.raises(QueryError, match=f"^{field}: .*[.]$") as refused:
        sets.page_of(**{"dataset": shop, "query": VISIT, "selector": SEARCHED, **asked})
    assert refused.value.field == field


def test_whoever_waits_too_long_for_another_is_told(shop, monkeypatch):
    monkeypatch.setattr(sets, "PATIENCE", 0.01)
    with sets._turn, pytest.raises(sets.Busy):
        sets.page_of(dataset=shop, query=VISIT, selector=SEARCHED)
    assert sets.page_of(dataset=shop, query=VISIT, selector=SEARCHED).total == 3


@pytest.mark.django_db(transaction=True)
def test_a_walk_holds_no_connection(team, monkeypatch):
    shop = make_shop(team)
    held = []
    walk = sets.open_sets

    def look(*args, **kwargs):
        held.append(connection.connection)
        return walk(*args, **kwargs)

    monkeypatch.setattr(sets, "open_sets", look)
    assert sets.page_of(dataset=shop, query=VISIT, selector=SEARCHED).total == 3
    assert held == [None]


class Turn:
    """The turn to walk: says when somebody begins to wait for it, and for how long at most."""

    def __init__(self):
        self.lock, self.awaited, self.patience = threading.Lock(), threading.Event(), []

    def acquire(self, timeout):
        self.patience.append(timeout)
        self.awaited.set()
        return self.lock.acquire(timeout=timeout)

    def release(self):
        self.lock.release()


def test_who_comes_while_another_walks_waits_and_is_served(shop, monkeypatch):
    """Of whatever kind: all walks go through one door, and wait no longer than it says."""
    funnel, reached = FunnelQuestion(steps=(("visit",), ("search",))), Spot(set="step", step=1)
    looks = (
        lambda: sets.page_of(dataset=shop, query=VISIT, selector=SEARCHED).total,
        lambda: spots.page_of_spot(dataset=shop, question=funnel, spot=reached).total,
        lambda: details.tree_of(dataset=shop, query=VISIT, prefix=["visit", "search"], depth=1, version=1).count,
    )
    for look in looks:
        turn = Turn()
        monkeypatch.setattr(sets, "_turn", turn)
        turn.lock.acquire()  # somebody walks
        walker = threading.Thread(target=lambda turn=turn: turn.awaited.wait(10) and turn.release())
        walker.start()
        assert look() == 3
        walker.join()
        assert turn.patience == [sets.PATIENCE]
        assert turn.lock.acquire(blocking=False)  # given back
