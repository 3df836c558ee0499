"""Cases small enough for paper, one rule each. Times are seconds, and windows are 100 s unless said otherwise."""

import pytest

from flows.engine.query import SECOND, FlowQuery
from tests.engine.compare import engine_flow
from tests.engine.reference import reference_flow


def history(text, person=1):
    """``a0 b5``: a at second 0, b at second 5."""
    return [(person, word[0], int(word[1:]) * SECOND) for word in text.split()]


def flow(segments, since=-1000, through=1000, **options):
    """The flow of one history (text) or of segments (lists of rows); engine and reference agree on it."""
    options.setdefault("within", 100)
    if isinstance(segments, str):
        segments = [history(segments)]
    for name in ("within", "session_gap", "max_gap"):
        if options.get(name) is not None:
            options[name] *= SECOND
    for name in ("start", "end", "only", "hide", "exclude"):
        options[name] = tuple(options.get(name, ""))
    query = FlowQuery(**options)
    result = engine_flow(segments, query, data_from=since * SECOND, data_through=through * SECOND)
    wanted = reference_flow(segments, query, since * SECOND, through * SECOND)
    for key in ("units", "nodes", "paths", "distinct_paths", "ties"):
        assert result[key] == wanted[key]
    return result


def paths(result):
    """``abc dropped ×2``"""
    return [
        "".join(p["labels"]) + " " + p["end"] + ("" if p["count"] == 1 else f" ×{p['count']}") for p in result["paths"]
    ]


def repeats(result):
    return {node["label"]: node["repeats"] for node in result["nodes"] if node["repeats"]}


def test_a_path_begins_at_the_first_anchor_and_drops_where_nothing_follows():
    assert paths(flow("x0 a1 b2 c3 a4", start="a")) == ["abca dropped"]


def test_a_path_may_begin_at_the_last_anchor():
    assert paths(flow("a0 b1 a2 c3", start="a", occurrence="last")) == ["ac dropped"]


def test_the_last_anchor_is_the_beginning_of_its_run():
    result = flow("a0 a5 b6", start="a", occurrence="last")
    assert repeats(result) == {"a": 1}
    assert result["links"][0]["median_seconds"] == pytest.approx(6, rel=0.01)


def test_a_person_without_anchor_is_eligible_but_not_matched():
    result = flow([history("a0 b1") + history("b0", person=2)], start="a")
    assert result["units"] == {"eligible": 2, "matched": 1, "converted": 0}


@pytest.mark.parametrize(("last", "path"), [("b10", "ab dropped"), ("b11", "a dropped")])
def test_within_is_inclusive(last, path):
    assert paths(flow(f"a0 {last}", start="a", within=10)) == [path]


@pytest.mark.parametrize(("last", "path"), [("c9", "abc dropped"), ("c10", "ab dropped")])
def test_max_gap_is_inclusive_and_counts_from_the_first_event_of_the_run(last, path):
    assert paths(flow(f"a0 b4 b8 {last}", start="a", max_gap=5)) == [path]


@pytest.mark.parametrize(("through", "end"), [(10, "dropped"), (9, "open")])
def test_a_path_is_open_while_its_window_reaches_past_the_data(through, end):
    assert paths(flow("a0 b2", start="a", within=10, through=through)) == [f"ab {end}"]


def test_a_window_that_max_gap_closes_early_is_over_early():
    assert paths(flow("a0 b2", start="a", within=100, max_gap=3, through=5)) == ["ab dropped"]


def test_the_end_of_the_range_is_an_end_of_the_data_and_not_part_of_it():
    result = flow("a0 b5 c6", start="a", within=10, range_to=6 * SECOND)
    assert paths(result) == ["ab open"]


def test_the_beginning_of_the_range_is_part_of_it():
    assert paths(flow("a0 a5 b6", start="a", collapse="none", range_from=5 * SECOND)) == ["ab dropped"]


