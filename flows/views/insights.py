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
from flows.contexts.address import Address, written
from flows.contexts.insights import CHANGES, LOOPS, OUTCOMES, PARTS, Group, Teller
from flows.contrasts import PREVIOUS, Contrast
from flows.engine.labels import CYCLE_SIGN
from flows.engine.query import MAX_PATHS, MAX_TOP, FlowQuery, QueryError
from flows.engine.result import EVENT
from flows.engine.selector import NODE, Selector
from flows.forms.charts import QuestionForm, plain
from flows.forms.contrasts import write_contrast
from flows.insights.detours import detours, legs_of
from flows.insights.outcomes import converters, reaching
from flows.models import FlowRun
from flows.services import comparisons, runs, sets
from flows.services.line import TooManyWait
from flows.store import DamagedSegment
from flows.views import asking

PATIENCE = 0.5
NO_GOAL = "Give the chart an end, or choose an event in it, to see what those who get there did before."


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
        part = _part(form, form.query, address, name)
        lost = [run for run in part.runs if run.is_over and run.status != FlowRun.Status.DONE]
        if lost:
            return {"problem": lost[0].error or lost[0].get_status_display()}
        return {"group": part.tell()} if all(run.is_over for run in part.runs) else {"is_waiting": True}
    except QueryError as error:
        return {"problem": plain(error)}
    except (TooManyWait, DamagedSegment, sets.Busy) as error:
        return {"problem": str(error)}


def _part(form: QuestionForm, query: FlowQuery, address: Address, name: str) -> Part:
    teller = Teller(query, address.on(None), form)
    if name == LOOPS:
        return _loops(form, query, teller)
    if name == CHANGES:
        return _changes(form, query, address, teller)
    if name == OUTCOMES:
        return _outcomes(form, query, address.picked, teller)
    return _detours(form, query, teller)


def _loops(form: QuestionForm, query: FlowQuery, teller: Teller) -> Part:
    run = _run(form, replace(query, collapse="cycles", top=MAX_TOP, paths=0))

    def tell() -> Group:
        result = _result(run)
        like_cycles = {node["label"] for node in result["nodes"] if CYCLE_SIGN in node["label"]}
        return teller.loops(result, like_cycles - queries.unknown_events(form.dataset, like_cycles))

    return Part([run], tell)


def _changes(form: QuestionForm, query: FlowQuery, address: Address, teller: Teller) -> Part:
    contrast = Contrast(PREVIOUS)
    pair = comparisons.pair_of(dataset=form.dataset, query=query, contrast=contrast, zone=form.zone)
    sides = comparisons.ask(dataset=form.dataset, pair=pair, within=PATIENCE)
    params = address.params.copy()
    for key, values in write_contrast(contrast, form.zone).lists():
        params.setlist(key, values)

    def url(selector: Selector) -> str:
        return written(f"{address.path}compare/", params, selector)

    return Part(list(sides.both), lambda: teller.changes(comparisons.compared(sides), url))


def _outcomes(form: QuestionForm, query: FlowQuery, picked: Selector | None, teller: Teller) -> Part:
    chosen = picked if picked and picked.set == NODE and picked.kind == EVENT and picked.step else None
    if chosen is None and not query.between:
        return Part([], lambda: Group(PARTS[OUTCOMES], (), NO_GOAL))
    run = _run(form, replace(query, paths=MAX_PATHS))

    def tell() -> Group:
        if chosen:
            return teller.outcomes(reaching(_result(run), chosen.label), f"who came to {teller.name(chosen.label)}")
        return teller.outcomes(converters(_result(run)), "who converted")

    return Part([run], tell)


def _detours(form: QuestionForm, query: FlowQuery, teller: Teller) -> Part:
    if query.backwards:
        return Part(
            [], lambda: Group(teller.detours(()).title, (), "Ways round are told of charts that are read forwards.")
        )
    run = _run(form, query)

    def tell() -> Group:
        legs = legs_of(_result(run))
        ways = sets.detours_of(dataset=form.dataset, query=query, legs=legs, version=run.dataset_version)
        return teller.detours(detours(legs, ways))

    return Part([run], tell)


def _run(form: QuestionForm, query: FlowQuery) -> FlowRun:
    return runs.settled(run=runs.ask(dataset=form.dataset, query=query), within=PATIENCE)


def _result(run: FlowRun) -> dict[str, Any]:
    assert run.result is not None
    return run.result
