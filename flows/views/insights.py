"""What a chart tells by itself, as far as it has to be computed on its own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from flows import queries
from flows.contexts.address import Address
from flows.contexts.insights import CHANGES, DETOURS, LOOPS, OUTCOMES, PARTS, Group, Teller
from flows.contrasts import PREVIOUS, Contrast
from flows.engine.labels import CYCLE_SIGN
from flows.engine.query import MAX_PATHS, MAX_TOP, FlowQuery, QueryError
from flows.engine.result import EVENT
from flows.engine.selector import NODE, Selector
from flows.forms.charts import QuestionForm, plain
from flows.forms.contrasts import WITH
from flows.insights.detours import detours, legs_of
from flows.insights.outcomes import converters, reaching
from flows.models import FlowRun
from flows.services import comparisons, details, runs, sets
from flows.services.line import TooManyWait
from flows.store import DamagedSegment
from flows.views import asking

PATIENCE = 0.5
FORWARDS = "This is told of charts that are read forwards."
NO_GOAL = "Give the chart an end, or choose an event in it, to see what those who get there did before."


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, and the runs that whoever asks again waits for, so that failed ones are not begun anew."""

    form: QuestionForm
    query: FlowQuery
    picked: Selector | None
    awaited: tuple[str, str]
    teller: Teller

    def run(self, query: FlowQuery) -> FlowRun:
        dataset = self.form.dataset
        run = queries.awaited_run(dataset, query, self.awaited[0]) or runs.ask(dataset=dataset, query=query)
        return runs.settled(run=run, within=PATIENCE)


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of finding: the runs that it needs, and what they tell once they are done."""

    runs: list[FlowRun]
    tell: Callable[[], Group]


@vary_on_headers("HX-Request")
@require_safe
@team_view(Role.VIEWER)
def insights(request: TeamRequest, pk: int | None = None) -> HttpResponse:
    """One part of the insights of a chart; for htmx that alone, which asks again while it is computed."""
    saved, form, address = asking.asked(request, pk)
    name = request.GET.get("about", CHANGES)
    if name not in PARTS:
        raise Http404
    if form is None:
        return render(request, "flows/no_events.html", {"chart": saved})
    context = {
        "saved": saved,
        "title": PARTS[name],
        "chart_url": str(address.at(view="insights")),
        "url": address.below("insights", about=name),
    }
    htmx = request.htmx  # type: ignore[attr-defined]
    template = "flows/insights.html#part" if htmx and not htmx.history_restore_request else "flows/insights.html"
    return render(request, template, context | _told(request, form, address, name))


def _told(request: TeamRequest, form: QuestionForm, address: Address, name: str) -> dict[str, Any]:
    """The findings, or that they are waited for, or why there are none."""
    if form.query is None:
        return {"problem": "Choose a start event first."}
    try:
        awaited = [*request.GET.getlist("run"), "", ""][:2]
        teller = Teller(form.query, address.on(None), form)
        part = PART[name](Asked(form, form.query, address.picked, (awaited[0], awaited[1]), teller))
        lost = [run for run in part.runs if run.is_over and run.status != FlowRun.Status.DONE]
        if lost:
            return {"problem": lost[0].error or lost[0].get_status_display()}
        if not all(run.is_over for run in part.runs):
            return {"is_waiting": True, "numbers": [run.pk for run in part.runs]}
        return {"group": part.tell()}
    except QueryError as error:
        return {"problem": plain(error)}
    except (TooManyWait, DamagedSegment, sets.Busy) as error:
        return {"problem": str(error)}


def _loops(asked: Asked) -> Part:
    run = asked.run(replace(asked.query, collapse="cycles", top=MAX_TOP, paths=0))

    def tell() -> Group:
        result = _result(run)
        like_cycles = {node["label"] for node in result["nodes"] if CYCLE_SIGN in node["label"]}
        return asked.teller.loops(result, like_cycles - queries.unknown_events(asked.form.dataset, like_cycles))

    return Part([run], tell)


def _changes(asked: Asked) -> Part:
    dataset, zone, address = asked.form.dataset, asked.form.zone, asked.teller.address
    contrast = Contrast(PREVIOUS)
    pair = comparisons.pair_of(dataset=dataset, query=asked.query, contrast=contrast, zone=zone)
    sides = comparisons.ask(dataset=dataset, pair=pair, awaited=asked.awaited, within=PATIENCE)

    def url(selector: Selector) -> str:
        return address.on(selector).below("compare", **{WITH: PREVIOUS})

    def tell() -> Group:
        return asked.teller.changes(comparisons.told(sides, top=asked.query.top, width=comparisons.WIDTH).compared, url)

    return Part(list(sides.both), tell)


def _outcomes(asked: Asked) -> Part:
    query, picked, teller = asked.query, asked.picked, asked.teller
    chosen = picked if picked and picked.set == NODE and picked.kind == EVENT and picked.step else None
    if query.backwards:
        return Part([], lambda: Group(PARTS[OUTCOMES], (), FORWARDS))
    if chosen is None and not query.between:
        return Part([], lambda: Group(PARTS[OUTCOMES], (), NO_GOAL))
    run = asked.run(replace(query, paths=MAX_PATHS))

    def tell() -> Group:
        if chosen:
            return teller.outcomes(reaching(_result(run), chosen.label), f"who came to {teller.name(chosen.label)}")
        return teller.outcomes(converters(_result(run)), "who converted")

    return Part([run], tell)


def _detours(asked: Asked) -> Part:
    query, dataset = asked.query, asked.form.dataset
    if query.backwards:
        return Part([], lambda: Group(PARTS[DETOURS], (), FORWARDS))
    run = asked.run(query)

    def tell() -> Group:
        legs = legs_of(_result(run))
        ways = details.detours_of(dataset=dataset, query=query, legs=legs, version=run.dataset_version)
        return asked.teller.detours(detours(legs, ways))

    return Part([run], tell)


PART = {LOOPS: _loops, CHANGES: _changes, OUTCOMES: _outcomes, DETOURS: _detours}


def _result(run: FlowRun) -> dict[str, Any]:
    assert run.result is not None
    return run.result