def test_a_path_is_cut_only_if_a_further_step_lies_inside_the_window():
    assert paths(flow("a0 b1 c2", start="a", steps=1)) == ["ab cut"]
    assert paths(flow("a0 b1 b2", start="a", steps=1)) == ["ab dropped"]
    assert paths(flow("a0 b1 c9", start="a", steps=1, within=8)) == ["ab dropped"]


def test_repeats_are_collapsed_counted_and_kept():
    result = flow("a0 b1 b2 b3 c4", start="a")
    assert paths(result) == ["abc dropped"]
    assert repeats(result) == {"b": 2}


def test_more_than_255_repeats_are_counted_exactly():
    rows = [(1, "a", 0), *((1, "b", 1 + i) for i in range(1000)), (1, "c", 5000)]
    assert repeats(flow([rows], start="a")) == {"b": 999}
    assert repeats(flow([rows], start="a", count="journeys")) == {"b": 999}


def test_without_collapse_every_event_is_a_step():
    assert paths(flow("a0 b1 b2 c3", start="a", collapse="none")) == ["abbc dropped"]


def test_hidden_events_do_not_separate_a_run():
    result = flow("a0 b1 x2 b3 c4", start="a", hide="x")
    assert paths(result) == ["abc dropped"]
    assert repeats(result) == {"b": 1}


def test_only_shows_the_listed_events_and_the_anchors():
    assert paths(flow("a0 b1 c2 d3", start="a", only="d")) == ["ad dropped"]


def test_an_excluded_event_drops_the_whole_path_only_within_depth():
    segments = [
        history("a0 b1 x2") + history("a0 b1 c2 x3", person=2) + history("a0 c1", person=3) + history("x0", person=4)
    ]
    result = flow(segments, start="a", exclude="x", steps=2)
    assert paths(result) == ["abc cut", "ac dropped"]
    assert result["units"] == {"eligible": 4, "matched": 2, "converted": 0}


def test_cycles_fold_whole_rounds_and_leave_the_odd_one():
    result = flow("s0 a1 b2 a3 b4 a5 c6", start="s", collapse="cycles")
    assert [node["label"] for node in result["nodes"]] == ["s", "a⇄b", "a", "c"]
    assert repeats(result) == {"a⇄b": 1}


def test_an_anchor_never_disappears_in_a_cycle():
    assert paths(flow("a0 b1 a2 b3 c4", start="a", collapse="cycles")) == ["ababc dropped"]


def test_an_excluded_event_in_a_cycle_excludes():
    assert paths(flow("s0 a1 b2 a3 b4", start="s", exclude="b", collapse="cycles")) == []


def test_a_session_ends_with_a_gap_longer_than_the_limit():
    result = flow("a0 b30 c61 a62", start="a", count="sessions", session_gap=30)
    assert paths(result) == ["a dropped", "ab dropped"]
    assert result["units"]["eligible"] == 2


def test_sessions_are_made_of_all_events_also_hidden_ones():
    assert paths(flow("a0 x20 b40", start="a", count="sessions", session_gap=30, hide="x")) == ["ab dropped"]


@pytest.mark.parametrize(("through", "end"), [(50, "dropped"), (49, "open")])
def test_a_session_is_over_when_the_gap_has_passed_behind_its_last_event(through, end):
    result = flow("a0 x20", start="a", count="sessions", session_gap=30, hide="x", through=through)
    assert paths(result) == [f"a {end}"]


def test_journeys_are_all_attempts_and_never_overlap():
    result = flow("a0 b1 a2 c3 a4 d5", start="a", count="journeys", steps=2)
    assert paths(result) == ["aba cut", "ad dropped"]
    assert result["units"] == {"eligible": 1, "matched": 2, "converted": 0}


def test_a_journey_begins_again_behind_a_closed_window():
    assert paths(flow("a0 b50 a60 b61", start="a", count="journeys", within=10)) == ["a dropped", "ab dropped"]


def test_an_excluded_journey_has_used_its_events():
    assert paths(flow("a0 x1 a2 b3 a4", start="a", count="journeys", steps=2, exclude="x")) == ["a dropped"]


