"""What results tell, against cases counted on paper."""

import doctest

import pytest

from flows.engine.compare import two_proportion_test
from flows.engine.detours import Leg, Ways
from flows.engine.query import FlowQuery
from flows.insights import sureness, timing
from flows.insights.changes import changes
from flows.insights.detours import detours, legs_of
from flows.insights.leaving import drop_offs
from flows.insights.loops import cycles, repeats
from flows.insights.outcomes import converters, reaching
from flows.insights.sureness import adjusted
from flows.insights.timing import middle_of, slow_links


def node(step, label, count, dropped=0, repeats=0, kind="event"):
    return {"step": step, "kind": kind, "label": label, "count": count, "dropped": dropped, "repeats": repeats}


def link(source, target, count, median, step=0, kinds=("event", "event")):
    return {
        "step": step, "source": source, "source_kind": kinds[0], "target": target, "target_kind": kinds[1],
        "count": count, "median_seconds": median, "p90_seconds": 2 * median,
    }  # fmt: skip


def result(nodes=(), links=(), paths=(), matched=0, **query):
    query = FlowQuery(**({"start": ("visit",)} | query)).canonical()
    return {"query": query, "units": {"matched": matched}, "nodes": nodes, "links": links, "paths": paths}


def path(*labels, count, end="dropped"):
    return {"labels": list(labels), "count": count, "end": end}


def test_most_people_leave_where_most_people_drop():
    nodes = [node(0, "visit", 100, 20), node(1, "search", 80, 50), node(1, "", 29, 29, kind="other"), node(2, "pay", 9)]
    found = drop_offs(result(nodes, matched=100), most=2)
    assert [(each.label, each.dropped, each.reached, each.start, each.small) for each in found] == [
        ("search", 50, 80, 100, False),
        ("", 29, 29, 100, True),
    ]
    assert drop_offs(result([node(0, "visit", 100)], matched=100)) == []


def test_the_middle_is_that_of_all_moves():
    assert middle_of([]) == 0
    assert middle_of([(10.0, 1), (1.0, 99)]) == 1.0
    assert middle_of([(1.0, 50), (10.0, 50)]) == 1.0
    assert middle_of([(1.0, 50), (10.0, 51)]) == 10.0


def test_slow_links_are_those_above_the_middle_with_enough_people():
    links = [
        link("visit", "a", 100, 10),
        link("visit", "b", 40, 60),
        link("visit", "c", 29, 900),
        link("a", "b", 30, 61),
    ]
    found = slow_links(result(links=links))
    assert [(each.link["source"], each.link["target"], each.times) for each in found.found] == [
        ("a", "b", 6.1),
        ("visit", "b", 6.0),
    ]
    assert (found.middle, found.judged, found.small) == (10, 3, 1)
    assert slow_links(result()).found == []


def test_repeats_are_added_up_over_steps():
    nodes = [
        node(1, "help", 40, repeats=3),
        node(2, "help", 10, repeats=9),
        node(1, "search", 99, repeats=5),
        node(2, "x", 5),
    ]
    found = repeats(result(nodes))
    assert [(each.label, each.count, each.again, each.step, each.small) for each in found] == [
        ("help", 50, 12, 2, False),
        ("search", 99, 5, 1, False),
    ]


def test_cycles_are_told_from_events_that_look_like_them():
    nodes = [node(1, "a⇄b", 12, repeats=4), node(1, "in⇄out", 500, repeats=9), node(2, "a", 7, repeats=3)]
    found = cycles(result(nodes), names={"in⇄out"})
    assert [(each.label, each.count, each.again, each.small) for each in found] == [("a⇄b", 12, 4, True)]


PATHS = [
    path("visit", "help", "order", count=40, end="converted"),
    path("visit", "search", "order", count=60, end="converted"),
    path("visit", "search", count=50),
    path("visit", "help", "leave", count=10),
    path("visit", count=40),
    path("visit", "help", count=500, end="open"),
    path("visit", "help", "search", "search", count=300, end="cut"),
]


