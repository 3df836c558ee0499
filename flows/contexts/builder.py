"""The builder: every stage of the pipeline with its controls, in the order in which it works."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.http import QueryDict

from accounts.models import Team
from flows import queries
from flows.chart_view import NOUNS
from flows.contexts.address import Address, Asker
from flows.contexts.conditions import KINDS, MATCHES, OPERATORS, Conditions, conditions
from flows.durations import duration_words
from flows.figures import figure
from flows.forms.analyses import NAMES
from flows.forms.charts import DEFAULTS, EVENTS, OPTIONS, UNASKED, QuestionForm, data_of
from flows.models import Dataset, EventName
from flows.moments import microseconds, midnight
from flows.questions import FLOW

OFFERED = 100  # names in a picker before anything is searched
PRESETS = (7, 30, 90)
FIELDS = {
    "from": "From",
    "to": "Through",
    "session_gap": "Session gap",
    "session_by": "Session",
    "people": "People",
    "where": "Events",
    "rules": "Rename",
    "expand": "Expand",
    "only": "Only some events",
    "hide": "Hide",
    "exclude": "Exclude",
    "collapse": "Collapse repeats",
    "start": "Start",
    "start_where": "Start",
    "end": "End",
    "end_where": "End",
    "count": "Counted",
    "occurrence": "From the",
    "within": "Within",
    "max_gap": "Step to step",
    "steps": "Depth",
    "top": "Bucket",
    "tops": "Bucket",
    "paths": "Top paths",
}
STAGES = {
    "range": ("from", "to"),
    "session": ("session_gap", "session_by"),
    "filter": ("people", "where"),
    "label": ("rules", "expand"),
    "hide": ("only", "hide", "exclude"),
    "collapse": ("collapse",),
    "anchor": ("start", "start_where", "end", "end_where"),
    "window": ("count", "occurrence", "within", "max_gap"),
    "depth": ("steps",),
    "bucket": ("top", "tops", "paths"),
}

# Where each kind of chart names the events that it begins with.
BEGINS = {FLOW: "start", "funnel": "step-0", "retention": "first", "trend": "only"}
HINTS = {
    "start": ("Start", "Paths begin at the first of these"),
    "end": ("End", "Paths lead to one of these"),
    "only": ("Only these", "Besides start and end, everything else is passed over"),
    "hide": ("Hide", "Passed over, as if they had not happened"),
    "exclude": ("Exclude", "Paths that hold one of these do not count at all"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    events: int | None  # None: the dataset does not have it
    chosen: bool
    colour: int
    without: str  # the address of the question without it


@dataclass(frozen=True, slots=True)
class Picker:
    """Events of one role: what is chosen, and what is offered."""

    field: str
    title: str
    hint: str
    chosen: tuple[Choice, ...]
    offered: tuple[Choice, ...]
    total: int  # names in the dataset
    error: str

    @property
    def is_cut(self) -> bool:
        return self.total > len(self.offered)


@dataclass(frozen=True, slots=True)
class Preset:
    name: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands at the right of a stage: how many are left after it, and whether it is set."""

    name: str
    left: str
    is_set: bool
    removes: bool


@dataclass(frozen=True, slots=True)
class Builder:
    path: str
    dataset: Dataset
    datasets: tuple[Dataset, ...]
    values: Mapping[str, Any]
    errors: Mapping[str, str]
    pickers: Mapping[str, Picker]
    conditions: Mapping[str, Conditions]
    rewritten: tuple[Conditions, ...]  # those whose rows are not as they were sent
    cohorts: Mapping[int, str]
    offered: tuple[Choice, ...]
    presets: tuple[Preset, ...]
    stages: Mapping[str, Stage]
    reached: str
    days: tuple[date, date] | None  # first and last day of the data
    view: str
    chart_kinds: tuple[Kind, ...]

    operators = OPERATORS
    kinds = KINDS
    matches = MATCHES

    @property
    def error_lines(self) -> tuple[tuple[str, str], ...]:
        """Every control with what is wrong with it, mostly nothing."""
        return tuple((name, self.errors.get(name, "")) for name in OPTIONS)


def builder(
    team: Team,
    form: QuestionForm,
    address: Address,
    result: Mapping[str, Any] | None,
    colours: Mapping[str, int],
    cohorts: Mapping[int, str],
) -> Builder:
    dataset = form.dataset
    asker = Asker(address, form.query, dataset, form.zone) if form.query else None
    offered = queries.catalogue(dataset, limit=OFFERED, also={n for field in EVENTS for n in form.events(field)})
    total = dataset.event_names.count() if len(offered) >= OFFERED else len(offered)
    errors = {name: str(messages[0]) for name, messages in form.errors.items()}
    units = result["units"] if result else None
    rows = conditions(form, address, asker, cohorts, errors)
    return Builder(
        path=address.path,
        dataset=dataset,
        datasets=tuple(queries.datasets_with_events(team)),
        values=_values(form),
        errors=errors,
        pickers={
            field: _picker(field, form, offered, total, asker, address, colours, errors.get(field, ""))
            for field in EVENTS
        },
        conditions=rows,
        rewritten=tuple(rows[name] for name in form.rewritten),
        cohorts=cohorts,
        offered=choices(offered, ()),
        presets=tuple(_presets(form, asker)),
        stages={stage.name: stage for stage in _stages(form, units)},
        reached=_reached(form, units),
        days=_days(form),
        view=address.view,
        chart_kinds=tuple(kinds(dataset.slug, address.path, FLOW, form.events("start"))),
    )


