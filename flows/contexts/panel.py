"""The side panel: one number of a result, where its people came from and what became of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flows.chart_tables import LINK_FIELDS, link_selector
from flows.chart_view import ChartView, NodeKey, Noun, end_look, end_words, step_name
from flows.engine.result import EVENT, OTHER
from flows.engine.selector import CONVERTED, LINK, NODE, PATH, Selector
from flows.figures import duration, figure, share
from flows.lettering import cut_middle, printable
from flows.sankey import ENDS
from flows.services.sets import shown_number

TEXT, SHORT, BRIEF = 12, 134, 104  # pixels: size of type, room for a name
Url = Callable[[Selector | None], str]


@dataclass(frozen=True, slots=True)
class Row:
    """One neighbour, or one end (then without times). `url` opens the panel of those who went between."""

    name: str
    short: str  # fits beside count and share
    brief: str  # fits beside two times
    colour: int
    key: str  # how an end is drawn, "" for a neighbour
    count: int
    share: str  # of the node
    median: str
    p90: str
    url: str


@dataclass(frozen=True, slots=True)
class Base:
    """A share and what it is a share of."""

    share: str
    of: str
    count: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A step of a path, or an end of a link."""

    name: str
    colour: int
    url: str


@dataclass(frozen=True, slots=True)
class Panel:
    """`label` is that of an event, where the number is of one; `stops` are the steps of a link or a path."""

    selector: Selector
    label: str
    name: str
    colour: int
    place: str
    count: int
    noun: Noun
    bases: tuple[Base, ...]
    stops: tuple[Stop, ...] = ()
    repeats: int = 0
    median: str = ""
    p90: str = ""
    before: tuple[Row, ...] = ()  # in time: read backwards, what the next step holds
    after: tuple[Row, ...] = ()
    place_before: str = ""
    place_after: str = ""
    sums: tuple[str, ...] = ()  # how the number adds up

    @property
    def is_other(self) -> bool:
        return self.selector.kind == OTHER

    @property
    def is_node(self) -> bool:
        return self.selector.set == NODE and self.selector.state is None

    @property
    def times_before(self) -> tuple[Row, ...]:
        return tuple(row for row in self.before if not row.key)

    @property
    def times_after(self) -> tuple[Row, ...]:
        return tuple(row for row in self.after if not row.key)


def node_of(selector: Selector | None) -> NodeKey | None:
    """The node that a selector means, or whose end it means."""
    if selector is None or selector.set != NODE or selector.step is None:
        return None
    return selector.step, selector.kind, selector.label


def panel_of(result: Mapping[str, Any], chart: ChartView, selector: Selector | None, url: Url) -> Panel | None:
    """The panel of a number, or None if the result has no such number (any more)."""
    count = shown_number(result, selector) if selector else None
    if selector is None or not count:
        return None
    if selector.set == NODE:
        node = next(
            each for each in result["nodes"] if node_of(selector) == (each["step"], each["kind"], each["label"])
        )
        return _end(node, chart, selector, count, url) if selector.state else _node(result, node, chart, selector, url)
    if selector.set == LINK:
        return _link(result, chart, selector, url)
    if selector.set == PATH:
        return _path(chart, selector, count)
    return _all(chart, selector, count)


def _node(result: Mapping[str, Any], node: Mapping[str, Any], chart: ChartView, selector: Selector, url: Url) -> Panel:
    step, is_other = node["step"], node["kind"] == OTHER
    inward = tuple(_rows(result["links"], node, chart, url, outward=False))
    outward = (*_rows(result["links"], node, chart, url, outward=True), *_ends(node, chart, url))
    before, after = (outward, inward) if chart.backwards else (inward, outward)
    back = 1 if chart.backwards else -1
    return Panel(
        selector=selector,
        label=node["label"],
        name="Other" if is_other else printable(node["label"]),
        colour=0 if is_other else chart.colours.get(node["label"], 0),
        place=step_name(step, chart.backwards),
        count=node["count"],
        noun=chart.noun,
        bases=tuple(_bases(result, node, chart)),
        repeats=node["repeats"],
        before=before,
        after=after,
        place_before=step_name(step + back, chart.backwards).lower(),
        place_after=step_name(step - back, chart.backwards).lower(),
        sums=tuple(_sum(node["count"], rows) for rows in (before, after) if rows),
    )


def _end(node: Mapping[str, Any], chart: ChartView, selector: Selector, count: int, url: Url) -> Panel:
    assert selector.state is not None
    word = end_words(chart.steps, chart.backwards)[selector.state].lower()
    name, colour = _named(node["kind"], node["label"], chart)
    whole = url(Selector(set=NODE, step=node["step"], kind=node["kind"], label=node["label"]))
    return Panel(
        selector=selector,
        label="",
        name=f"{name}, {word}",
        colour=colour,
        place=f"{step_name(node['step'], chart.backwards)} · their last" if not chart.backwards else "Their first",
        count=count,
        noun=chart.noun,
        bases=(Base(share(count, node["count"]), f"of {name}", node["count"]), _of_start(count, chart)),
        stops=(Stop(name, colour, whole),),
    )


