"""The steps of a funnel as rows: who reached each, and what became of the others."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.figures import duration, share
from flows.lettering import printable

LOST = {
    "converted": "reached the end first",
    "diverted": "did something else next",
    "excluded": "did what ends it",
    "dropped": "dropped",
    "open": "open",
}
# The address of the people who reached a step, or who ended there in a state ("" for the former).
Opened = Callable[[int, str], str]


@dataclass(frozen=True, slots=True)
class Lost:
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
            url=opened(step, "") if row["count"] else "",
            of_start=share(row["count"], first),
            of_before=share(row["count"], before) if step else "",
            median=duration(row["median_seconds"]) if step else "",
            p90=duration(row["p90_seconds"]) if step else "",
            percent=100 * row["count"] / first if first else 0.0,
            lost=tuple(Lost(words, row[state], opened(step, state)) for state, words in LOST.items() if row[state]),
        )
        before = row["count"]


@dataclass(frozen=True, slots=True)
class Group:
    """One value of a breakdown: count and share of the first at each step."""

    name: str
    steps: tuple[tuple[int, str], ...]


def groups(rows: Sequence[Mapping[str, Any]]) -> Iterator[Group]:
    names = {"other": "Other", "none": "Without it"}
    for row in rows:
        first = row["steps"][0]["count"]
        counts = tuple((step["count"], share(step["count"], first)) for step in row["steps"])
        yield Group(names.get(row["kind"], printable(str(row["value"]))), counts)