def test_converters_are_told_from_those_who_dropped():
    found = converters(result(paths=PATHS, matched=2000, end=("order",)))
    assert (found.size, found.lost, found.told, found.matched) == (100, 100, 1000, 2000)
    table = {each.label: (each.hits, each.lost_hits, each.small) for each in found.found}
    assert table == {"help": (40, 10, False), "search": (60, 50, False), "leave": (0, 10, False)}
    assert found.found[0].label == "help"
    assert found.found[0].difference == pytest.approx(0.3)
    p = [two_proportion_test(*each)[1] for each in ((10, 100, 40, 100), (10, 100, 0, 100), (50, 100, 60, 100))]
    assert found.tests == 3
    assert found.found[0].adjusted_p == pytest.approx(3 * p[0])


def test_what_came_before_a_chosen_event_is_told():
    paths = [
        path("visit", "help", "search", "order", count=50, end="cut"),  # what comes after it does not count
        path("visit", "search", count=50),
        path("visit", "order", count=100),
        path("visit", "help", count=30),
    ]
    found = reaching(result(paths=paths, matched=230), "search")
    assert (found.size, found.lost) == (100, 130)
    assert {each.label: (each.hits, each.lost_hits) for each in found.found} == {"help": (50, 30), "order": (0, 100)}


def test_without_anybody_to_compare_nothing_is_told():
    everybody = [path("visit", "order", count=10, end="converted")]
    found = converters(result(paths=everybody, matched=10, end=("order",)))
    assert (found.found, found.size, found.lost, found.tests) == ([], 10, 0, 0)


def test_small_tables_have_no_part_in_the_adjustment():
    table, small = (45, 100, 60, 100), (1, 10, 9, 10)
    assert adjusted([small, table]) == [None, pytest.approx(two_proportion_test(*table)[1])]
    assert adjusted([]) == []


def test_changes_are_significant_rows_the_greatest_first():
    def row(difference, p):
        return {"difference": difference, "adjusted_p": p}

    rows = [row(0.1, 0.04), row(-0.3, 0.001), row(0.5, 0.05), row(0.9, None), row(None, None)]
    compared = {"nodes": rows, "links": [row(0.2, 0.01)], "ends": [], "totals": []}
    assert [each["difference"] for each in changes(compared)] == [-0.3, 0.2, 0.1]


def test_legs_are_the_busiest_links_with_room_for_a_way_round():
    links = [
        link("visit", "a", 9, 1), link("visit", "b", 10, 1), link("a", "a", 99, 1, step=1),
        link("b", "", 99, 1, step=1, kinds=("event", "other")), link("a", "b", 5, 1, step=2),
    ]  # fmt: skip
    assert legs_of(result(links=links, steps=3)) == [Leg(0, "visit", "b"), Leg(0, "visit", "a")]
    assert legs_of(result(links=links, steps=4))[-1] == Leg(2, "a", "b")


def test_detours_cost_time_and_people():
    legs = [Leg(0, "a", "b"), Leg(0, "a", "c"), Leg(1, "a", "b"), Leg(0, "a", "d")]
    ways = [
        (Ways(100, 60, 10.0), Ways(50, 10, 30.0)),  # 1 000 s altogether
        (Ways(100, 60, 10.0), Ways(400, 240, 15.0)),  # 2 000 s
        (Ways(10, 5, 10.0), Ways(10, 5, 1.0)),  # quicker, and few
        (Ways(10, 5, 10.0), Ways(0, 0, 0.0)),  # no way round
    ]
    found = detours(legs, ways)
    assert [each.leg for each in found] == [legs[1], legs[0], legs[2]]
    assert (found[0].extra_seconds, found[0].adjusted_p, found[2].small) == (5.0, 1.0, True)
    assert found[1].adjusted_p == pytest.approx(2 * two_proportion_test(60, 100, 10, 50)[1])


@pytest.mark.parametrize("module", [sureness, timing])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module) == (0, 1)
