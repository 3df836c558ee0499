"""Where everything on the flow chart stands: numbers in, coordinates out.

Columns follow the steps, bars are as high as their counts, ribbons join them, ends leave below the ribbons.
Nothing here draws: `templates/flows/chart/sankey.html` turns a `SankeyLayout` into SVG. Lengths are pixels,
y grows downwards. Read backwards the picture is mirrored, so that time always runs from left to right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from flows.figures import figure, share
from flows.lettering import SURE, cut_middle, printable, text_width
from flows.sankey_places import GAP, SLOT, TOP, Floats, Ties, columns_of, flows_of, order_of, relax, scale_for

# In the order in which they leave a bar, below the onward ribbons.
ENDS = ("converted", "cut", "dropped", "open")
COLOURS = 11  # --cat-1 to --cat-11; --cat-0 is Other

BAR = 9.0
MIN_BAR = 3.0
LEFT = 2.0
HEIGHT = 752.0
ROOM_FOR_BARS = 420.0  # what is left for the heights of bars in a column full of small ones
PITCH = (106.0, 340.0)
STUB = 30.0
LABEL_GAP = 6.0
LAST_LABEL = (84.0, 190.0)
TALL = 34.0  # from here a label stands at the top of its bar, below it is centred on it
END_FIGURE = 30.0
THIN = 2.0  # below it a ribbon is a line
HAIR = 0.6
RIBBONS = 750  # more are not drawn but said in words; the tables hold them all
TITLES = 220
NAME, COUNT = 12.0, 11.0  # sizes of type


@dataclass(frozen=True, slots=True)
class EndFigure:
    """The count of an end, written beside it. `word_y` is None where there is room for one line only."""

    x: float
    y: float
    word_y: float | None


@dataclass(frozen=True, slots=True)
class End:
    state: str
    count: int
    y: float
    height: float
    path: str
    hair: bool  # too thin for a pattern: a dotted line
    figure: EndFigure | None


@dataclass(frozen=True, slots=True)
class Node:
    index: int
    step: int
    kind: str
    key: str  # the label as in the result
    label: str  # the same, fit to be shown
    name: str  # cut to the free width
    count: int
    repeats: int
    colour: int
    x: float
    y: float
    height: float
    text_x: float
    name_y: float
    count_y: float
    has_room: bool  # for one more figure behind count and share
    ends: tuple[End, ...]

    @property
    def is_other(self) -> bool:
        return self.kind == "other"

    @property
    def outline(self) -> str:
        """A path around the bar, a little apart from it."""
        x0, x1, y0, y1 = self.x - 3, self.x + BAR + 3, self.y - 3, self.y + self.height + 3
        return f"M{_n(x0)} {_n(y0)}H{_n(x1)}V{_n(y1)}H{_n(x0)}Z"


@dataclass(frozen=True, slots=True)
class Ribbon:
    """From node to node, as in the result: read backwards, `source` is the later event."""

    source: int
    target: int
    count: int
    colour: int
    path: str
    stroke: float | None  # width of a ribbon that is drawn as a line
    titled: bool


@dataclass(frozen=True, slots=True)
class Column:
    step: int
    x: float
    count: int


@dataclass(frozen=True, slots=True)
class SankeyLayout:
    width: float
    height: float
    backwards: bool
    columns: tuple[Column, ...]
    nodes: tuple[Node, ...]
    ribbons: tuple[Ribbon, ...]
    undrawn: int  # links, the smallest ones
    undrawn_count: int


def colours_by_rank(nodes: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """A colour for every label, the same in all columns: anchors first, then by count over all steps."""
    totals: dict[str, int] = {}
    anchors: dict[str, None] = {}
    for node in nodes:
        if node["kind"] == "event":
            totals[node["label"]] = totals.get(node["label"], 0) + node["count"]
            if node["step"] == 0:
                anchors.setdefault(node["label"])
    rest = sorted(totals.keys() - anchors.keys(), key=lambda label: (-totals[label], label))
    ranked = [*anchors, *rest]
    # From the twelfth on the hues come again; the grey-blue of the anchor is left out.
    return {label: i + 1 if i < COLOURS else 2 + (i - COLOURS) % (COLOURS - 1) for i, label in enumerate(ranked)}


def lay_out(
    result: Mapping[str, Any],
    *,
    width: float = 1080,
    height: float = HEIGHT,
    backwards: bool = False,
    colours: Mapping[str, int] | None = None,
) -> SankeyLayout:
    """Lay out the nodes and links of one flow result.

    `width` is what the page has; with many steps the chart becomes wider, so that every label keeps its room,
    and with many nodes in a column higher than `height`.
    """
    columns = columns_of(result["nodes"])
    if not columns:
        return SankeyLayout(0, 0, backwards, (), (), (), 0, 0)
    flows = flows_of(columns, result["links"])
    order = order_of(columns, flows)
    columns = [[column[i] for i in places] for column, places in zip(columns, order, strict=True)]
    flows = [m[np.ix_(order[s], order[s + 1])] for s, m in enumerate(flows)]

    counts = [np.array([node["count"] for node in column], dtype=float) for column in columns]
    bars = ROOM_FOR_BARS * min(1.0, height / HEIGHT) ** 2
    room = max(height - 2 * TOP, max(map(len, columns)) * SLOT + bars)
    scale = min(scale_for(column, room) for column in counts)
    heights = [np.maximum(column * scale, MIN_BAR) for column in counts]
    slots = [np.maximum(column + GAP, SLOT) for column in heights]
    ties = [Ties(flow, heights[s] / counts[s], heights[s + 1] / counts[s + 1]) for s, flow in enumerate(flows)]
    tops = relax(counts, heights, slots, ties, room)

    frame = _Frame.of(columns, width, sum(node["count"] for node in columns[0]), backwards)
    colours = colours if colours is not None else colours_by_rank(result["nodes"])
    nodes = _nodes(columns, tops, heights, ties, frame, colours)
    ribbons, undrawn = _ribbons(tops, ties, nodes, frame)
    return SankeyLayout(
        width=round(frame.width, 1),
        height=round(room + 2 * TOP, 1),
        backwards=backwards,
        columns=tuple(
            Column(column[0]["step"], frame.x(s), sum(node["count"] for node in column))
            for s, column in enumerate(columns)
        ),
        nodes=tuple(node for column in nodes for node in column),
        ribbons=tuple(ribbons),
        undrawn=len(undrawn),
        undrawn_count=sum(undrawn),
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the columns stand, and how much room names have."""

    width: float
    pitch: float
    last: int
    last_room: float
    backwards: bool

    @classmethod
    def of(cls, columns: list[list[Mapping[str, Any]]], width: float, start: int, backwards: bool) -> "_Frame":
        def line(node: Mapping[str, Any]) -> float:
            return text_width(f"{figure(node['count'])} {share(node['count'], start)}", COUNT) + 5

        last = len(columns) - 1
        figures = max(max(map(line, (column[0], column[-1]))) for column in columns)
        heads = text_width(f"{figure(start)} 100 %", COUNT) + 5
        names = max(text_width(printable(node["label"])[:60], NAME) for node in columns[-1])
        least = max(PITCH[0], BAR + LABEL_GAP + max(figures, heads) + LABEL_GAP)
        # Names behind the last column give way before the page has to scroll.
        spare = (width - LEFT - last * least - BAR - STUB - LABEL_GAP) / SURE
        last_room = max(min(names, LAST_LABEL[1], max(spare, LAST_LABEL[0])), LAST_LABEL[0], figures)
        end = BAR + STUB + LABEL_GAP + SURE * last_room
        pitch = min(max((width - LEFT - end) / max(last, 1), least), max(PITCH[1], least))
        return cls(LEFT + last * pitch + end, pitch, last, last_room, backwards)

    def mirror(self, x: float) -> float:
        return round(self.width - x if self.backwards else x, 1)

    def x(self, column: int) -> float:
        """The edge of a column from which labels and heads are measured."""
        return self.mirror(LEFT + column * self.pitch)

    def label_room(self, column: int) -> float:
        return self.last_room if column == self.last else (self.pitch - BAR - 2 * LABEL_GAP) / SURE


