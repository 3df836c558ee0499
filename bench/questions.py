"""The question of the benchmarks, asked of our engine, and the one shape in which all answers are compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.data import Generated, event_code, event_name
from flows.engine.arrays import SegmentArrays
from flows.engine.compute import compute_flow
from flows.engine.histories import Given
from flows.engine.query import DAY, MINUTE, FlowQuery

STEPS = 10
WITHIN = 7 * DAY
GAP = 30 * MINUTE
START = 0

DEFAULT = 8  # labels of a step that stand as themselves in a chart, unless more are asked for
WIDEST = 50  # the most one can ask for; of the 40 events of the flow nothing is left for Other

USERS, SESSIONS = "users", "sessions"

END, OTHER = -2, -1
Answer = dict[tuple[int, int, int], int]
"""(step, event, next event) → paths; a path that ends has END for its next event."""

Result = dict[str, Any]


def question(count: str, top: int = DEFAULT, **options: Any) -> FlowQuery:
    """What did people do after their first ``event_00``, ten steps, within a week or the session?"""
    chosen: dict[str, Any] = {"start": (event_name(START),), "steps": STEPS, "within": WITHIN, "paths": 0, **options}
    return FlowQuery(count=count, top=top, session_gap=GAP, **chosen)


def asking(
    query: FlowQuery, data: Generated, threads: int, segments: Sequence[SegmentArrays] | None = None, **options: Any
) -> Callable[[], Result]:
    """A call that asks our engine, of the events as generated or of other segments of the same dataset."""
    chosen = [data.segment()] if segments is None else segments
    times = {"data_from": data.data_from, "data_through": data.data_through}
    given = Given(**{"segments": chosen, **times, **options})

    def ask() -> Result:
        return compute_flow(query, given, dataset_version=1, threads=threads)

    return ask


def answer_of(result: Result) -> Answer:
    """The nodes and links of a result."""
    found: Answer = {}
    for link in result["links"]:
        source, target = _code(link, "source"), _code(link, "target")
        found[link["step"], source, target] = link["count"]
    for node in result["nodes"]:
        ends = node["cut"] + node["dropped"] + node["open"]
        if ends:
            code = OTHER if node["kind"] == "other" else event_code(node["label"])
            found[node["step"], code, END] = ends
    return found


def numbers_of(result: Result) -> Result:
    """A result without the time it took."""
    return {name: value for name, value in result.items() if name != "computed_in_ms"}


def bucketed(answer: Mapping[tuple[int, int, int], int], top: int) -> Answer:
    """Per step the ``top`` events by paths, ties by name; all others are Other. At step 0 starts stand as themselves.

    Examples
    --------
    >>> bucketed({(0, 5, 7): 2, (0, 5, 8): 1, (1, 7, END): 2, (1, 8, END): 1}, 1)
    {(0, 5, 7): 2, (0, 5, -1): 1, (1, 7, -2): 2, (1, -1, -2): 1}
    """
    counts: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for (step, event, _), paths in answer.items():
        counts[step][event] += paths
    kept = {
        step: set(sorted(events, key=lambda event, events=events: (-events[event], event))[: top if step else None])  # type: ignore[misc]
        for step, events in counts.items()
    }
    found: Counter[tuple[int, int, int]] = Counter()
    for (step, event, following), paths in answer.items():
        target = following if following == END or following in kept[step + 1] else OTHER
        found[step, event if event in kept[step] else OTHER, target] += paths
    return dict(found)


def links_only(answer: Answer) -> Answer:
    return {key: paths for key, paths in answer.items() if key[2] != END}


def step_counts(answer: Answer) -> dict[tuple[int, int], int]:
    """(step, event) → paths."""
    found: Counter[tuple[int, int]] = Counter()
    for (step, event, _), paths in answer.items():
        found[step, event] += paths
    return dict(found)


def _code(link: Mapping[str, Any], end: str) -> int:
    return OTHER if link[f"{end}_kind"] == "other" else event_code(link[end])