def kinds(dataset: str, path: str, current: str, starts: Sequence[str]) -> Iterator[Kind]:
    """The kinds of charts, each with the events that this one begins with."""
    for kind, name in NAMES.items():
        params = QueryDict(mutable=True)
        params["dataset"], params["kind"] = dataset, kind
        if starts:
            params.setlist(BEGINS[kind], list(starts))
        yield Kind(name, f"{path}?{params.urlencode()}", kind == current)


def _values(form: QuestionForm) -> dict[str, Any]:
    data = data_of(form.query, form.zone) if form.query else None
    values = {name: (data.get(name) if data else form[name].value()) or default for name, default in DEFAULTS.items()}
    # A moment that is not a midnight does not fit a date control.
    values["from_type"], values["to_type"] = (
        "text" if len(str(values[name])) > 10 else "date" for name in ("from", "to")
    )
    return values


def choices(names: Sequence[EventName], chosen: Sequence[str]) -> tuple[Choice, ...]:
    return tuple(Choice(name.name, name.events, name.name in chosen, 0, "") for name in names)


def _picker(
    field: str,
    form: QuestionForm,
    offered: Sequence[EventName],
    total: int,
    asker: Asker | None,
    address: Address,
    colours: Mapping[str, int],
    error: str,
) -> Picker:
    names = form.events(field)
    counts = {name.name: name.events for name in offered}
    chosen = tuple(
        Choice(name, counts.get(name), True, colours.get(name, 0), _without(asker, address, field, name))
        for name in names
    )
    unknown = [choice for choice in chosen if choice.events is None]
    title, hint = HINTS[field]
    return Picker(field, title, hint, chosen, (*unknown, *choices(offered, names)), total, error)


def _without(asker: Asker | None, address: Address, field: str, name: str) -> str:
    """The address of the question without an event, also where the question as it stands cannot be asked."""
    if asker is not None:
        return asker.other(**{field: tuple(n for n in getattr(asker.query, field) if n != name)})
    params = address.params.copy()
    params.setlist(field, [n for n in params.getlist(field) if n != name])
    return str(replace(address, params=params, picked=None))


def _days(form: QuestionForm) -> tuple[date, date] | None:
    first, last = form.dataset.data_from, form.dataset.data_through
    if first is None or last is None:
        return None
    return first.astimezone(form.zone).date(), last.astimezone(form.zone).date()


def _presets(form: QuestionForm, asker: Asker | None) -> Iterator[Preset]:
    days = _days(form)
    if asker is None or days is None:
        return
    ranges: list[tuple[str, int | None, int | None]] = [("All", None, None)]
    for length in PRESETS:
        first = midnight(days[1] - timedelta(days=length - 1), form.zone)
        ranges.append((f"{length} d", microseconds(first), microseconds(midnight(days[1], form.zone, last=True))))
    for name, since, until in ranges:
        url = asker.other(range_from=since, range_to=until)
        yield Preset(name, url, (asker.query.range_from, asker.query.range_to) == (since, until))


def _stages(form: QuestionForm, units: Mapping[str, int] | None) -> Iterator[Stage]:
    """Which stages differ from their defaults, and what is left after them where the result knows it."""
    asked = form.query.canonical() if form.query else {}
    eligible = matched = ""
    if form.query and units:
        # Journeys begin at an anchor; before it there are people.
        eligible = NOUNS["sessions" if form.query.count == "sessions" else "users"].of(units["eligible"])
        matched = NOUNS[form.query.count].of(units["matched"])
    for name, options in STAGES.items():
        is_set = any(asked.get(option, UNASKED.get(option)) != UNASKED.get(option) for option in options)
        left = {"range": eligible, "anchor": matched}.get(name, "")
        yield Stage(name, left, is_set, name == "anchor" and bool(units and units["matched"] < units["eligible"]))


def _reached(form: QuestionForm, units: Mapping[str, int] | None) -> str:
    if units is None or form.query is None or not form.query.between:
        return ""
    within = "in the session" if form.query.count == "sessions" else f"within {duration_words(form.query.within)}"
    return f"{figure(units['converted'])} of {figure(units['matched'])} reached the end {within}"
