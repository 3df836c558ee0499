"""Engine and reference must agree: every count exactly, times within 1 %."""

from flows.engine.arrays import segment_from_rows
from flows.engine.compute import compute_flow
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
    oldest, newest = oldest_and_newest(segments)
    options.setdefault("relabel", relabelled(query))
    return compute_flow(
        query,
        [segment_from_rows(rows) for rows in segments],
        data_from=oldest,
        data_through=newest,
        dataset_version=1,
        **options,
    )


def assert_engine_agrees(segments, query, **options):
    got = engine_flow(segments, query, **options)
    want = reference_flow(segments, query, *oldest_and_newest(segments), options.get("cohorts"))
    if not query.paths:
        want["distinct_paths"] = None
    for key in ("units", "nodes", "paths", "distinct_paths", "ties"):
        assert got[key] == want[key], key
    assert without_times(got["links"]) == without_times(want["links"])
    assert_times_close(got["links"], want["links"], 0.01)
    return got
