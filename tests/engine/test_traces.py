"""Traces, trees and profiles tell of paths what the listed paths of the flow tell, exactly."""

import doctest
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from flows.engine import prefixes, traces
from flows.engine.arrays import segment_from_rows
from flows.engine.counting import bucket_seconds
from flows.engine.histories import Given
from flows.engine.log import STATES
from flows.engine.members import open_sets
from flows.engine.prefixes import grow_tree
from flows.engine.query import FlowQuery, QueryError
from flows.engine.selector import Selector
from flows.engine.traces import trace_nodes
from tests.engine.compare import engine_flow, oldest_and_newest
from tests.engine.test_compute import random_rows

SEGMENTS = [random_rows(people=150, events=3000, names=12, seed=seed) for seed in (1, 2)]
QUESTIONS = [
    FlowQuery(start=("name 0",), steps=4, top=3, within=10**9, paths=10_000),
    FlowQuery(end=("name 1",), steps=3, top=2, within=10**9, paths=10_000, count="journeys"),
    FlowQuery(start=("name 0",), end=("name 3",), steps=5, top=4, within=10**9, paths=10_000, collapse="cycles"),
]


def given():
    oldest, newest = oldest_and_newest(SEGMENTS)
    arrays = [segment_from_rows(rows) for rows in SEGMENTS]
    return Given(segments=arrays, data_from=oldest, data_through=newest)


@pytest.mark.parametrize("module", [traces, prefixes])
def test_examples(module):
    globs = {**vars(module), "segment_from_rows": segment_from_rows, "FlowQuery": FlowQuery, "Given": Given}
    assert doctest.testmod(module, globs=globs).failed == 0


@pytest.mark.parametrize("query", QUESTIONS)
@pytest.mark.parametrize("budget", [1 << 30, 1 << 12])
def test_a_trace_is_the_links_of_the_paths_through_a_node(query, budget):
    flow = engine_flow(SEGMENTS, query)
    nodes = {(n["step"], n["kind"], n["label"]): n["count"] for n in flow["nodes"]}
    wanted = {key: Counter() for key in nodes}
    for path in flow["paths"]:
        keys = [(s, "event", label) for s, label in enumerate(path["labels"])]
        route = [key if key in nodes else (key[0], "other", "") for key in keys]
        for node in route:
            for link in pairwise(route):
                wanted[node][link] += path["count"]
    assert sum(path["count"] for path in flow["paths"]) == flow["units"]["matched"]
    traced = 0
    for node in nodes:
        found = trace_nodes(query, given(), node, threads=2, budget=budget)
        traced += len(found)
        assert {(source, target): count for source, target, count in found[node]} == wanted[node]
    everything = budget > 1 << 20
    assert (traced > 2 * len(nodes)) == everything  # with little room each is traced alone


@pytest.mark.parametrize("query", QUESTIONS)
def test_a_tree_holds_every_path_and_adds_up(query):
    flow = engine_flow(SEGMENTS, query)
    begun, ended = Counter(), Counter()
    for path in flow["paths"]:
        ended[tuple(path["labels"]), path["end"]] += path["count"]
        for length in range(len(path["labels"]) + 1):
            begun[tuple(path["labels"][:length])] += path["count"]
    some = max((prefix for prefix in begun if len(prefix) == 2), key=lambda prefix: begun[prefix])
    for prefix in ((), some):
        pending = [grow_tree(query, given(), prefix, depth=3, wide=4, most=5, threads=2)]
        opened = 0
        with open_sets(query, given()) as sets:
            while pending:
                branch = pending.pop()
                assert branch.count == begun[branch.labels]
                if branch.labels:
                    chosen = Selector(set="prefix", path=branch.labels)
                    assert sets.members(chosen, limit=0).total == branch.count
                if branch.ends is None:
                    continue
                opened += 1
                pending += branch.children
                assert branch.ends == tuple(ended[branch.labels, state] for state in STATES)
                assert branch.count == sum(child.count for child in branch.children) + branch.rest + sum(branch.ends)
                further = {p for p in begun if len(p) == len(branch.labels) + 1 and p[:-1] == branch.labels}
                assert len(branch.children) + branch.rest_labels == len(further)
        assert opened > 3


def test_a_tree_of_nothing_is_empty_and_a_prefix_too_long_is_refused():
    tree = grow_tree(QUESTIONS[0], given(), ["name 0", "nowhere"])
    assert (tree.count, tree.children) == (0, ())
    with pytest.raises(QueryError, match="only 4 steps"):
        grow_tree(QUESTIONS[0], given(), ["name 0"] * 6)


def test_a_profile_counts_every_unit_once_and_knows_the_median():
    query = QUESTIONS[0]
    flow = engine_flow(SEGMENTS, query)
    edges = np.linspace(0, 10**9, 8).astype(np.int64)
    with open_sets(query, given()) as sets:
        for link in sorted(flow["links"], key=lambda each: -each["count"])[:20]:
            names = ("step", "source", "source_kind", "target", "target_kind")
            chosen = Selector(set="link", **{name: link[name] for name in names})
            found = sets.profile(chosen, edges)
            assert found.gaps.sum() == found.began.sum() == link["count"]
            median = bucket_seconds(np.searchsorted(np.cumsum(found.gaps), [(link["count"] * 5 + 9) // 10]))[0]
            assert median == link["median_seconds"]
            anchors = [row.anchor for row in sets.members(chosen, limit=10_000).rows]
            assert found.began.tolist() == np.histogram(anchors, edges)[0].tolist()
