"""Funnels: paper cases, the references, and the promise that a chain of nodes shows the numbers of its flow."""

import doctest
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine import funnel, funnel_sets, people_sets
from flows.engine.arrays import segment_from_rows
from flows.engine.funnel import check_funnel, compute_chain, compute_funnel
from flows.engine.funnel_query import Exclusion, FunnelQuery
from flows.engine.funnel_sets import chain_set, funnel_set
from flows.engine.funnel_walk import STATES
from flows.engine.histories import Given
from flows.engine.query import SECOND, FlowQuery, QueryError
from flows.engine.result import NotConserved
from flows.engine.source import Cancelled
from tests.engine.cases import (
    NAMES,
    PROPERTIES,
    TIMES,
    cases,
    logs,
    narrowed,
    questions,
    small_parts,
    some,
    some_people,
    thorough,
    unless_anchors_are_hidden,
    valued_logs,
)
from tests.engine.compare import asked_of, assert_times_close, engine_flow, given_of, oldest_and_newest, relabelled
from tests.engine.reference import histories, label_of
from tests.engine.reference_analyses import eventual_attempts, grouped, reference_chain, reference_eventual
from tests.engine.test_semantics import history


def engine_funnel(segments, query, **options):
    asked, rest = asked_of(segments, options)
    return compute_funnel(query, asked, dataset_version=1, **{"threads": 2} | rest)


def engine_chain(segments, query, chain, **options):
    given, rest = asked_of(segments, options, query)
    return compute_chain(query, chain, given, dataset_version=1, **{"threads": 2} | rest)


def assert_same(got, want):
    assert got["units"] == want["units"]
    assert got["ties"] == want["ties"]
    assert_same_steps(got["steps"], want["steps"])


def assert_same_steps(got, want):
    quick = ("median_seconds", "p90_seconds")
    for row, wanted in zip(got, want, strict=True):
        assert {k: v for k, v in row.items() if k not in quick} == {k: v for k, v in wanted.items() if k not in quick}
        assert [row[k] is None for k in quick] == [wanted[k] is None for k in quick]
    behind = [row["median_seconds"] is not None for row in want]
    got_times = [row for row, timed in zip(got, behind, strict=True) if timed]
    assert_times_close(got_times, [row for row, timed in zip(want, behind, strict=True) if timed], 0.01)


@st.composite
def funnels(draw):
    steps = draw(st.lists(some(NAMES, 1), min_size=1, max_size=4).map(tuple))
    exclusions = []
    if len(steps) > 1:
        for after in draw(st.lists(st.integers(0, len(steps) - 2), max_size=2)):
            before = draw(st.integers(after + 1, len(steps) - 1))
            free = sorted(set(NAMES) - {name for step in steps[after + 1 : before + 1] for name in step})
            if free:
                exclusions.append(Exclusion(draw(some(free, 1)), after, before))
    used = {name for each in steps for name in each} | {name for each in exclusions for name in each.events}
    hidden = sorted(set(NAMES) - used)
    bounds = draw(st.lists(st.one_of(st.none(), TIMES), min_size=2, max_size=2))
    since, until = bounds if None in bounds or bounds[0] < bounds[1] else (None, bounds[0])
    return FunnelQuery(
        steps=steps,
        exclusions=tuple(exclusions),
        count=draw(st.sampled_from(["users", "sessions"])),
        occurrence=draw(st.sampled_from(["first", "last"])),
        within=draw(st.one_of(st.integers(1, 30), st.just(100))),
        session_gap=draw(st.one_of(st.integers(1, 8), st.just(100))),
        max_gap=draw(st.one_of(st.none(), st.integers(1, 20))),
        collapse=draw(st.sampled_from(["none", "consecutive"])),
        only=draw(st.one_of(st.just(()), some(NAMES, 1, 3))),
        hide=draw(st.one_of(st.just(()), some(hidden))) if hidden else (),
        range_from=since,
        range_to=until,
        breakdown=draw(st.sampled_from([None, *PROPERTIES])),
        top=draw(st.integers(1, 3)),
    )


