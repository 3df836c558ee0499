"""The picture of a difference: what it adds up, what it may not know, and what it says."""

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flows.chart_view import NOUNS
from flows.difference import Drawn, difference_view
from flows.engine.compare import compare_flows
from flows.engine.query import FlowQuery
from flows.engine.selector import Selector
from tests.engine.cases import logs, questions, thorough
from tests.engine.compare import assert_conserved, engine_flow


def flow(rows, query):
    return engine_flow(rows, query, catalogue={*query.start, *query.end})


def picture(results, top=8, picked=None):
    view = difference_view(Drawn.of(results, top), compare_flows(*results), width=1000, noun=NOUNS["users"], colours={})
    return view.linked(lambda selector: f"/{selector.set}", picked)


@thorough
@given(logs(), logs(), questions(), st.integers(1, 3), st.integers(1, 4))
def test_what_is_drawn_adds_up_and_knows_its_numbers(one, two, query, top, asked):
    """`asked` is narrow here, so that labels hide in Other on one side, as they do of more than fifty."""
    results = tuple(flow(rows, replace(query, top=asked, paths=0)) for rows in (one, two))
    whole = [flow(rows, replace(query, top=50, paths=0)) for rows in (one, two)]
    both = Drawn.of(results, top)
    kept = both.kept
    for result, drawn, everything in zip(results, both.results, whole, strict=True):
        assert_conserved(drawn)
        assert drawn["units"] == result["units"]
        numbers = {(node["step"], node["label"]): node["count"] for node in everything["nodes"]}
        shown = {(node["step"], node["label"]): node["count"] for node in drawn["nodes"] if node["kind"] == "event"}
        # A label that is drawn by name has its true number on both sides, also where that is none.
        for step, labels in kept.items():
            assert step == 0 or len(labels) <= top
            for label in labels:
                assert shown.get((step, label), 0) == numbers.get((step, label), 0)


def people(orders, helps, each=100):
    return [
        row
        for person in range(each)
        for row in [
            (person, "visit", 0),
            *(
                [(person, "order", 10)]
                if person < orders
                else [(person, "help", 10)]
                if person < orders + helps
                else []
            ),
        ]
    ] + [(10_000, "end", 40 * 86_400_000_000)]


VISIT = FlowQuery(start=("visit",), steps=1)


def test_shares_colours_and_words_are_those_of_the_test():
    view = picture([flow([people(*numbers)], VISIT) for numbers in ((20, 20), (60, 20))])
    nodes = {mark.node.label: mark for mark in view.nodes}
    assert (nodes["order"].verdict, nodes["order"].shares) == ("more", "20.0 → 60.0\xa0%")
    assert (nodes["help"].verdict, nodes["help"].shares) == ("same", "20.0 → 20.0\xa0%")
    assert nodes["order"].title == (
        "order, Step 1: 20 → 60 people, 20.0 → 60.0\xa0% of start, +40.0 points (more, significant)"
    )
    dropped = next(mark for mark in nodes["visit"].ends if mark.end.state == "dropped")
    assert dropped.verdict == "fewer"
    assert "60 → 20 people" in dropped.title
    assert [head.shares for head in view.heads] == ["100 → 100\xa0%", "40.0 → 80.0\xa0%"]


def test_bars_are_as_high_as_the_mean_of_both_shares():
    view = picture([flow([people(20, 20)], VISIT), flow([people(60, 20)], VISIT)])
    height = {mark.node.label: mark.node.height for mark in view.nodes}
    assert round(height["order"] / height["help"], 2) == 2.0  # 40 % and 20 %
    ribbon = next(mark for mark in view.ribbons if "order" in mark.title)
    assert ribbon.verdict == "more"


def test_other_of_the_picture_opens_nothing_and_is_not_judged():
    view = picture([flow([people(20, 20)], VISIT), flow([people(60, 20)], VISIT)], top=1)
    nodes = {mark.node.label: mark for mark in view.nodes}
    assert (nodes["Other"].url, nodes["Other"].verdict) == ("", "unknown")
    assert nodes["Other"].shares == "20.0 → 20.0\xa0%"
    assert nodes["order"].url == "/node"


def test_few_people_are_not_coloured():
    view = picture([flow([people(1, 1, each=10)], VISIT), flow([people(9, 1, each=10)], VISIT)])
    assert {mark.verdict for mark in view.nodes} == {"few", "unknown"}  # the start is no test
    assert all(re.search(r"\((too few to say|not compared)\)$", mark.title) for mark in view.nodes)


def test_an_empty_side_has_no_shares():
    view = picture([flow([[(1, "end", 0)]], VISIT), flow([people(60, 20)], VISIT)])
    assert {mark.shares for mark in view.nodes} == {"– → 100\xa0%", "– → 60.0\xa0%", "– → 20.0\xa0%"}


def test_the_open_number_stands_out():
    order = Selector(set="node", step=1, label="order")
    view = picture([flow([people(20, 20)], VISIT), flow([people(60, 20)], VISIT)], picked=order)
    assert [mark.node.label for mark in view.nodes if mark.picked] == ["order"]
