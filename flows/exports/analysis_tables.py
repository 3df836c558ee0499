"""The results of a funnel, of retention and of a trend as tables of values."""

from collections.abc import Callable, Mapping
from typing import Any

from flows.engine.funnel_walk import STATES
from flows.exports.tables import Table, Value, share

Result = Mapping[str, Any]


def _funnel(result: Result) -> tuple[Table, ...]:
    """The steps of everybody, then those of each value of the breakdown."""
    times = ("median_seconds", "p90_seconds")
    ends = (state.capitalize() for state in STATES)
    heads = ("Group", "Step", "Events", "Count", "Share of first", "Continued", *ends, "Median seconds", "P90 seconds")
    names = {"other": "Other", "none": "Without it"}
    groups = ((names.get(each["kind"], each["value"]), each["steps"]) for each in result.get("breakdown", ()))
    rows: list[tuple[Value, ...]] = []
    for group, steps in (("All", result["steps"]), *groups):
        for step in steps:
            numbers = (step[name] for name in ("continued", *STATES, *times))
            part = share(step["count"], steps[0]["count"])
            rows.append((group, step["step"] + 1, " | ".join(step["events"]), step["count"], part, *numbers))
    return (Table("steps", "Steps", heads, tuple(rows), (4,)),)


def _retention(result: Result) -> tuple[Table, ...]:
    heads = ("Began", "People", "Period", "In it", "In or after it", "Over")
    rows = tuple(
        (began, cohort["size"], each["offset"], each["bounded"], each["unbounded"], _yes(each["complete"]))
        for cohort in result["cohorts"]
        for began in (result["periods"][cohort["period"]]["from"],)
        for each in cohort["returns"]
    )
    over_all = tuple(
        (offset, row["size"], row["bounded"], share(row["bounded"], row["size"]), row["unbounded"],
         share(row["unbounded"], row["size"]))
        for offset, row in enumerate(result["overall"])
    )  # fmt: skip
    shares = ("Period", "People", "In it", "Share in it", "In or after it", "Share in or after it")
    return Table("returns", "Returns", heads, rows, ()), Table("shares", "Shares", shares, over_all, (3, 5))


def _trend(result: Result) -> tuple[Table, ...]:
    """Every label in every period, then all of them together."""
    named = [("Other" if row["kind"] == "other" else row["label"], row["kind"], row) for row in result["series"]]
    rows = tuple(
        (bucket["from"], _yes(bucket["complete"]), name, kind, events, people)
        for name, kind, row in (*named, ("All", "all", result["all"]))
        for bucket, events, people in zip(result["buckets"], row["events"], row["people"], strict=True)
    )
    return (Table("values", "Values", ("From", "Over", "Event", "Kind", "Events", "People"), rows, ()),)


def _yes(over: bool) -> str:
    return "yes" if over else "no"


TABLES: Mapping[str, Callable[[Result], tuple[Table, ...]]] = {
    "funnel": _funnel,
    "retention": _retention,
    "trend": _trend,
}