def _nodes(
    columns: list[list[Mapping[str, Any]]],
    tops: list[Floats],
    heights: list[Floats],
    ties: list[Ties],
    frame: _Frame,
    colours: Mapping[str, int],
) -> list[list[Node]]:
    nodes: list[list[Node]] = []
    index = 0
    for s, column in enumerate(columns):
        left = LEFT + s * frame.pitch
        room = frame.label_room(s)
        text_x = left + BAR + LABEL_GAP + (STUB if s == frame.last else 0)
        onward = ties[s].thick_out.sum(axis=1) if s < len(ties) else np.zeros(len(column))
        placed = []
        for node, top, height, gone in zip(column, tops[s].tolist(), heights[s].tolist(), onward.tolist(), strict=True):
            name_y = top + 13 if height >= TALL else top + height / 2 - 2.5
            other = node["kind"] == "other"
            label = "Other" if other else printable(node["label"])
            placed.append(
                Node(
                    index=index,
                    step=node["step"],
                    kind=node["kind"],
                    key=node["label"],
                    label=label,
                    name=cut_middle(label, room, NAME),
                    count=node["count"],
                    repeats=node.get("repeats", 0),
                    colour=0 if other else colours.get(node["label"], 0),
                    x=frame.mirror(left + BAR) if frame.backwards else round(left, 1),
                    y=round(top, 1),
                    height=round(height, 1),
                    text_x=frame.mirror(text_x),
                    name_y=round(name_y, 1),
                    count_y=round(name_y + 13.5, 1),
                    has_room=_has_room(node, room),
                    ends=_ends(node, top, height, gone, left + BAR, frame, s == frame.last),
                )
            )
            index += 1
        nodes.append(placed)
    return nodes


