"""The side panel: one node of a result, where its people came from and what became of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flows.chart_view import ChartView, Noun
from flows.figures import duration, share
from flows.lettering import printable
from flows.sankey import ENDS


@dataclass(frozen=True, slots=True)
class NodeId:
    """A node as the address names it: "5:checkout", and "5" alone for Other, which is no name."""

    step: int
    kind: str
    label: str

    @classmethod
    def read(cls, text: str) -> "NodeId | None":
        step, colon, label = text.partition(":")
        if not step.isascii() or not step.isdigit() or len(step) > 2:
            return None
        return cls(int(step), "event", label) if colon else cls(int(step), "other", "")

    def __str__(self) -> str:
        return f"{self.step}:{self.label}" if self.kind == "event" else str(self.step)

    def fits(self, node: Mapping[str, Any]) -> bool:
        if (node["step"], node["kind"]) != (self.step, self.kind):
            return False
        return self.kind == "other" or bool(node["label"] == self.label)


@dataclass(frozen=True, slots=True)
class Row:
    """One neighbour, or one end state (then without times)."""

    name: str
    colour: int
    state: str  # "" for a neighbour
    node: str  # the neighbour's NodeId
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
    id: NodeId
    name: str
    colour: int
    place: str
    count: int
    repeats: int
    noun: Noun
    bases: tuple[Base, ...]
    before: tuple[Row, ...]  # in time: read backwards, what the next step holds
    after: tuple[Row, ...]
    adds_up: bool

    @property
    def is_event(self) -> bool:
        return self.id.kind == "event"


def node_panel(result: Mapping[str, Any], chart: ChartView, node_id: NodeId | None) -> NodePanel | None:
    """The panel of a node, or None if the result has no such node (any more)."""
    node = next((n for n in result["nodes"] if node_id is not None and node_id.fits(n)), None)
    if node is None or node_id is None:
        return None
    inward = tuple(_rows(result["links"], node, chart, outward=False))
    outward = (*_rows(result["links"], node, chart, outward=True), *_ends(node, chart))
    came = sum(row.count for row in inward) if node["step"] else node["count"]
    before, after = (outward, inward) if chart.backwards else (inward, outward)
    return NodePanel(
        id=node_id,
        name="Other" if node["kind"] == "other" else printable(node["label"]),
        colour=0 if node["kind"] == "other" else chart.colours.get(node["label"], 0),
        place=_place(node["step"], chart.backwards),
        count=node["count"],
        repeats=node.get("repeats", 0),
        noun=chart.noun,
        bases=tuple(_bases(result, node, chart)),
        before=before,
        after=after,
        adds_up=came == node["count"] == sum(row.count for row in outward),
    )


def _place(step: int, backwards: bool) -> str:
    if step == 0:
        return "End" if backwards else "Start"
    return f"{step} before the end" if backwards else f"Step {step}"


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
        far_step = step + 1 if outward else step
        yield Row(
            name="Other" if other else printable(link[far]),
            colour=0 if other else chart.colours.get(link[far], 0),
            state="",
            node=str(NodeId(far_step, link[f"{far}_kind"], link[far])),
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
            yield Row(words[state], 0, state, "", node[state], share(node[state], node["count"]), "", "")
