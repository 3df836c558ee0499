"""The side panel: one node of a result, where its people came from and what became of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flows.chart_view import ChartView, NodeKey, Noun
from flows.figures import duration, share
from flows.lettering import cut_middle, printable
from flows.sankey import ENDS

TEXT, SHORT, BRIEF = 12, 134, 104  # pixels: size of type, room for a name


def read_node(text: str) -> NodeKey | None:
    """A node as the address names it: "5:checkout", and "5" alone for Other, which is no name."""
    step, colon, label = text.partition(":")
    if not step.isascii() or not step.isdigit() or len(step) > 2:
        return None
    return (int(step), "event", label) if colon else (int(step), "other", "")


def write_node(key: NodeKey) -> str:
    step, kind, label = key
    return f"{step}:{label}" if kind == "event" else str(step)


@dataclass(frozen=True, slots=True)
class Row:
    """One neighbour, or one end (then without times)."""

    name: str
    short: str  # fits beside count and share
    brief: str  # fits beside two times
    colour: int
    key: str  # how an end is drawn, "" for a neighbour
    count: int
    share: str  # of the node
    median: str
    p90: str


@dataclass(frozen=True, slots=True)
class Base:
    """A share and what it is a share of."""

    share: str
    of: str
    count: int


@dataclass(frozen=True, slots=True)
class NodePanel:
    label: str
    is_other: bool
    name: str
    colour: int
    place: str
    count: int
    repeats: int
    noun: Noun
    bases: tuple[Base, ...]
    before: tuple[Row, ...]  # in time: read backwards, what the next step holds
    after: tuple[Row, ...]
    place_before: str
    place_after: str

    @property
    def times_before(self) -> tuple[Row, ...]:
        return tuple(row for row in self.before if not row.key)

    @property
    def times_after(self) -> tuple[Row, ...]:
        return tuple(row for row in self.after if not row.key)


def node_panel(result: Mapping[str, Any], chart: ChartView, key: NodeKey | None) -> NodePanel | None:
    """The panel of a node, or None if the result has no such node (any more)."""
    node = next((node for node in result["nodes"] if key == (node["step"], node["kind"], node["label"])), None)
    if node is None:
        return None
    is_other = node["kind"] == "other"
    inward = tuple(_rows(result["links"], node, chart, outward=False))
    outward = (*_rows(result["links"], node, chart, outward=True), *_ends(node, chart))
    before, after = (outward, inward) if chart.backwards else (inward, outward)
    return NodePanel(
        label=node["label"],
        is_other=is_other,
        name="Other" if is_other else printable(node["label"]),
        colour=0 if is_other else chart.colours.get(node["label"], 0),
        place=_place(node["step"], chart.backwards),
        count=node["count"],
        repeats=node["repeats"],
        noun=chart.noun,
        bases=tuple(_bases(result, node, chart)),
        before=before,
        after=after,
        place_before=_place(node["step"] + (1 if chart.backwards else -1), chart.backwards).lower(),
        place_after=_place(node["step"] + (-1 if chart.backwards else 1), chart.backwards).lower(),
    )


def _place(step: int, backwards: bool) -> str:
    if step == 0:
        return "End" if backwards else "Start"
    return f"{step} before" if backwards else f"Step {step}"


def _bases(result: Mapping[str, Any], node: Mapping[str, Any], chart: ChartView) -> Iterator[Base]:
    yield Base(share(node["count"], chart.start), "of the end" if chart.backwards else "of start", chart.start)
    if node["step"]:
        step = node["step"] - 1
        all_before = sum(n["count"] for n in result["nodes"] if n["step"] == step)
        yield Base(share(node["count"], all_before), f"of all at {_place(step, chart.backwards).lower()}", all_before)


def _rows(links: list[Mapping[str, Any]], node: Mapping[str, Any], chart: ChartView, *, outward: bool) -> Iterator[Row]:
    """The neighbours in reading direction (`outward`) or against it, the most frequent first."""
    near, far = ("source", "target") if outward else ("target", "source")
    step = node["step"] if outward else node["step"] - 1
    mine = [
        link
        for link in links
        if link["step"] == step and link[f"{near}_kind"] == node["kind"]
        and (node["kind"] == "other" or link[near] == node["label"])
    ]  # fmt: skip
    for link in sorted(mine, key=lambda link: (link[f"{far}_kind"] == "other", -link["count"], link[far])):
        other = link[f"{far}_kind"] == "other"
        name = "Other" if other else printable(link[far])
        yield Row(
            name=name,
            short=cut_middle(name, SHORT, TEXT),
            brief=cut_middle(name, BRIEF, TEXT),
            colour=0 if other else chart.colours.get(link[far], 0),
            key="",
            count=link["count"],
            share=share(link["count"], node["count"]),
            median=duration(link["median_seconds"]),
            p90=duration(link["p90_seconds"]),
        )


def _ends(node: Mapping[str, Any], chart: ChartView) -> Iterator[Row]:
    words = {
        "converted": "Converted",
        "cut": "Went further",
        "dropped": "Entered here" if chart.backwards else "Dropped",
        "open": "Open",
    }
    for state in ENDS:
        if node[state]:
            key = "entered" if chart.backwards and state == "dropped" else state
            yield Row(words[state], words[state], "", 0, key, node[state], share(node[state], node["count"]), "", "")
