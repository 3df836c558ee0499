"""What the pages of a flow chart show, from one result: the picture, the ledger, the heads and the tables.

    chart = chart_view(result, width=1080)

`templates/flows/chart/chart.html` (ledger, picture, foot) and `templates/flows/chart/table.html` take it as `chart`.
Every number on them comes from the result and adds up to it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.utils.safestring import SafeString

from flows.chart_tables import LinkRow, NodeRow, Url, link_rows, node_rows
from flows.engine.query import MAX_TOP
from flows.engine.result import OTHER
from flows.engine.selector import LINK, MATCHED, NODE, Selector
from flows.figures import figure, share
from flows.lettering import printable, text_width
from flows.ribbons import NodeKey, key_of, ribbons_svg
from flows.sankey import HEIGHT, End, Node, SankeyLayout, colours_by_rank, lay_out

CONTROL = 24  # pixels, a target
FEWER = 4  # labels that a step has more or fewer
SPOKEN = 3  # labels of a step that are read out

# The address of the question with so many labels at a step.
Tops = Callable[[int, int], str]


@dataclass(frozen=True, slots=True)
class Noun:
    one: str
    many: str

    def of(self, count: int) -> str:
        return f"{figure(count)} {self.one if count == 1 else self.many}"


NOUNS = {
    "users": Noun("person", "people"),
    "sessions": Noun("session", "sessions"),
    "journeys": Noun("journey", "journeys"),
}


@dataclass(frozen=True, slots=True)
class Control:
    """Shows more or fewer labels of one step."""

    x: float
    sign: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column: its name, who is still on the way, and their share of start."""

    x: float
    name: str
    count: int
    share: str
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the ledger: everybody who ended in this state."""

    state: str
    look: str  # how it is drawn: as its state, but people who come in are not drawn like people who leave
    name: str
    count: int
    share: str
    url: str


@dataclass(frozen=True, slots=True)
class EndMark:
    end: End
    title: str
    url: str
    picked: bool


@dataclass(frozen=True, slots=True)
class NodeMark:
    """A bar with its words. `url` opens it ("" where it does not open), `picked` is the open one.

    `named` is how addresses name it: "step=1&label=search".
    """

    node: Node
    place: int  # among the nodes of the result
    named: str
    share: str
    repeats: str
    title: str
    url: str
    picked: bool
    ends: tuple[EndMark, ...]


@dataclass(frozen=True, slots=True)
class ChartView:
    uid: str  # tells the charts of one page apart
    noun: Noun
    backwards: bool
    start: int  # everybody in the chart: the base of every share of start
    steps: int
    distinct_paths: int
    layout: SankeyLayout
    heads: tuple[Head, ...]
    nodes: tuple[NodeMark, ...]
    ribbons: SafeString
    ledger: tuple[Part, ...]
    node_rows: tuple[NodeRow, ...]
    link_rows: tuple[LinkRow, ...]  # the most frequent ones
    links: int
    colours: Mapping[str, int]
    url: str  # opens everybody
    closed: str  # the address with nothing open, where the script makes links of ribbons and ends
    is_picked: bool  # whether something in the picture stands out
    summary: tuple[str, ...]  # the picture in words, a sentence a step

    @property
    def label(self) -> str:
        return f"Flow of {self.noun.of(self.start)} over {self.steps} step{'' if self.steps == 1 else 's'}"

    @property
    def adds_up(self) -> bool:
        return sum(part.count for part in self.ledger) == self.start

    @property
    def sum(self) -> str:
        return f"{figure(self.start)} = " + " + ".join(figure(part.count) for part in self.ledger)

    @property
    def links_left_out(self) -> int:
        return self.links - len(self.link_rows)

    @property
    def has_repeats(self) -> bool:
        return any(row.repeats for row in self.node_rows)


def chart_view(
    result: Mapping[str, Any],
    *,
    width: float = 1080,
    height: float = HEIGHT,
    uid: str = "flow",
    colours: Mapping[str, int] | None = None,
    url: Url | None = None,
    closed: str = "",
    picked: Selector | None = None,
    tops: Tops | None = None,
    tables: bool = True,
) -> ChartView:
    """Everything that a page shows of `result` (the JSON of a FlowResult), drawn for `width` pixels.

    With `url` every number is a link to the address that it gives; what is `picked` stands out. With `closed`, the
    address with nothing open, links of ribbons and ends are not written: the script makes them from those of the bars,
    and without it their numbers are reached through the panels of the bars. Without `tables` their rows are left out:
    there are many.
    """
    url = url or (lambda selector: "")
    query = result["query"]
    backwards = bool(query.get("end")) and not query.get("start")
    colours = colours if colours is not None else colours_by_rank(result["nodes"])
    layout = lay_out(result, width=width, height=height, backwards=backwards, colours=colours)
    start = sum(node["count"] for node in result["nodes"] if node["step"] == 0)
    steps = max((node["step"] for node in result["nodes"]), default=0)
    noun = NOUNS[query.get("count", "users")]
    places = {(node["step"], node["kind"], node["label"]): place for place, node in enumerate(result["nodes"])}
    ledger = tuple(_ledger(result, start, steps, backwards, url))
    return ChartView(
        uid=uid,
        noun=noun,
        backwards=backwards,
        start=start,
        steps=steps,
        distinct_paths=result["distinct_paths"],
        layout=layout,
        heads=tuple(_heads(layout, start, tops)),
        nodes=tuple(_node_marks(places, layout, start, noun, steps, url, closed, picked)),
        ribbons=ribbons_svg(result, layout, places, said=noun.of, url=None if closed else url, picked=picked),
        ledger=ledger,
        node_rows=tuple(node_rows(result, start, [part.state for part in ledger], colours, url)) if tables else (),
        link_rows=tuple(link_rows(result, colours, url)) if tables else (),
        links=len(result["links"]),
        colours=colours,
        url=url(Selector(set=MATCHED)),
        closed=closed,
        is_picked=picked is not None and picked.set in (NODE, LINK),
        summary=tuple(_summary(result, start, backwards)),
    )


def end_look(state: str, backwards: bool) -> str:
    """How an end is drawn: people who come in are not drawn like people who leave."""
    return "entered" if backwards and state == "dropped" else state


def end_words(steps: int, backwards: bool) -> dict[str, str]:
    """What each end is called; read backwards people do not drop out but come in."""
    return {
        "converted": "Converted",
        "cut": f"Before step {steps}" if backwards else f"Past step {steps}",
        "dropped": "Entered" if backwards else "Dropped",
        "open": "Open",
    }


def step_name(step: int, backwards: bool) -> str:
    if step == 0:
        return "End" if backwards else "Start"
    return f"{step} before" if backwards else f"Step {step}"


def _heads(layout: SankeyLayout, start: int, tops: Tops | None) -> Iterator[Head]:
    for column in layout.columns:
        name = step_name(column.step, layout.backwards)
        controls = _controls(layout, column.step, column.x, name, tops) if tops and column.step else ()
        yield Head(column.x, name, column.count, share(column.count, start), tuple(controls))


def _controls(layout: SankeyLayout, step: int, x: float, name: str, tops: Tops) -> Iterator[Control]:
    """Beside the name of a step: fewer labels, and more where there are any."""
    nodes = [node for node in layout.nodes if node.step == step]
    shown = sum(not node.is_other for node in nodes)
    at = x + (-1 if layout.backwards else 1) * (text_width(name, 12) + 5)
    if layout.backwards:
        at -= 2 * CONTROL
    wanted = [("-", max(1, shown - FEWER)), ("+", min(MAX_TOP, shown + FEWER))]
    for place, (sign, most) in enumerate(wanted):
        if most == shown or (sign == "+" and shown == len(nodes)):
            continue
        if url := tops(step, most):
            title = f"{'Fewer' if sign == '-' else 'More'} at {name.lower()}: {most} instead of {shown}"
            yield Control(round(at + place * CONTROL, 1), sign, title, url)


def _summary(result: Mapping[str, Any], start: int, backwards: bool) -> Iterator[str]:
    """The most frequent of each step, and who ended there."""
    words = {state: word.lower() for state, word in end_words(0, backwards).items() if state != "cut"}
    for step in sorted({node["step"] for node in result["nodes"]}):
        nodes = [node for node in result["nodes"] if node["step"] == step]
        named = [
            f"{'Other' if node['kind'] == OTHER else printable(node['label'])} {figure(node['count'])} "
            f"({share(node['count'], start)})"
            for node in nodes[:SPOKEN]
        ]
        more = [f"and {len(nodes) - SPOKEN} more"] if len(nodes) > SPOKEN else []
        ends = [
            f"{figure(count)} {word}" for state, word in words.items() if (count := sum(node[state] for node in nodes))
        ]
        yield f"{step_name(step, backwards)}: {', '.join([*named, *more])}{'; ' + ', '.join(ends) if ends else ''}."


def _ledger(result: Mapping[str, Any], start: int, steps: int, backwards: bool, url: Url) -> Iterator[Part]:
    words = end_words(steps, backwards)
    order = ("cut", "converted", "dropped", "open")
    for state in order:
        count = sum(node[state] for node in result["nodes"])
        if count:
            yield Part(
                state,
                end_look(state, backwards),
                words[state],
                count,
                share(count, start),
                url(Selector(set=MATCHED, state=state)),
            )


def _node_marks(
    places: Mapping[NodeKey, int],
    layout: SankeyLayout,
    start: int,
    noun: Noun,
    steps: int,
    url: Url,
    closed: str,
    picked: Selector | None,
) -> Iterator[NodeMark]:
    words = {state: word.lower() for state, word in end_words(steps, layout.backwards).items()}
    for node in layout.nodes:
        said = ", ".join(f"{figure(end.count)} {words[end.state]}" for end in node.ends)
        of_start = share(node.count, start)
        selector = Selector(set=NODE, step=node.step, kind=node.kind, label=node.key)
        ends = []
        for end in node.ends:
            one = replace(selector, state=end.state)
            if closed:
                ends.append(EndMark(end, "", "", one == picked))
                continue
            part = share(end.count, node.count)
            title = f"{node.label}, {words[end.state]}: {noun.of(end.count)}, {part} of {node.label}"
            ends.append(EndMark(end, title, url(one), one == picked))
        yield NodeMark(
            node=node,
            place=places[key_of(node)],
            named=urlencode(selector.to_params()[1:]) if closed else "",
            share=of_start,
            repeats=f"↻\N{NO-BREAK SPACE}{figure(node.repeats)}" if node.repeats and node.has_room else "",
            title=f"{node.label}, {step_name(node.step, layout.backwards)}: {noun.of(node.count)}, {of_start} of start"
            + (f", {said}" if said else "")
            + (f", {figure(node.repeats)} repeat{'' if node.repeats == 1 else 's'}" if node.repeats else ""),
            url=url(selector),
            picked=selector == picked,
            ends=tuple(ends),
        )
