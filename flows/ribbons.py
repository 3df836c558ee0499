"""The ribbons of a flow chart as SVG. There are hundreds, so their text is put together here and not by a template.

A ribbon carries what `<jm-flow-chart>` needs to say and to open it: data-l (the places of its nodes in the result,
"0-14"), data-c (its count) and data-t (median and ninth decile of its time, "34 s|2 min 51 s").
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from flows.chart_tables import Url
from flows.engine.selector import LINK, NODE, Selector
from flows.figures import duration, share
from flows.sankey import HAIR, Node, Ribbon, SankeyLayout

# A node as results name it: step, kind, label.
NodeKey = tuple[int, str, str]
LinkKey = tuple[int, str, str, str, str]


def key_of(node: Node) -> NodeKey:
    return node.step, node.kind, node.key


def ribbons_svg(
    result: Mapping[str, Any],
    layout: SankeyLayout,
    places: Mapping[NodeKey, int],
    *,
    said: Callable[[int], str],
    url: Url | None,
    picked: Selector | None,
) -> SafeString:
    """The ribbons of a picture, the broadest first.

    Without `url` they are left to the script. With it the broader ones are links where it gives an address, and say in
    a title what they are; `said` writes a count with its noun. What is `picked`, or touches it, stands out.
    """
    times = {
        (link["step"], link["source_kind"], link["source"], link["target_kind"], link["target"]): (
            f"{duration(link['median_seconds'])}|{duration(link['p90_seconds'])}"
        )
        for link in result["links"]
        if link.get("median_seconds") is not None
    }
    on = _standing_out(picked)
    parts = []
    for ribbon in layout.ribbons:
        source, target = layout.nodes[ribbon.source], layout.nodes[ribbon.target]
        link = (source.step, source.kind, source.key, target.kind, target.key)
        look = f"{'f-line' if ribbon.stroke else 'f-rib'} c{ribbon.colour}{' f-on' if on(source, target) else ''}"
        ends = f"{places[key_of(source)]}-{places[key_of(target)]}"
        spent = times.get(link, "") if ribbon.titled else ""
        time = f' data-t="{spent}"' if spent and not url else ""
        stroke = f' stroke-width="{ribbon.stroke}"' if ribbon.stroke and ribbon.stroke > HAIR else ""
        opened = " data-picked" if not url and picked and picked.set == LINK and on(source, target) else ""
        shape = f'class="{look}" data-l="{ends}" data-c="{ribbon.count}"{time}{opened}{stroke} d="{ribbon.path}"'
        if not url or not ribbon.titled:
            parts.append(f"<path {shape}/>\n")
            continue
        title = _title(ribbon, source, target, layout.backwards, said(ribbon.count), spent)
        path = f"<path {shape}><title>{escape(title)}</title></path>"
        address = url(_selector(link))
        parts.append(f'<a href="{escape(address)}" tabindex="-1">{path}</a>\n' if address else f"{path}\n")
    return mark_safe("".join(parts))  # numbers and paths of ours; titles and addresses are escaped


def _selector(link: LinkKey) -> Selector:
    step, source_kind, source, target_kind, target = link
    return Selector(set=LINK, step=step, source=source, source_kind=source_kind, target=target, target_kind=target_kind)


def _standing_out(picked: Selector | None) -> Callable[[Node, Node], bool]:
    if picked is None or picked.set not in (NODE, LINK):
        return lambda source, target: False
    if picked.set == LINK:
        ends = (picked.step, picked.source_kind, picked.source), (picked.target_kind, picked.target)
        return lambda source, target: (key_of(source), key_of(target)[1:]) == ends
    node = picked.step, picked.kind, picked.label
    # Who ended at a bar came there, but went no further.
    comes_only = bool(picked.state)
    return lambda source, target: node == key_of(target) or (not comes_only and node == key_of(source))


def _title(ribbon: Ribbon, source: Node, target: Node, backwards: bool, count: str, spent: str) -> str:
    first, second = (target, source) if backwards else (source, target)
    title = f"{first.label} → {second.label}: {count}, {share(ribbon.count, source.count)} of {source.label}"
    if spent:
        median, most = spent.split("|")
        title += f", median {median}, 90 % within {most}"
    return title
