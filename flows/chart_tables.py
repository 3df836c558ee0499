"""The numbers of a flow as rows of tables: nodes, then links."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.engine.selector import LINK, NODE, Selector
from flows.figures import duration, share
from flows.lettering import printable

LINK_ROWS = 1000
LINK_FIELDS = ("step", "source", "source_kind", "target", "target_kind")

Url = Callable[[Selector], str]


@dataclass(frozen=True, slots=True)
class Place:
    """A step's label as tables show it."""

    label: str
    is_other: bool
    colour: int


@dataclass(frozen=True, slots=True)
class NodeRow:
    step: int
    place: Place
    count: int
    share: str  # of start
    parts: tuple[int, ...]  # onward, then the ends of the ledger in its order; they add up to the count
    repeats: int
    url: str


@dataclass(frozen=True, slots=True)
class LinkRow:
    step: int
    source: Place
    target: Place
    count: int
    share: str  # of the source
    median: str
    p90: str
    url: str

    @property
    def places(self) -> tuple[Place, Place]:
        return self.source, self.target


def link_selector(link: Mapping[str, Any]) -> Selector:
    return Selector(set=LINK, **{name: link[name] for name in LINK_FIELDS})


def _place(kind: str, label: str, colours: Mapping[str, int]) -> Place:
    if kind == "other":
        return Place("Other", True, 0)
    return Place(printable(label), False, colours.get(label, 0))


def node_rows(
    result: Mapping[str, Any], start: int, states: Sequence[str], colours: Mapping[str, int], url: Url
) -> Iterator[NodeRow]:
    for node in result["nodes"]:
        ends = [node[state] for state in states]
        yield NodeRow(
            step=node["step"],
            place=_place(node["kind"], node["label"], colours),
            count=node["count"],
            share=share(node["count"], start),
            parts=(node["count"] - sum(ends), *ends),
            repeats=node.get("repeats", 0),
            url=url(Selector(set=NODE, step=node["step"], kind=node["kind"], label=node["label"])),
        )


def link_rows(result: Mapping[str, Any], colours: Mapping[str, int], url: Url) -> Iterator[LinkRow]:
    counts = {(node["step"], node["kind"], node["label"]): node["count"] for node in result["nodes"]}
    links = result["links"]
    if len(links) > LINK_ROWS:
        kept = sorted(range(len(links)), key=lambda i: -links[i]["count"])[:LINK_ROWS]
        links = [links[i] for i in sorted(kept)]
    for link in links:
        base = counts[link["step"], link["source_kind"], link["source"]]
        yield LinkRow(
            step=link["step"],
            source=_place(link["source_kind"], link["source"], colours),
            target=_place(link["target_kind"], link["target"], colours),
            count=link["count"],
            share=share(link["count"], base),
            median=duration(link.get("median_seconds")),
            p90=duration(link.get("p90_seconds")),
            url=url(link_selector(link)),
        )
