"""Engine and reference must agree: every count exactly, times within 1 %."""

from dataclasses import fields

from flows.engine.arrays import segment_from_rows
from flows.engine.compute import compute_flow
from flows.engine.histories import Given
from flows.engine.log import STATES
from flows.engine.members import open_sets
from flows.engine.selector import Selector
from tests.engine.reference import cleaned, reference_flow

TIMES = ("median_seconds", "p90_seconds")


def oldest_and_newest(segments):
    times = [row[2] for rows in segments for row in rows]
    return min(times, default=0), max(times, default=0)


def without_times(links):
    return [{key: value for key, value in link.items() if key not in TIMES} for link in links]


def assert_times_close(links, wanted, relative):
    for link, want in zip(links, wanted, strict=True):
        for key in TIMES:
            if key in want:
                assert abs(link[key] - want[key]) <= relative * want[key], (link, want)


def relabelled(query):
    """What the engine asks for the labels of a question with rules."""
    return (lambda names: {name: cleaned(name, query) for name in names}) if query.rules else None


def engine_flow(segments, query, **options):
    """Compute with the engine from plain rows."""
    given, rest = asked_of(segments, options, query)
    return compute_flow(query, given, dataset_version=1, **rest)


def asked_of(segments, options, query=None):
    """Plain rows as the engine takes them, for a flow with its rules; and the options that say how to ask."""
    named = {field.name for field in fields(Given)}
    about = {name: value for name, value in options.items() if name in named}
    rules = {"relabel": relabelled(query)} if query else {}
    return given_of(segments, **rules | about), {name: options[name] for name in options.keys() - named}


def given_of(segments, **about):
    """Plain rows as the engine takes them."""
    oldest, newest = oldest_and_newest(segments)
    arrays = [segment_from_rows(rows) for rows in segments]
    return Given(segments=arrays, **{"data_from": oldest, "data_through": newest} | about)


def assert_conserved(flow):
    """Every node equals what leaves it, and behind the anchor what enters it; steps and units add up."""
    for node in flow["nodes"]:
        place = node["step"], node["kind"], node["label"]
        links = [link for link in flow["links"] if (link["step"], link["source_kind"], link["source"]) == place]
        assert node["count"] == sum(link["count"] for link in links) + sum(node[state] for state in STATES)
        into = [link for link in flow["links"] if (link["step"] + 1, link["target_kind"], link["target"]) == place]
        assert node["step"] == 0 or node["count"] == sum(link["count"] for link in into)
    assert sum(node["count"] for node in flow["nodes"] if node["step"] == 0) == flow["units"]["matched"]


def assert_same_flow(got, want, query):
    if not query.paths:
        want["distinct_paths"] = None
    for key in ("units", "nodes", "paths", "distinct_paths", "ties"):
        assert got[key] == want[key], key
    assert without_times(got["links"]) == without_times(want["links"])
    assert_times_close(got["links"], want["links"], 0.01)
    assert_conserved(got)


def assert_engine_agrees(segments, query, **options):
    got = engine_flow(segments, query, **options)
    want = reference_flow(segments, query, *oldest_and_newest(segments), options.get("cohorts"))
    assert_same_flow(got, want, query)
    return got


def numbers(flow):
    """Every number of a result with its selector."""
    yield flow["units"]["matched"], Selector(set="matched")
    yield flow["units"]["converted"], Selector(set="converted")
    for node in flow["nodes"]:
        names = {key: node[key] for key in ("step", "kind", "label")}
        yield node["count"], Selector(set="node", **names)
        for state in STATES:
            yield node[state], Selector(set="node", state=state, **names)
    for link in flow["links"]:
        names = {key: link[key] for key in ("step", "source", "source_kind", "target", "target_kind")}
        yield link["count"], Selector(set="link", **names)
    for path in flow["paths"]:
        yield path["count"], Selector(set="path", path=tuple(path["labels"]), state=path["end"])


def assert_numbers_are_sets(segments, query, chosen, wanted, offset=1, limit=2, **options):
    """Each of the chosen (number, selector) is the size of its set, which is the reference's; also page by page."""
    given, rest = asked_of(segments, options, query)
    with open_sets(query, given, **rest) as sets:
        for number, selector in chosen:
            want = wanted(selector)
            got = sets.members(selector, limit=10_000)
            assert got.total == len(got.rows) == number == len(want), selector
            found = [(row.key, row.anchor, row.labels, row.state) for row in got.rows]
            assert sorted(found) == sorted(want)
            assert [row[:2] for row in found] == [row[:2] for row in want]
            assert [len(row.seconds) for row in got.rows] == [len(row.labels) for row in got.rows]
            page = sets.members(selector, offset=offset, limit=limit)
            assert (page.total, page.rows) == (number, got.rows[offset : offset + limit])
            assert sets.keys(selector).tolist() == sorted({row[0] for row in want})
