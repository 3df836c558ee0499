"""The steps of a funnel as rows: who reached each, and what became of the others."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.engine.result import OTHER
from flows.engine.spot import NONE, STEP, Spot
from flows.figures import duration, share
from flows.lettering import printable

LOST = {
    "converted": "reached the end first",
    "diverted": "did something else next",
    "excluded": "did what ends it",
    "dropped": "dropped",
    "open": "open",
}
# The address of the people behind a number.
Opened = Callable[[Spot], str]


@dataclass(frozen=True, slots=True)
class Lost:
    state: str
    words: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """`lost` and the count of the next step together are the count."""

    name: str
    count: int
    url: str
    of_start: str
    of_before: str
    median: str
    p90: str
    percent: float  # of the first, for the bar
    lost: tuple[Lost, ...]


def funnel_steps(rows: Sequence[Mapping[str, Any]], opened: Opened) -> Iterator[FunnelStep]:
    first = before = rows[0]["count"]
    for row in rows:
        step = row["step"]
        yield FunnelStep(
            name=" or ".join(printable(event) for event in row["events"]),
            count=row["count"],
            url=opened(Spot(set=STEP, step=step)) if row["count"] else "",
            of_start=share(row["count"], first),
            of_before=share(row["count"], before) if step else "",
            median=duration(row["median_seconds"]) if step else "",
            p90=duration(row["p90_seconds"]) if step else "",
            percent=100 * row["count"] / first if first else 0.0,
            lost=tuple(
                Lost(state, words, row[state], opened(Spot(set=STEP, step=step, state=state)))
                for state, words in LOST.items()
                if row[state]
            ),
        )
        before = row["count"]


@dataclass(frozen=True, slots=True)
class Group:
    """One value of a breakdown: count, share of the first and address of the people at each step."""

    name: str
    steps: tuple[tuple[int, str, str], ...]


def groups(rows: Sequence[Mapping[str, Any]], opened: Opened) -> Iterator[Group]:
    for row in rows:
        kind, value, first = row["kind"], row["value"], row["steps"][0]["count"]
        spots = (Spot(set=STEP, step=step["step"], group=kind, value=value) for step in row["steps"])
        counts = tuple(
            (step["count"], share(step["count"], first), opened(spot) if step["count"] else "")
            for step, spot in zip(row["steps"], spots, strict=True)
        )
        yield Group(group_name(kind, value), counts)


def group_name(kind: str, value: str) -> str:
    return {OTHER: "Other", NONE: "Without it"}.get(kind, printable(value))