@thorough
@given(valued_logs(), narrowed(funnels()), some_people())
def test_eventual_funnels_agree_with_the_reference(segments, query, cohorts):
    with small_parts():
        got = engine_funnel(segments, query, cohorts=cohorts, properties=PROPERTIES)
    want = reference_eventual(segments, query, oldest_and_newest(segments)[1], cohorts)
    assert_same(got, want)
    for group, wanted in zip(got.get("breakdown", []), want.get("breakdown", []), strict=True):
        assert (group["kind"], group["value"]) == (wanted["kind"], wanted["value"])
        assert_same_steps(group["steps"], wanted["steps"])


@thorough
@given(valued_logs(), narrowed(funnels()), some_people(), st.data())
def test_every_number_of_an_eventual_funnel_is_its_set(segments, query, cohorts, data):
    given_rows = given_of(segments, cohorts=cohorts, properties=PROPERTIES)
    attempts, _, _ = eventual_attempts(segments, query, given_rows.data_through, cohorts)
    groups = {None: attempts} | (grouped(query, attempts) if query.breakdown else {})
    for step in range(len(query.steps)):
        for state in (None, *STATES):
            group = data.draw(st.sampled_from(list(groups)))
            here = [a for a in groups[group] if a["reached"] >= step]
            if state is not None:
                here = [a for a in here if (a["reached"], a["state"]) == (step, state)]
            chosen = Counter(attempt["person"] for attempt in here)
            with small_parts():
                found = funnel_set(query, given_rows, step, state, group, threads=2)
            assert found.total == chosen.total()
            assert dict(zip(found.keys.tolist(), found.counts.tolist(), strict=True)) == chosen
            assert found.moments.tolist() == [max(a["began"] for a in here if a["person"] == key) for key in found.keys]


@st.composite
def chains(draw):
    """A flow question and a chain; labels are drawn so that cycles are met as well."""
    case = draw(cases())
    events = [event for events in histories(case.segments).values() for event in events]
    labels = sorted({label_of(event, case.query) for event in events})
    if case.query.collapse == "cycles":
        labels.append(f"{labels[0]}⇄{labels[-1]}")
    chain = draw(st.lists(some(labels, 1, 3), min_size=1, max_size=case.query.steps + 1))
    anchors = case.query.end if case.query.backwards else case.query.start
    shown = tuple(name for name in anchors if name in labels)
    chain[0] = draw(st.sampled_from([shown or chain[0], chain[0]]))
    return case, chain


@thorough
@given(chains())
def test_chains_agree_with_the_reference(asked):
    case, chain = asked
    with small_parts(case.tight), unless_anchors_are_hidden():
        got = engine_chain(case.segments, case.query, chain, relabel=relabelled(case.query), **case.options)
    about = oldest_and_newest(case.segments)
    want = reference_chain(case.segments, case.query, chain, *about, case.cohorts)
    assert_same(got, want)
    given_rows = given_of(case.segments, relabel=relabelled(case.query), cohorts=case.cohorts, properties=PROPERTIES)
    for row in want["steps"]:
        for state in (None, *STATES):
            found = chain_set(case.query, chain, given_rows, row["step"], state, threads=1)
            assert found.total == row[state or "count"]
            assert len(found.keys) <= found.total
            assert found.keys.tolist() == sorted(set(found.keys.tolist()))


