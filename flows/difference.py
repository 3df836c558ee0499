"""Two flows drawn as one: bars and ribbons as broad as the mean of both shares, with what differs as marks.

    picture = difference_view(Drawn.of((first, second), top=8), compared, width=1080).linked(url, picked)

`templates/flows/compare/difference.html` draws it. Results are asked with many labels; here those that matter on one of
the sides stand as themselves, all others are drawn as Other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flows.chart_tables import LINK_FIELDS, link_selector
from flows.chart_view import Noun, end_words, step_name
from flows.engine.result import EVENT, OTHER
from flows.engine.selector import MATCHED, NODE, Selector
from flows.figures import NARROW, figure, points, share
from flows.sankey import ENDS, End, Node, Ribbon, SankeyLayout, lay_out

MORE, FEWER, SAME, FEW, UNKNOWN = "more", "fewer", "same", "few", "unknown"
ALPHA = 0.05
WHOLE = 100_000_000  # what everybody of a side counts in the picture; so many digits leave room for two shares
NODE_FIELDS = ("step", "kind", "label")

Result = Mapping[str, Any]
Url = Callable[[Selector], str]
Place = tuple[int, str, str]  # step, kind, label


def verdict(row: Mapping[str, Any]) -> str:
    """What can be said of a difference: MORE or FEWER on the second side, SAME where it may be chance."""
    if row["difference"] is None:
        return UNKNOWN
    if row["adjusted_p"] is None:
        return FEW
    if row["adjusted_p"] >= ALPHA:
        return SAME
    return MORE if row["difference"] > 0 else FEWER


ORDER = (MORE, FEWER, SAME, FEW, UNKNOWN)
KINDS = ("totals", "nodes", "links", "ends")


def selector_of(row: Mapping[str, Any]) -> Selector:
    """Which number of a flow a row of a comparison is about."""
    if "source" in row:
        return link_selector(row)
    if "step" in row:
        return Selector(set=NODE, step=row["step"], kind=row["kind"], label=row["label"], state=row.get("state"))
    return Selector(set=MATCHED, state=row["state"])


def in_order(compared: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], str]]:
    """All rows with what can be said of them: what can be told from chance stands first, then what differs most."""
    found = [(row, verdict(row)) for kind in KINDS for row in compared[kind]]
    return sorted(found, key=lambda pair: (ORDER.index(pair[1]), -abs(pair[0]["difference"] or 0.0)))


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn of two results: both with the labels that are not kept in Other, and the labels that are."""

    results: tuple[Result, Result]
    kept: Mapping[int, set[str]]

    @classmethod
    def of(cls, results: tuple[Result, Result], top: int) -> "Drawn":
        """`top` is how many labels of a step are drawn by name."""
        kept = kept_labels(results, top)
        first, second = (bucketed(result, kept) for result in results)
        return cls((first, second), kept)


def kept_labels(results: Sequence[Result], top: int) -> dict[int, set[str]]:
    """For each step the `top` labels by their greater share of start, and at step 0 all: what is drawn by name.

    A label that may stand in Other on one of the sides is not among them, for there its number is not known.
    """
    shares: dict[int, dict[str, float]] = {}
    doubtful: dict[int, set[str]] = {}
    sides = [_Side(result) for result in results]
    for step in sorted({node["step"] for result in results for node in result["nodes"]}):
        named = [side.labels(step) for side in sides]
        shares[step] = {
            label: max(side.count((step, EVENT, label)) / max(side.matched, 1) for side in sides)
            for label in set().union(*named)
        }
        doubtful[step] = {
            label
            for side, labels in zip(sides, named, strict=True)
            if (step, OTHER, "") in side.nodes
            for label in shares[step].keys() - labels
        }
    return {
        step: set(
            sorted(found.keys() - doubtful[step], key=lambda label: (-found[label], label))[: top if step else None]
        )
        for step, found in shares.items()
    }


def bucketed(result: Result, kept: Mapping[int, set[str]]) -> dict[str, Any]:
    """A result with all other labels added up as Other. Times of links that are sums are not known."""
    nodes: dict[Place, dict[str, Any]] = {}
    for node in result["nodes"]:
        key = _drawn(node["step"], node["kind"], node["label"], kept)
        into = nodes.setdefault(key, dict(zip(NODE_FIELDS, key, strict=True)) | dict.fromkeys(COUNTED, 0))
        for name in COUNTED:
            into[name] += node[name]
    links: dict[tuple[Place, Place], dict[str, Any]] = {}
    for link in result["links"]:
        source = _drawn(link["step"], link["source_kind"], link["source"], kept)
        target = _drawn(link["step"] + 1, link["target_kind"], link["target"], kept)
        if (source, target) in links:
            links[source, target]["count"] += link["count"]
            links[source, target] |= {"median_seconds": None, "p90_seconds": None}
        else:
            names = (source[0], source[2], source[1], target[2], target[1])
            links[source, target] = dict(link) | dict(zip(LINK_FIELDS, names, strict=True))
    by_count = sorted(nodes.values(), key=lambda node: (node["step"], -node["count"], node["label"]))
    return {**result, "nodes": by_count, "links": list(links.values())}


