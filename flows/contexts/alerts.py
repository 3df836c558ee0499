"""What can be watched in a chart, and what is."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flows import queries
from flows.chart_tables import link_selector
from flows.contexts.cohorts import place
from flows.engine.query import FlowQuery
from flows.engine.selector import CONVERTED, MATCHED, NODE, Selector
from flows.models import Alert, Delivery, FlowChart
from flows.services.alerts import Number
from flows.services.deliveries import said
from flows.services.runs import saved_query

MOST_NODES, MOST_LINKS = 200, 200
LOG = 5  # messages that are listed


@dataclass(frozen=True, slots=True)
class AlertRow:
    alert: Alert
    sentence: str
    now: str  # the value that was seen last, "" before there was one
    log: tuple[Delivery, ...]


def number_options(chart: FlowChart, picked: Selector | None) -> list[tuple[str, str]]:
    """Numbers of the last result, the one that is open first; each as parameters and in words. Of a flow only."""
    query = saved_query(chart.query)
    if not isinstance(query, FlowQuery):
        return []
    run = queries.last_answer(chart.dataset, query)
    selectors = [picked] if picked else []
    selectors += [Selector(set=MATCHED), *([Selector(set=CONVERTED)] if query.between else [])]
    if run is not None and run.result is not None:
        nodes = [node for node in run.result["nodes"] if node["step"]][:MOST_NODES]
        links = sorted(run.result["links"], key=lambda link: -link["count"])[:MOST_LINKS]
        selectors += [Selector(set=NODE, step=n["step"], kind=n["kind"], label=n["label"]) for n in nodes]
        selectors += map(link_selector, links)
    return list({urlencode(each.to_params()): place(query, each) for each in selectors}.items())


def label_of(chart: FlowChart, selector: Selector) -> str:
    query = saved_query(chart.query)
    return place(query, selector) if isinstance(query, FlowQuery) else chart.name


def alert_rows(chart: FlowChart) -> list[AlertRow]:
    """In three queries."""
    alerts = list(queries.alerts_of(chart))
    log: dict[int, list[Delivery]] = {}
    for delivery in queries.last_deliveries(alerts, LOG):
        log.setdefault(delivery.alert_id, []).append(delivery)
    rows = []
    for alert in alerts:
        bound = f" {said(alert.measure, alert.bound)}" if alert.bound is not None else ""
        sentence = f"{alert.get_measure_display()} {alert.get_rule_display()}{bound}"
        now = said(alert.measure, Number(**alert.seen).value(alert.measure)) if alert.seen else ""
        rows.append(AlertRow(alert, sentence, now, tuple(log.get(alert.pk, ()))))
    return rows
