"""Everything that the page of an analysis shows: a funnel, retention, or the course of time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from accounts.models import Membership, Role
from flows import queries
from flows.answers.funnel import Opened
from flows.answers.view import MEASURES, AnswerView, answer_view, measure_of
from flows.contexts.address import Address, is_saved
from flows.contexts.answering import AnswerPage, Tab, notes_on, shown_run
from flows.contexts.builder import BEGINS, OFFERED, PRESETS, Choice, Kind, Preset, choices, kinds
from flows.contexts.conditions import KINDS as PERSON_KINDS
from flows.contexts.conditions import MATCHES, OPERATORS, Conditions, conditions
from flows.contexts.dates import Dates, dates_of
from flows.contexts.questioning import sentence
from flows.engine.query import MAX_STEPS
from flows.exports.formats import FORMATS, Format
from flows.forms.analyses import CHOICES, NAMES, ROWS, AnalysisForm, params_of
from flows.lettering import cut_middle_to, printable
from flows.models import Dataset, FlowChart, FlowRun
from flows.moments import microseconds, midnight, write_moment
from flows.questions import FunnelQuestion
from flows.services.names import NAME_LENGTH

TITLES = {
    "from": "From",
    "to": "Through",
    "people": "People",
    "where": "Events",
    "rules": "Rename events",
    "steps": "Steps",
    "order": "Order",
    "count": "Counted",
    "occurrence": "From the",
    "within": "Within",
    "max_gap": "Step to step",
    "never": "Ends it",
    "after": "Ends it behind step",
    "before": "Ends it before step",
    "breakdown": "Broken down by",
    "first": "Began with",
    "back": "Came back with",
    "only": "Only some events",
    "hide": "Hide",
    "top": "Shown",
    "period": "By",
    "zone": "Time zone",
}


@dataclass(frozen=True, slots=True)
class AnalysisBuilder:
    """The form: what stands in its fields, and what is offered for them."""

    path: str
    kind: str
    dataset: Dataset
    datasets: tuple[Dataset, ...]
    chart_kinds: tuple[Kind, ...]
    values: Mapping[str, Any]
    choices: Mapping[str, Any]
    errors: Mapping[str, str]
    conditions: Mapping[str, Conditions]
    cohorts: Mapping[int, str]
    offered: tuple[Choice, ...]
    presets: tuple[Preset, ...]
    can_grow: bool  # whether one more step has room

    operators = OPERATORS
    kinds = PERSON_KINDS
    matches = MATCHES


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisPage(AnswerPage):
    """One state of the page."""

    path: str
    params: QueryDict
    measure: str
    form: AnalysisForm
    builder: AnalysisBuilder
    answer: AnswerView | None
    dates: Dates | None  # of a trend, with the notes on them
    measures: tuple[Tab, ...]
    files: tuple[tuple[Format, str], ...]  # what these very numbers can be exported as, and where

    @property
    def first_error(self) -> str:
        return next((f"{TITLES.get(name, '')}: {text}".removeprefix(": ") for name, text in self.errors), "")

    @property
    def errors(self) -> list[tuple[str, str]]:
        return [(name, str(texts[0])) for name, texts in self.form.errors.items()]

    @property
    def url(self) -> str:
        return address(self.path, self.params, self.measure)


def address(path: str, params: QueryDict, measure: str = "") -> str:
    said = params.copy()
    if measure:
        said["measure"] = measure
    return f"{path}?{said.urlencode()}" if said else path


def analysis_page(
    *,
    membership: Membership,
    saved: FlowChart | None,
    form: AnalysisForm,
    run: FlowRun | None,
    path: str,
    params: QueryDict,
    measure: str,
    is_paused: bool = False,
    turned_away: str = "",
) -> AnalysisPage:
    team, question = membership.team, form.query
    cohorts = queries.cohort_names(team, form.dataset)
    shown = shown_run(form.dataset, question, run)
    params = params_of(question, form.dataset, form.zone) if question else params
    asked = params
    if is_saved(question, form.dataset, saved):
        params = QueryDict(mutable=True)
    measures = MEASURES.get(form.kind, {})
    measure, default = measure_of(form.kind, measure), measure_of(form.kind, "")
    opened = _Opened(path, asked, shown)
    may_edit = membership.may(Role.EDITOR)
    answer, dates = None, None
    if shown and shown.result and question:
        answer = answer_view(shown.result, question, measure=measure, opened=opened.opener())
        if answer.trend:
            dates = dates_of(team, saved, shown.result, form.zone, answer.trend.drawing, may_add=may_edit)
    return AnalysisPage(
        team=team,
        saved=saved,
        may_edit=may_edit,
        form=form,
        sentence=sentence(question, form.zone, cohorts) if question else (),
        title=saved.name if saved else suggested_name(form),
        run=run,
        shown=shown,
        is_paused=is_paused,
        turned_away=turned_away,
        path=path,
        params=params,
        measure="" if measure == default else measure,
        builder=_builder(form, asked, path, cohorts, membership),
        answer=answer,
        dates=dates,
        measures=tuple(
            Tab(name, address(path, params, "" if key == default else key), key == measure)
            for key, name in measures.items()
        ),
        files=opened.files(form.kind, "" if measure == default else measure) if shown else (),
        notes=() if dates else notes_on(team, saved, question, form.zone),
    )


@dataclass(frozen=True, slots=True)
class _Opened:
    """Addresses of pages about the answer, on the version of the events that it is of."""

    path: str
    params: QueryDict
    shown: FlowRun | None

    def below(self, part: str, **more: str) -> str:
        said = self.params.copy()
        said["version"] = str(self.shown.dataset_version if self.shown else 0)
        for name, value in more.items():
            said[name] = value
        return f"{self.path}{part}?{said.urlencode()}"

    def opener(self) -> Opened:
        """Thousands of these addresses stand on a page, so what they share is written once."""
        shared = self.below("reached/")
        return lambda spot: f"{shared}&{urlencode(spot.to_params())}"

    def files(self, kind: str, measure: str) -> tuple[tuple[Format, str], ...]:
        more = {"measure": measure} if measure else {}
        return tuple((form, self.below(f"export/{form.key}/", **more)) for form in FORMATS[kind].values())


def suggested_name(form: AnalysisForm) -> str:
    """What a chart is called until somebody gives it a name."""
    question = form.query
    if question is None:
        return f"New {NAMES[form.kind].lower()}"
    names = [name for named in question.events.values() for name in named]
    first = cut_middle_to(printable(names[0]), 50) if names else ""
    if isinstance(question, FunnelQuestion):
        last = cut_middle_to(printable(question.steps[-1][0]), 50)
        return f"From {first} to {last}"[:NAME_LENGTH] if len(question.steps) > 1 else f"Who did {first}"
    return f"{'Back after' if form.kind == 'retention' else 'Trend of'} {first or 'all events'}"[:NAME_LENGTH]


def _builder(
    form: AnalysisForm, params: QueryDict, path: str, cohorts: Mapping[int, str], membership: Membership
) -> AnalysisBuilder:
    errors = {name: str(texts[0]) for name, texts in form.errors.items()}
    values = {name: form[name].value() for name in form.fields if name not in ROWS}
    steps = values.get("steps") or []
    return AnalysisBuilder(
        path=path,
        kind=form.kind,
        dataset=form.dataset,
        datasets=tuple(queries.datasets_with_events(membership.team)),
        chart_kinds=tuple(kinds(form.dataset.slug, path, form.kind, _starts(form))),
        values=values,
        choices=CHOICES,
        errors=errors,
        conditions=conditions(form, Address(path, params), None, cohorts, errors),
        cohorts=cohorts,
        offered=choices(queries.catalogue(form.dataset, limit=OFFERED), ()),
        presets=tuple(_presets(form, params, path)),
        can_grow=len(steps) <= MAX_STEPS,
    )


def _starts(form: AnalysisForm) -> list[str]:
    """The events that another kind of chart would begin with."""
    if form.kind == "funnel":
        return [name for step in (form["steps"].value() or [])[:1] for name in step]
    return [name for name in form[BEGINS[form.kind]].value() or [] if name]


def _presets(form: AnalysisForm, params: QueryDict, path: str) -> Iterator[Preset]:
    through = form.dataset.data_through
    if through is None:
        return
    last = through.astimezone(form.zone).date()
    ranges: list[tuple[str, dict[str, str]]] = [("All", {})]
    for length in PRESETS:
        first = midnight(last - timedelta(days=length - 1), form.zone)
        until = midnight(last, form.zone, last=True)
        days = (write_moment(microseconds(first), form.zone), write_moment(microseconds(until), form.zone, last=True))
        ranges.append((f"{length} d", dict(zip(("from", "to"), days, strict=True))))
    for name, days_of in ranges:
        said = params.copy()
        for option in ("from", "to"):
            said.pop(option, None)
        said.update(days_of)
        current = {option: params[option] for option in ("from", "to") if params.get(option)} == days_of
        yield Preset(name, address(path, said), current)