COUNTED = ("count", "repeats", *ENDS)


def _drawn(step: int, kind: str, label: str, kept: Mapping[int, set[str]]) -> Place:
    return (step, EVENT, label) if kind == EVENT and label in kept[step] else (step, OTHER, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What is said of a bar, a ribbon or an end, and the number that it opens, if it opens one."""

    verdict: str
    title: str
    opens: Selector | None
    url: str = ""
    picked: bool = False


M = TypeVar("M", bound=Mark)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndMark(Mark):
    end: End


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeMark(Mark):
    """`shares` are both shares of start."""

    node: Node
    shares: str
    ends: tuple[EndMark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RibbonMark(Mark):
    ribbon: Ribbon


@dataclass(frozen=True, slots=True)
class Head:
    x: float
    name: str
    shares: str


@dataclass(frozen=True, slots=True)
class DifferenceView:
    layout: SankeyLayout
    backwards: bool
    heads: tuple[Head, ...]
    nodes: tuple[NodeMark, ...]
    ribbons: tuple[RibbonMark, ...]
    label: str

    @property
    def opened(self) -> set[Selector]:
        """The numbers that it opens."""
        ends = (end for node in self.nodes for end in node.ends)
        return {mark.opens for mark in (*self.nodes, *ends, *self.ribbons) if mark.opens}

    def linked(self, url: Url, picked: Selector | None) -> "DifferenceView":
        """With the addresses of what it opens, and the open number marked."""

        def link(mark: M) -> M:
            return replace(mark, url=url(mark.opens), picked=mark.opens == picked) if mark.opens else mark

        nodes = tuple(replace(link(node), ends=tuple(map(link, node.ends))) for node in self.nodes)
        return replace(self, nodes=nodes, ribbons=tuple(map(link, self.ribbons)))


def difference_view(
    drawn: Drawn,
    compared: Mapping[str, Any],
    *,
    width: float,
    noun: Noun,
    colours: Mapping[str, int],
) -> DifferenceView:
    """`compared` says how the two differ. The picture leads nowhere until it is `linked`."""
    sides, query = _Sides(*map(_Side, drawn.results)), drawn.results[0]["query"]
    backwards = bool(query["end"]) and not query["start"]
    layout = lay_out(sides.mean(), width=width, backwards=backwards, colours=colours)
    marks = _Marks(sides, compared, noun, backwards, max(drawn.kept, default=0))
    return DifferenceView(
        layout=layout,
        backwards=backwards,
        heads=tuple(
            Head(column.x, step_name(column.step, backwards), sides.both_of_start(sides.step(column.step)))
            for column in layout.columns
        ),
        nodes=tuple(map(marks.node, layout.nodes)),
        ribbons=tuple(marks.ribbon(ribbon, layout) for ribbon in layout.ribbons),
        label=f"Difference of two flows, of {noun.of(sides.first.matched)} and {noun.of(sides.second.matched)}",
    )


class _Side:
    def __init__(self, result: Result) -> None:
        self.matched: int = result["units"]["matched"]
        self.nodes = {tuple(node[name] for name in NODE_FIELDS): node for node in result["nodes"]}
        self.links = {tuple(link[name] for name in LINK_FIELDS): link["count"] for link in result["links"]}

    def labels(self, step: int) -> set[str]:
        return {label for at, kind, label in self.nodes if (at, kind) == (step, EVENT)}

    def count(self, place: Place, name: str = "count") -> int:
        return self.nodes[place][name] if place in self.nodes else 0


@dataclass(frozen=True, slots=True)
class _Sides:
    first: _Side
    second: _Side

    @property
    def both(self) -> tuple[_Side, _Side]:
        return self.first, self.second

    def mean(self) -> dict[str, Any]:
        """A result for the layout whose counts are the mean shares of both sides, in parts of WHOLE."""
        places = sorted({place for side in self.both for place in side.nodes})
        nodes = [
            dict(zip(NODE_FIELDS, place, strict=True))
            | {name: self._mean([side.count(place, name) for side in self.both]) for name in COUNTED}
            for place in places
        ]
        links = [
            dict(zip(LINK_FIELDS, key, strict=True))
            | {"count": self._mean([side.links.get(key, 0) for side in self.both])}
            for key in sorted({key for side in self.both for key in side.links})
        ]
        return {"nodes": nodes, "links": links}

    def _mean(self, counts: Sequence[int]) -> int:
        parts = [WHOLE * count / side.matched for count, side in zip(counts, self.both, strict=True) if side.matched]
        mean = sum(parts) / len(parts)
        return max(1, round(mean)) if mean else 0

    def step(self, step: int) -> list[int]:
        return [sum(node["count"] for node in side.nodes.values() if node["step"] == step) for side in self.both]

    def both_of_start(self, counts: Sequence[int]) -> str:
        return both_shares(counts, [side.matched for side in self.both])


def both_shares(counts: Sequence[int], bases: Sequence[int]) -> str:
    """ "10.0 → 40.0 %"."""
    one, two = (share(count, base) for count, base in zip(counts, bases, strict=True))
    return f"{one.removesuffix(f'{NARROW}%')} → {two}"


class _Marks:
    """Says of everything drawn how it differs."""

    def __init__(
        self,
        sides: _Sides,
        compared: Mapping[str, Any],
        noun: Noun,
        backwards: bool,
        steps: int,
    ) -> None:
        self.sides, self.noun, self.backwards = sides, noun, backwards
        self.words = {state: word.lower() for state, word in end_words(steps, backwards).items()}
        fields = {"nodes": NODE_FIELDS, "links": LINK_FIELDS, "ends": (*NODE_FIELDS, "state")}
        self.rows = {
            (kind, *(row[name] for name in names)): row for kind, names in fields.items() for row in compared[kind]
        }

    def node(self, node: Node) -> NodeMark:
        place = (node.step, node.kind, node.key)
        counts = [side.count(place) for side in self.sides.both]
        bases = [side.matched for side in self.sides.both]
        said = self._verdict("nodes", *place, counts=counts)
        selector = Selector(set=NODE, step=node.step, kind=node.kind, label=node.key)
        title = f"{node.label}, {step_name(node.step, self.backwards)}: {self._said(counts, bases, 'start')}"
        return NodeMark(
            verdict=said,
            title=title + _ending(said),
            opens=self._opens(selector, "nodes", *place),
            node=node,
            shares=both_shares(counts, bases),
            ends=tuple(self._ends(node, place, counts)),
        )

    def _ends(self, node: Node, place: Place, bases: Sequence[int]) -> Iterator[EndMark]:
        for end in node.ends:
            counts = [side.count(place, end.state) for side in self.sides.both]
            said = self._verdict("ends", *place, end.state, counts=counts)
            selector = Selector(set=NODE, step=node.step, kind=node.kind, label=node.key, state=end.state)
            title = f"{node.label}, {self.words[end.state]}: {self._said(counts, bases, node.label)}{_ending(said)}"
            opens = self._opens(selector, "ends", *place, end.state)
            yield EndMark(verdict=said, title=title, opens=opens, end=end)

    def ribbon(self, ribbon: Ribbon, layout: SankeyLayout) -> RibbonMark:
        source, target = layout.nodes[ribbon.source], layout.nodes[ribbon.target]
        key = (source.step, source.key, source.kind, target.key, target.kind)
        counts = [side.links.get(key, 0) for side in self.sides.both]
        bases = [side.count((source.step, source.kind, source.key)) for side in self.sides.both]
        said = self._verdict("links", *key, counts=counts)
        selector = link_selector(dict(zip(LINK_FIELDS, key, strict=True)))
        first, second = (target, source) if self.backwards else (source, target)
        title = f"{first.label} → {second.label}: {self._said(counts, bases, source.label)}{_ending(said)}"
        opens = self._opens(selector, "links", *key) if ribbon.titled else None
        return RibbonMark(verdict=said, title=title if ribbon.titled else "", opens=opens, ribbon=ribbon)

    def _verdict(self, kind: str, *place: Any, counts: Sequence[int]) -> str:
        row = self._row(kind, *place)
        return verdict(row) if row and row["counts"] == counts else UNKNOWN

    def _row(self, kind: str, *place: Any) -> Mapping[str, Any] | None:
        return self.rows.get((kind, *place))

    def _opens(self, selector: Selector, kind: str, *place: Any) -> Selector | None:
        """What is a sum of this picture alone opens nothing: no chart has the number."""
        row = self._row(kind, *place)
        opens = row is not None or (kind == "nodes" and selector.step == 0)
        drawn_sum = OTHER in (selector.kind, selector.source_kind, selector.target_kind)
        return selector if opens and not drawn_sum else None

    def _said(self, counts: Sequence[int], bases: Sequence[int], of: str) -> str:
        numbers = " → ".join(figure(count) for count in counts)
        return f"{numbers} {self.noun.many}, {both_shares(counts, bases)} of {of}, {_points(counts, bases)} points"


def _points(counts: Sequence[int], bases: Sequence[int]) -> str:
    return points(counts[1] / bases[1] - counts[0] / bases[0]) if all(bases) else "–"


SAID = {
    MORE: "more, significant",
    FEWER: "fewer, significant",
    SAME: "not significant",
    FEW: "too few to say",
    UNKNOWN: "not compared",
}


def _ending(said: str) -> str:
    return f" ({SAID[said]})"