def _has_room(node: Mapping[str, Any], room: float) -> bool:
    figures = f"{figure(node['count'])} 99.9 % ↻ {figure(node.get('repeats', 0))}"
    return text_width(figures, COUNT) + 12 < room


def _ends(
    node: Mapping[str, Any], top: float, height: float, gone: float, x: float, frame: _Frame, last: bool
) -> tuple[End, ...]:
    """The ends of one bar from top to bottom; with the onward ribbons they add up to its height."""
    ends = []
    y = top + gone
    labelled_to = top + 31 if height >= TALL else top + height
    for state in ENDS:
        count = node[state]
        if not count:
            continue
        high = height * count / node["count"]
        text = None
        whole_bar = state == "cut" and count == node["count"]
        free = y + high - max(y, labelled_to)
        if high > END_FIGURE and free >= 14 and not whole_bar:
            text_x = frame.mirror(x + STUB + (LABEL_GAP if last else 3))
            middle = (max(y, labelled_to) + y + high) / 2
            two = free >= 28
            first = round(middle - 2 if two else middle + 4, 1)
            text = EndFigure(text_x, first, round(first + 13, 1) if two else None)
        hair = state == "open" and high < 3
        ends.append(
            End(
                state=state,
                count=count,
                y=round(y, 1),
                height=round(high, 1),
                path=_end_path(state, x, y, high, frame, hair),
                hair=hair,
                figure=text,
            )
        )
        y += high
    return tuple(ends)


def _end_path(state: str, x: float, y: float, high: float, frame: _Frame, hair: bool) -> str:
    if hair:
        return f"M{frame.mirror(x)} {_n(y + high / 2)}H{frame.mirror(x + STUB)}"
    if state == "cut":
        parts = ((0.0, 13.0), (15.0, 6.0), (23.5, 3.0))
        return "".join(_box(frame.mirror(x + at), frame.mirror(x + at + wide), y, high) for at, wide in parts)
    if state == "converted":
        # A pennant: it points onward, out of the chart.
        shoulder, tip = frame.mirror(x + STUB - 9), frame.mirror(x + STUB - 2)
        start, low = frame.mirror(x), _n(y + high)
        return f"M{start} {_n(y)}H{shoulder}L{tip} {_n(y + high / 2)}L{shoulder} {low}H{start}Z"
    return _box(frame.mirror(x), frame.mirror(x + STUB - 2), y, high)


def _box(x0: float, x1: float, y: float, high: float) -> str:
    return f"M{_n(x0)} {_n(y)}H{_n(x1)}V{_n(y + max(high, 0.6))}H{_n(x0)}Z"


def _ribbons(
    tops: list[Floats], ties: list[Ties], nodes: list[list[Node]], frame: _Frame
) -> tuple[list[Ribbon], list[int]]:
    """All ribbons, the broadest first so that the fine ones lie on top, and the counts of those left out."""
    found = [
        (count, s, i, j)
        for s, tie in enumerate(ties)
        for i, row in enumerate(tie.flow.tolist())
        for j, count in enumerate(row)
        if count
    ]
    found.sort(key=lambda item: (-item[0], item[1:]))
    outs = [(tops[s][:, None] + tie.at_out).tolist() for s, tie in enumerate(ties)]
    ins = [(tops[s + 1][None, :] + tie.at_in).tolist() for s, tie in enumerate(ties)]
    thick = [(tie.thick_out.tolist(), tie.thick_in.tolist()) for tie in ties]
    xs = []
    for s in range(len(ties)):
        left, right = LEFT + s * frame.pitch + BAR, LEFT + (s + 1) * frame.pitch
        xs.append((_n(frame.mirror(left)), _n(frame.mirror((left + right) / 2)), _n(frame.mirror(right))))
    ribbons = []
    for rank, (count, s, i, j) in enumerate(found[:RIBBONS]):
        x0, middle, x1 = xs[s]
        y0, out = outs[s][i][j], thick[s][0][i][j]
        y1, into = ins[s][i][j], thick[s][1][i][j]
        stroke = None
        if out < THIN and into < THIN:
            stroke = max(HAIR, round((out + into) / 2, 1))
            a, b = _n(y0 + out / 2), _n(y1 + into / 2)
            path = f"M{x0} {a}C{middle} {a} {middle} {b} {x1} {b}"
        else:
            a, b, c, d = _n(y0), _n(y1), _n(y1 + into), _n(y0 + out)
            path = f"M{x0} {a}C{middle} {a} {middle} {b} {x1} {b}V{c}C{middle} {c} {middle} {d} {x0} {d}Z"
        source, target = nodes[s][i], nodes[s + 1][j]
        colour = (target if frame.backwards else source).colour
        ribbons.append(Ribbon(source.index, target.index, int(count), colour, path, stroke, rank < TITLES))
    return ribbons, [int(item[0]) for item in found[RIBBONS:]]


def _n(value: float) -> str:
    """A coordinate as short as it goes: 12.0 → "12"."""
    return f"{value:.1f}".removesuffix(".0")
