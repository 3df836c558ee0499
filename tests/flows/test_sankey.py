import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.lettering import text_width
from flows.sankey import BAR, LABEL_GAP, NAME, STUB, SankeyLayout, colours_by_rank, lay_out
from tests.flows.drawn import SHOP, result_of

labels = st.sampled_from(["a", "b", "c", "dd" * 150, "مرحبا بالعالم", "👩‍👩‍👧‍👦 family", "<b>&\"'", "Other"])
whole_paths = st.tuples(
    st.lists(labels, min_size=1, max_size=8).map(tuple), st.sampled_from(["converted", "cut", "dropped", "open"])
)
results = st.builds(
    result_of,
    st.dictionaries(whole_paths, st.integers(1, 10**9), min_size=1, max_size=30),
    top=st.integers(1, 6),
)


def columns_of(layout: SankeyLayout):
    return [list(group) for _, group in itertools.groupby(layout.nodes, key=lambda node: node.step)]


def numbers_in(path: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+", path)]


@settings(max_examples=60, deadline=None)
@given(results, st.booleans(), st.floats(200, 3000))
def test_nothing_overlaps_and_nothing_leaves_the_picture(result, backwards, width):
    layout = lay_out(result, width=width, backwards=backwards)
    for column in columns_of(layout):
        tops = [(min(n.y, n.name_y - 9), max(n.y + n.height, n.count_y + 3)) for n in column]
        for (_, bottom), (top, _) in itertools.pairwise(tops):
            assert bottom <= top + 0.2
        assert tops[0][0] >= 0
        assert tops[-1][1] <= layout.height
    for node in layout.nodes:
        assert node.height >= 3
        assert 0 <= node.x <= layout.width - BAR
    for path in [r.path for r in layout.ribbons] + [end.path for n in layout.nodes for end in n.ends]:
        assert all(0 <= number <= max(layout.width, layout.height) for number in numbers_in(path))


@settings(max_examples=60, deadline=None)
@given(results)
def test_names_fit_before_the_next_column(result):
    layout = lay_out(result)
    lefts = [column.x for column in layout.columns]
    for node in layout.nodes:
        later = [x for x in lefts if x > node.x]
        end = min(later) if later else layout.width
        assert node.text_x + text_width(node.name, NAME) <= end + 0.5


@settings(max_examples=60, deadline=None)
@given(results)
def test_what_leaves_a_bar_adds_up_to_its_height(result):
    layout = lay_out(result)
    onward = dict.fromkeys(range(len(layout.nodes)), 0)
    for ribbon in layout.ribbons:
        onward[ribbon.source] += ribbon.count
    for node in layout.nodes:
        assert onward[node.index] + sum(end.count for end in node.ends) == node.count
        if node.ends:
            last = node.ends[-1]
            assert last.y + last.height == pytest.approx(node.y + node.height, abs=0.3)


def test_bars_are_as_high_as_their_counts():
    layout = lay_out(result_of(SHOP))
    tall = [node for node in layout.nodes if node.height > 3]
    scale = tall[0].height / tall[0].count
    for node in tall:
        assert node.height == pytest.approx(node.count * scale, abs=0.1)
    assert next(node for node in layout.nodes if node.label == "odd").height == 3


def test_ends_leave_in_one_order_below_the_ribbons():
    paths = {(("a", "b"), "cut"): 40, (("a",), "converted"): 30, (("a",), "open"): 10, (("a",), "dropped"): 20}
    start = lay_out(result_of(paths)).nodes[0]
    assert [end.state for end in start.ends] == ["converted", "dropped", "open"]
    assert start.ends[0].y == pytest.approx(start.y + start.height * 0.4, abs=0.1)


def test_tall_ends_carry_their_figure_and_small_ones_do_not():
    start = lay_out(result_of({(("a",), "dropped"): 500, (("a",), "open"): 480, (("a",), "cut"): 20})).nodes[0]
    figures = {end.state: end.figure is not None for end in start.ends}
    assert figures == {"cut": False, "dropped": True, "open": True}


def test_fewer_crossings_win_over_the_order_of_counts():
    paths = {(("a", "b", "y"), "cut"): 60, (("a", "c", "x"), "cut"): 50, (("a", "c", "z"), "cut"): 70}
    middle, last = columns_of(lay_out(result_of(paths)))[1:]
    of = {"y": "b", "x": "c", "z": "c"}
    assert [of[node.label] for node in last] in ([n.label for n in middle for _ in range(1 if n.label == "b" else 2)],)


def test_read_backwards_the_picture_is_mirrored():
    result = result_of(SHOP)
    forwards, backwards = lay_out(result), lay_out(result, backwards=True)
    assert backwards.width == forwards.width
    assert [n.x for n in backwards.nodes] == pytest.approx([forwards.width - n.x - BAR for n in forwards.nodes])
    assert all(n.text_x < n.x for n in backwards.nodes)


def test_many_steps_make_the_chart_wider_than_the_page():
    chain = tuple(f"step {i}" for i in range(21))
    layout = lay_out(result_of({(chain, "cut"): 1}), width=800)
    assert len(layout.columns) == 21
    assert layout.width > 800
    assert min(b.x - a.x for a, b in itertools.pairwise(layout.columns)) >= 106


def test_many_labels_make_the_chart_higher():
    paths = {(("a", f"label {i}"), "dropped"): i + 1 for i in range(50)}
    layout = lay_out(result_of(paths))
    assert layout.height > 50 * 32


def test_a_single_person_is_drawn():
    layout = lay_out(result_of({(("a",), "open"): 1}))
    assert len(layout.nodes) == 1
    assert not layout.ribbons
    assert layout.nodes[0].text_x == pytest.approx(layout.nodes[0].x + BAR + LABEL_GAP + STUB)


def test_nobody_is_no_picture():
    layout = lay_out({"nodes": [], "links": []})
    assert layout.nodes == ()
    assert (layout.width, layout.height) == (0, 0)


def test_links_that_are_not_drawn_are_counted(monkeypatch):
    monkeypatch.setattr("flows.sankey.RIBBONS", 2)
    layout = lay_out(result_of(SHOP))
    assert [ribbon.count for ribbon in layout.ribbons] == [800, 500]
    assert (layout.undrawn, layout.undrawn_count) == (2, 151)


def test_a_label_keeps_its_colour_and_other_has_its_own():
    paths = {(("a", "b", "a"), "cut"): 5, (("a", "c", "b"), "cut"): 3, (("a", "d", "c"), "cut"): 1}
    result = result_of(paths, top=2)
    layout = lay_out(result)
    seen = {(node.kind, node.label, node.colour) for node in layout.nodes}
    assert len(seen) == len({(kind, label) for kind, label, _ in seen})
    assert {node.colour for node in layout.nodes if node.is_other} == {0}
    assert colours_by_rank(result["nodes"])["a"] == 1


def test_an_event_called_other_is_not_the_rest():
    paths = {(("a", "Other"), "cut"): 9, (("a", "x"), "cut"): 5, (("a", "y"), "cut"): 1}
    layout = lay_out(result_of(paths, top=2))
    named = [node for node in layout.nodes if node.label == "Other"]
    assert sorted(node.colour > 0 for node in named) == [False, True]
    assert sorted(node.count for node in named) == [1, 9]


def test_six_steps_fit_beside_the_panel():
    chain = tuple(f"payment_started {i}" for i in range(7))
    assert lay_out(result_of({(chain, "cut"): 394}), width=788).width <= 788