def test_read_backwards_the_steps_are_those_before_the_anchor():
    result = flow("x0 a1 b2 e3 c4", end="e", occurrence="last")
    assert paths(result) == ["ebax dropped"]


def test_first_and_last_keep_the_calendar_when_read_backwards():
    assert paths(flow("a0 e1 b2 e3", end="e")) == ["ea dropped"]
    assert paths(flow("a0 e1 b2 e3", end="e", occurrence="last", steps=1)) == ["eb cut"]


@pytest.mark.parametrize(("second", "end"), [(10, "dropped"), (9, "open")])
def test_read_backwards_a_window_before_the_data_is_open(second, end):
    assert paths(flow(f"e{second}", end="e", within=10, since=0)) == [f"e {end}"]


def test_between_ends_at_the_first_end_anchor():
    result = flow("a0 b1 e2 c3 e4", start="a", end="e")
    assert paths(result) == ["abe converted"]
    assert result["units"]["converted"] == 1


def test_between_reached_behind_the_last_step_is_cut_and_converted_all_the_same():
    result = flow("a0 b1 c2 e3", start="a", end="e", steps=1)
    assert paths(result) == ["ab cut"]
    assert result["units"]["converted"] == 1


def test_between_not_reached_inside_the_window_is_not_converted():
    result = flow("a0 b1 c2 e30", start="a", end="e", steps=1, within=10)
    assert paths(result) == ["ab cut"]
    assert result["units"]["converted"] == 0


def test_one_event_may_be_both_anchors():
    assert paths(flow("a0 b1 a2 c3", start="a", end="a")) == ["aba converted"]


def test_ties_stand_in_order_of_arrival_and_are_counted():
    result = flow([history("b5"), history("a5 c5")], start="a")
    assert paths(result) == ["ac dropped"]
    assert result["ties"] == 2


def test_a_later_import_of_earlier_events_is_put_in_order_of_time():
    assert paths(flow([history("c9 a4"), history("b5 d1"), history("a0 e10")], start="a")) == ["adabce dropped"]


def test_the_top_labels_stand_and_the_rest_is_other_after_everything_is_counted():
    rows = [row for person in range(1, 7) for row in history(f"a0 {'bbccde'[person - 1]}1", person)]
    result = flow([rows], start="a", top=2)
    step = [(node["kind"], node["label"], node["count"]) for node in result["nodes"] if node["step"] == 1]
    assert step == [("other", "", 2), ("event", "b", 2), ("event", "c", 2)]
    assert result["distinct_paths"] == 4


def test_anchors_at_step_0_always_stand_as_themselves():
    rows = [row for person, name in enumerate("abc") for row in history(f"{name}0", person)]
    assert [node["label"] for node in flow([rows], start="abc", top=1)["nodes"]] == ["a", "b", "c"]


def test_median_and_p90_are_observed_times_within_one_percent():
    rows = [row for person in range(10) for row in history(f"a0 b{(person + 1) * 7}", person)]
    link = flow([rows], start="a")["links"][0]
    assert link["median_seconds"] == pytest.approx(35, rel=0.01)
    assert link["p90_seconds"] == pytest.approx(63, rel=0.01)


def test_the_result_has_the_one_shape():
    result = flow("a0 b5", start="a")
    assert set(result) == {
        "query", "dataset_version", "data_through", "computed_in_ms", "units", "nodes", "links", "paths",
        "distinct_paths", "ties",
    }  # fmt: skip
    assert result["dataset_version"] == 1
    assert result["data_through"] == "1970-01-01T00:16:40Z"
    assert result["nodes"][0] == {
        "step": 0, "kind": "event", "label": "a", "count": 1, "repeats": 0,
        "converted": 0, "cut": 0, "dropped": 0, "open": 0,
    }  # fmt: skip
    assert result["links"] == [
        {"step": 0, "source": "a", "source_kind": "event", "target": "b", "target_kind": "event", "count": 1,
         "median_seconds": pytest.approx(5, rel=0.01), "p90_seconds": pytest.approx(5, rel=0.01)}
    ]  # fmt: skip