@thorough
@given(logs(names=["a", "b", "c"], most=60), questions(names=["a", "b", "c"]), st.data())
def test_a_chain_of_nodes_counts_the_paths_of_the_flow_that_begin_with_it(segments, query, data):
    query = FlowQuery.from_dict({**query.canonical(), "paths": 10_000})
    flow = engine_flow(segments, query)
    known = [path["labels"] for path in flow["paths"]] or [["a"]]
    chain = data.draw(st.sampled_from(known))
    chain = chain[: data.draw(st.integers(1, len(chain)))]
    chain[-1] = data.draw(st.sampled_from([chain[-1], "a", "b", "c"]))
    funnel = engine_chain(segments, query, [[label] for label in chain])
    for step in funnel["steps"]:
        begins = chain[: step["step"] + 1]
        paths = [path for path in flow["paths"] if path["labels"][: len(begins)] == begins]
        assert step["count"] == sum(path["count"] for path in paths)
        if step["step"] + 1 < len(chain):
            for state in ("converted", "dropped", "open"):
                ended = [path["count"] for path in paths if path["labels"] == begins and path["end"] == state]
                assert step[state] == sum(ended)
    assert funnel["units"]["matched"] == flow["units"]["matched"]
    assert funnel["units"]["eligible"] == flow["units"]["eligible"]


@thorough
@given(logs(), questions(), st.lists(st.sampled_from(NAMES), min_size=1, max_size=5))
def test_a_strict_funnel_has_the_numbers_of_the_flow_from_its_first_step(segments, options, chain):
    shared = {
        name: getattr(options, name)
        for name in ("count", "occurrence", "within", "session_gap", "max_gap", "collapse", "range_from", "range_to")
    }
    query = FunnelQuery(steps=tuple((name,) for name in chain), order="strict", **shared)
    flow = FlowQuery(start=(chain[0],), steps=max(1, len(chain) - 1), paths=10_000, **shared)
    paths = engine_flow(segments, flow)["paths"]
    want = [
        sum(path["count"] for path in paths if path["labels"][: k + 1] == chain[: k + 1]) for k in range(len(chain))
    ]
    got = engine_funnel(segments, query)
    assert [step["count"] for step in got["steps"]] == want
    assert_same(got, reference_chain(segments, flow, query.steps, *oldest_and_newest(segments)))


def test_a_strict_funnel_has_its_sets_and_its_filters():
    rows = [
        *((person, "a", 0, {"p": "x"}) for person in (1, 2, 3)),
        *((person, "z", 1, {"p": "y"}) for person in (1, 2)),
        *((person, "b", 2, {"p": "x"}) for person in (1, 2, 3)),
    ]
    plain = FunnelQuery(steps=(("a",), ("b",)), order="strict")
    filtered = FunnelQuery(
        steps=plain.steps,
        order="strict",
        where=({"property": "p", "operator": "is", "values": ["x"]},),
        people=({"did_not": "b", "where": [{"property": "p", "operator": "is", "values": ["y"]}]},),
    )
    for query, reached, diverted in ((plain, [3], [1, 2]), (filtered, [1, 2, 3], [])):
        found = engine_funnel([rows], query)
        assert found["steps"][1]["count"] == len(reached)
        assert funnel_set(query, given_of([rows]), 1).keys.tolist() == reached
        assert funnel_set(query, given_of([rows]), 0, "diverted").keys.tolist() == diverted
    assert engine_funnel([rows], filtered)["query"]["where"] == [
        {"property": "p", "operator": "is", "values": ["x"]},
    ]


def test_a_set_counts_attempts_and_names_people_once():
    rows = [*history("a0 b1"), *history("a100 b101"), *history("a0", 2)]
    query = FunnelQuery(steps=(("a",), ("b",)), count="sessions", session_gap=10 * SECOND)
    found = funnel_set(query, given_of([rows]), 1)
    assert (found.total, found.keys.tolist()) == (2, [1])


@pytest.mark.parametrize(
    ("step", "state", "field"), [(2, None, "step"), (-1, None, "step"), (True, None, "step"), (0, "lost", "state")]
)
def test_a_set_that_a_funnel_does_not_have_is_refused(step, state, field):
    query = FunnelQuery(steps=(("a",), ("b",)))
    with pytest.raises(QueryError, match="not broken down"):
        funnel_set(query, given_of([history("a0 b1")]), 0, None, ("value", "x"))
    for ask in (
        lambda: funnel_set(query, given_of([history("a0 b1")]), step, state),
        lambda: chain_set(FlowQuery(start=("a",)), [["a"], ["b"]], given_of([history("a0 b1")]), step, state),
    ):
        with pytest.raises(QueryError) as caught:
            ask()
        assert caught.value.field == field


