"""Numbers of an analysis, or of a chain of a flow, in words."""

from zoneinfo import ZoneInfo

from flows.answers.funnel import LOST, group_name
from flows.answers.periods import period_name
from flows.engine.query import FlowQuery
from flows.engine.spot import BEGAN, DID, STEP, UNBOUNDED, Spot
from flows.lettering import cut_middle_to, printable
from flows.questions import Analysis, FunnelQuestion, Periodic

SHORT = 40  # letters of a name
WHEN = {"day": "on {}", "week": "in the week of {}", "month": "in {}"}


def spot_words(question: FlowQuery | Analysis, spot: Spot) -> str:
    """Which number is meant, as a title: "Order at step 3, dropped"."""
    if isinstance(question, Periodic) and spot.set != STEP:
        return _in_time(question, spot)
    steps = [[label] for label in spot.chain] or (question.steps if isinstance(question, FunnelQuestion) else [])
    step = spot.step or 0
    name = " or ".join(map(_short, steps[step])) if step < len(steps) else "Nothing"
    words = [f"{name} at step {step + 1}"]
    if isinstance(question, FunnelQuestion) and spot.group:
        words.append(f"{_short(question.breakdown or '')}: {_short(group_name(spot.group, spot.value))}")
    if spot.state:
        words.append({**LOST, "completed": "came through"}[spot.state])
    return ", ".join(words)


def _in_time(question: Periodic, spot: Spot) -> str:
    period, zone = question.period, ZoneInfo(question.zone)
    when = WHEN[period].format(period_name(spot.since, period, zone)) if spot.since else ""
    if spot.set == DID:
        name = {"": "Any event", "other": "Other events"}.get(spot.group, _short(spot.value))
        return f"{name} {when or 'over the whole time'}"
    began = f"Began {when}" if when else "Everybody who began"
    if spot.set == BEGAN:
        return began
    after = "in or after" if spot.measure == UNBOUNDED else "in"
    return f"{began}, back {after} {period} {spot.later}"


def _short(name: str) -> str:
    return cut_middle_to(printable(name), SHORT)