def _link(result: Mapping[str, Any], chart: ChartView, selector: Selector, url: Url) -> Panel:
    wanted = {name: getattr(selector, name) for name in LINK_FIELDS}
    link = next(each for each in result["links"] if all(each[name] == value for name, value in wanted.items()))
    keys = [
        (link["step"], link["source_kind"], link["source"]),
        (link["step"] + 1, link["target_kind"], link["target"]),
    ]
    counts = {(n["step"], n["kind"], n["label"]): n["count"] for n in result["nodes"]}
    stops, bases = [], []
    for step, kind, label in reversed(keys) if chart.backwards else keys:
        name, colour = _named(kind, label, chart)
        stops.append(Stop(name, colour, url(Selector(set=NODE, step=step, kind=kind, label=label))))
        bases.append(
            Base(
                share(link["count"], counts[step, kind, label]),
                f"of {cut_middle(name, SHORT, TEXT)}, {step_name(step, chart.backwards).lower()}",
                counts[step, kind, label],
            )
        )
    return Panel(
        selector=selector,
        label="",
        name=" → ".join(stop.name for stop in stops),
        colour=stops[0].colour,
        place=" to ".join(
            step_name(step, chart.backwards).lower() if place else step_name(step, chart.backwards)
            for place, (step, *_) in enumerate(reversed(keys) if chart.backwards else keys)
        ),
        count=link["count"],
        noun=chart.noun,
        bases=tuple(bases),
        stops=tuple(stops),
        median=duration(link["median_seconds"]),
        p90=duration(link["p90_seconds"]),
    )


def _path(chart: ChartView, selector: Selector, count: int) -> Panel:
    labels = selector.path[::-1] if chart.backwards else selector.path
    stops = tuple(Stop(*_named(EVENT, label, chart), url="") for label in labels)
    word = end_words(chart.steps, chart.backwards)[selector.state] if selector.state else ""
    return Panel(
        selector=selector,
        label="",
        name="One path",
        colour=stops[0].colour,
        place=" · ".join(filter(None, (f"{len(stops)} event{'' if len(stops) == 1 else 's'}", word.lower()))),
        count=count,
        noun=chart.noun,
        bases=(_of_start(count, chart),),
        stops=stops,
    )


def _all(chart: ChartView, selector: Selector, count: int) -> Panel:
    words = end_words(chart.steps, chart.backwards)
    name = "Everybody in the chart" if chart.noun.many == "people" else f"All {chart.noun.many}"
    if selector.set == CONVERTED:
        name = "Reached the end"
    elif selector.state:
        name = words[selector.state]
    return Panel(
        selector=selector,
        label="",
        name=name,
        colour=0,
        place="Over all steps",
        count=count,
        noun=chart.noun,
        bases=(_of_start(count, chart),),
    )


def _named(kind: str, label: str, chart: ChartView) -> tuple[str, int]:
    return ("Other", 0) if kind == OTHER else (printable(label), chart.colours.get(label, 0))


def _of_start(count: int, chart: ChartView) -> Base:
    return Base(share(count, chart.start), "of the end" if chart.backwards else "of start", chart.start)


def _bases(result: Mapping[str, Any], node: Mapping[str, Any], chart: ChartView) -> Iterator[Base]:
    yield _of_start(node["count"], chart)
    if node["step"]:
        step = node["step"] - 1
        all_before = sum(n["count"] for n in result["nodes"] if n["step"] == step)
        place = step_name(step, chart.backwards).lower()
        yield Base(share(node["count"], all_before), f"of all at {place}", all_before)


def _rows(
    links: list[Mapping[str, Any]], node: Mapping[str, Any], chart: ChartView, url: Url, *, outward: bool
) -> Iterator[Row]:
    """The neighbours in reading direction (`outward`) or against it, the most frequent first."""
    near, far = ("source", "target") if outward else ("target", "source")
    step = node["step"] if outward else node["step"] - 1
    mine = [
        link
        for link in links
        if link["step"] == step and link[f"{near}_kind"] == node["kind"]
        and (node["kind"] == OTHER or link[near] == node["label"])
    ]  # fmt: skip
    for link in sorted(mine, key=lambda link: (link[f"{far}_kind"] == OTHER, -link["count"], link[far])):
        name, colour = _named(link[f"{far}_kind"], link[far], chart)
        yield Row(
            name=name,
            short=cut_middle(name, SHORT, TEXT),
            brief=cut_middle(name, BRIEF, TEXT),
            colour=colour,
            key="",
            count=link["count"],
            share=share(link["count"], node["count"]),
            median=duration(link["median_seconds"]),
            p90=duration(link["p90_seconds"]),
            url=url(link_selector(link)),
        )


def _ends(node: Mapping[str, Any], chart: ChartView, url: Url) -> Iterator[Row]:
    words = {
        "converted": "Converted",
        "cut": "Went further",
        "dropped": "Entered here" if chart.backwards else "Dropped",
        "open": "Open",
    }
    for state in ENDS:
        if node[state]:
            key = end_look(state, chart.backwards)
            end = Selector(set=NODE, step=node["step"], kind=node["kind"], label=node["label"], state=state)
            part = share(node[state], node["count"])
            yield Row(words[state], words[state], "", 0, key, node[state], part, "", "", url(end))


def _sum(count: int, rows: tuple[Row, ...]) -> str:
    return f"{figure(count)} = {' + '.join(figure(row.count) for row in rows)}"