def test_a_funnel_is_broken_down_by_the_first_event_of_each_attempt():
    plans = {1: "pro", 2: "pro", 3: "free", 4: "team", 5: None}
    rows = [(person, "a", 0, {"p": plan}) for person, plan in plans.items()]
    rows += [(person, "b", 1, {"p": "free"}) for person in (1, 3, 5)]
    rows += [(4, "a", 2, {"p": "pro"})]
    query = FunnelQuery(steps=(("a",), ("b",)), breakdown="p", top=2)
    found = engine_funnel([rows[:6], rows[6:]], query)
    assert [(row["kind"], row["value"], [step["count"] for step in row["steps"]]) for row in found["breakdown"]] == [
        ("value", "pro", [2, 1]),
        ("none", "", [1, 1]),
        ("other", "", [1, 0]),
        ("value", "free", [1, 1]),
    ]
    assert found["query"] | {"breakdown": "p", "top": 2} == found["query"]
    last = engine_funnel([rows], FunnelQuery(steps=query.steps, breakdown="p", occurrence="last", collapse="none"))
    assert ("value", "pro", 3) in [(row["kind"], row["value"], row["steps"][0]["count"]) for row in last["breakdown"]]


def test_a_funnel_without_breakdown_says_nothing_of_it():
    found = engine_funnel([history("a0 b1")], FunnelQuery(steps=(("a",), ("b",))))
    assert not {"breakdown", "top", "where", "people"} & found["query"].keys()
    assert "breakdown" not in found


def test_a_breakdown_by_what_no_event_has_is_refused():
    query = FunnelQuery(steps=(("a",), ("b",)), breakdown="p")
    with pytest.raises(QueryError, match=r"^breakdown: no event of this dataset has the property “p”"):
        engine_funnel([history("a0 b1")], query)
    known = engine_funnel([history("a0 b1")], query, properties={"p"})
    assert [(row["kind"], row["steps"][0]["count"]) for row in known["breakdown"]] == [("none", 1)]


def steps(text, through=1000, **options):
    """Numbers of a funnel over one history, ``a b`` steps; windows of 100 s unless said otherwise."""
    wanted = options.pop("steps").split()
    for name in ("within", "session_gap", "max_gap"):
        if name in options:
            options[name] *= SECOND
    options = {"within": 100 * SECOND} | options
    query = FunnelQuery(steps=tuple(tuple(step) for step in wanted), **options)
    found = engine_funnel([history(text)], query, data_through=through * SECOND, catalogue=set("abcxy"))
    return [
        " ".join(
            f"{key} {row[key]}" for key in ("count", "completed", "diverted", "excluded", "dropped", "open") if row[key]
        )
        for row in found["steps"]
    ]


def test_other_events_may_stand_between_steps_of_an_eventual_funnel():
    assert steps("a0 x1 b2 x3 c4", steps="a b c") == ["count 1", "count 1", "count 1 completed 1"]


def test_the_next_event_must_be_the_step_of_a_strict_funnel():
    assert steps("a0 b1 x2 c3", steps="a b c", order="strict") == ["count 1", "count 1 diverted 1", ""]


def test_any_event_of_a_step_is_the_step():
    assert steps("a0 y1", steps="ab xy") == ["count 1", "count 1 completed 1"]


def test_a_step_at_the_end_of_the_window_is_inside():
    assert steps("a0 b10", steps="a b", within=10)[1] == "count 1 completed 1"
    assert steps("a0 b11", steps="a b", within=10) == ["count 1 dropped 1", ""]


def test_within_counts_from_the_first_step_and_max_gap_from_the_step_before():
    assert steps("a0 b8 c14", steps="a b c", within=10)[1:] == ["count 1 dropped 1", ""]
    assert steps("a0 b8 c14", steps="a b c", max_gap=7) == ["count 1 dropped 1", "", ""]
    assert steps("a0 b7 c14", steps="a b c", max_gap=7)[2] == "count 1 completed 1"
    assert steps("a0 b5 c13", steps="a b c", max_gap=7) == ["count 1", "count 1 dropped 1", ""]


def test_an_attempt_whose_window_reaches_past_the_data_is_open():
    assert steps("a0 x5", steps="a b", within=10, through=9) == ["count 1 open 1", ""]
    assert steps("a0 x5", steps="a b", within=10, through=10) == ["count 1 dropped 1", ""]


def test_an_exclusion_ends_the_attempt_only_between_its_steps():
    early, late = (Exclusion(("x",), 0, 1),), (Exclusion(("x",), 1, 2),)
    assert steps("a0 x1 b2 c3", steps="a b c", exclusions=early) == ["count 1 excluded 1", "", ""]
    assert steps("a0 x1 b2 c3", steps="a b c", exclusions=late)[2] == "count 1 completed 1"
    assert steps("a0 b1 x2 c3", steps="a b c", exclusions=late) == ["count 1", "count 1 excluded 1", ""]
    assert steps("a0 b1 x200 c3", steps="a b c", exclusions=(Exclusion(("x",)),))[2] == "count 1 completed 1"


def test_the_last_occurrence_of_the_first_step_begins_with_its_run():
    assert steps("a0 b1 a2 a3", steps="a b", occurrence="last") == ["count 1 dropped 1", ""]
    assert steps("a0 a3 b10", steps="a b", occurrence="last", within=8) == ["count 1 dropped 1", ""]
    assert steps("a0 a3 b10", steps="a b", occurrence="last", within=8, collapse="none")[1] == "count 1 completed 1"


def test_repeats_are_one_step_unless_nothing_is_collapsed():
    assert steps("a0 a1 x2", steps="a a") == ["count 1 dropped 1", ""]
    assert steps("a0 a1 x2", steps="a a", collapse="none")[1] == "count 1 completed 1"
    assert steps("a0 x1 a2", steps="a a")[1] == "count 1 completed 1"
    assert steps("a0 x1 a2", steps="a a", hide=("x",)) == ["count 1 dropped 1", ""]


def test_sessions_are_confined():
    rows = steps("a0 b10 a100 x110 b190", steps="a b", count="sessions", session_gap=20)
    assert rows == ["count 2 dropped 1", "count 1 completed 1"]


def test_a_path_that_reaches_the_end_of_its_flow_before_the_next_step_is_converted():
    flow = FlowQuery(start=("a",), end=("z",), steps=3)
    found = engine_chain([history("a0 z1 b2")], flow, [["a"], ["z"], ["b"]])
    assert [(row["count"], row["converted"], row["open"]) for row in found["steps"]] == [
        (1, 0, 0),
        (1, 1, 0),
        (0, 0, 0),
    ]


def test_a_chain_read_backwards_counts_from_the_end():
    found = engine_chain([history("a0 b1 c2")], FlowQuery(end=("c",), steps=2), [["c"], ["b"], ["a"]])
    assert [row["count"] for row in found["steps"]] == [1, 1, 1]


def test_times_between_steps_are_median_and_p90():
    rows = [(person, name, at * SECOND) for person in range(10) for name, at in (("a", 0), ("b", 10 + person))]
    found = engine_funnel([rows], FunnelQuery(steps=(("a",), ("b",))))["steps"]
    assert (found[0]["median_seconds"], found[0]["p90_seconds"]) == (None, None)
    assert found[1]["median_seconds"] == pytest.approx(14, rel=0.01)
    assert found[1]["p90_seconds"] == pytest.approx(18, rel=0.01)


@pytest.mark.parametrize("order", ["strict", "eventual"])
@pytest.mark.parametrize("segments", [[], [segment_from_rows([])]])
def test_nothing_gives_an_empty_funnel(order, segments):
    query = FunnelQuery(steps=(("a",), ("b",)), order=order)
    asked = Given(segments=segments, data_from=None, data_through=None, catalogue={"a", "b"})
    found = compute_funnel(query, asked, dataset_version=1)
    assert [step["count"] for step in found["steps"]] == [0, 0]
    assert found["data_through"] is None


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("steps", {"steps": ()}),
        ("steps", {"steps": (("a",),) * 22}),
        ("steps", {"steps": (("a",), ())}),
        ("steps", {"steps": (("a",), (1,))}),
        ("order", {"order": "any"}),
        ("count", {"count": "journeys"}),
        ("count", {"count": "clicks"}),
        ("collapse", {"collapse": "cycles"}),
        ("occurrence", {"occurrence": "second"}),
        ("within", {"within": 0}),
        ("max_gap", {"max_gap": -1}),
        ("hide", {"hide": ("b",)}),
        ("hide", {"hide": ("x",), "exclusions": (Exclusion(("x",)),)}),
        ("from", {"range_from": 5, "range_to": 5}),
        ("exclusions", {"exclusions": (Exclusion(("b",)),)}),
        ("exclusions", {"exclusions": (Exclusion(("x",), 1, 1),)}),
        ("exclusions", {"exclusions": (Exclusion(("x",), 0, 2),)}),
        ("exclusions", {"exclusions": (Exclusion(()),)}),
        ("exclusions", {"exclusions": "x"}),
        ("exclusions", {"exclusions": (Exclusion(("x",)),), "order": "strict"}),
        ("breakdown", {"breakdown": "p", "order": "strict"}),
        ("breakdown", {"breakdown": "\0"}),
        ("breakdown", {"breakdown": 5}),
        ("top", {"top": 51}),
        ("where", {"where": "p"}),
        ("people", {"people": ({},)}),
    ],
)
def test_an_impossible_funnel_is_one_sentence_that_names_the_field(field, options):
    with pytest.raises(QueryError) as caught:
        FunnelQuery(**{"steps": (("a",), ("b",))} | options)
    assert caught.value.field == field
    assert caught.value.sentence.startswith(f"{field}: ")


@pytest.mark.parametrize("order", ["strict", "eventual"])
def test_an_unknown_event_is_named(order):
    with pytest.raises(QueryError, match="nowhere") as caught:
        engine_funnel([[(1, "a", 0)]], FunnelQuery(steps=(("a",), ("nowhere",)), order=order))
    assert caught.value.field == "steps"


def test_a_chain_must_fit_its_flow():
    for chain in ([], [["a"]] * 3, [["nowhere"]], [[]]):
        with pytest.raises(QueryError) as caught:
            engine_chain([[(1, "a", 0)]], FlowQuery(start=("a",), steps=1), chain)
        assert caught.value.field == "chain"


@pytest.mark.parametrize("order", ["strict", "eventual"])
def test_progress_and_cancelling(order):
    seen = []
    query = FunnelQuery(steps=(("a",), ("b",)), order=order)
    engine_funnel([history("a0 b1")], query, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1
    with pytest.raises(Cancelled):
        engine_funnel([history("a0 b1")], query, cancelled=lambda: True)


def test_a_funnel_that_does_not_add_up_is_refused():
    ends = np.zeros((2, 6), np.int64)
    ends[0, 4], ends[1, 0] = 1, 2
    check_funnel([3, 2], ends, [0, 2], {"eligible": 5, "matched": 3, "completed": 2})
    for counts, gaps, completed in (([4, 2], [0, 2], 2), ([3, 2], [0, 1], 2), ([3, 2], [0, 2], 1)):
        with pytest.raises(NotConserved):
            check_funnel(counts, ends, gaps, {"eligible": 5, "matched": 3, "completed": completed})


@pytest.mark.parametrize("module", [funnel, funnel_sets, people_sets])
def test_examples_in_docstrings_hold(module):
    extra = {"segment_from_rows": segment_from_rows, "np": np}
    assert doctest.testmod(module, extraglobs=extra).failed == 0
