"""Results to draw, made from whole paths, so that they add up by construction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Path = tuple[tuple[str, ...], str]


def result_of(paths: Mapping[Path, int] | Sequence[Path], *, top: int = 50, **query: Any) -> dict[str, Any]:
    """The result of these paths (labels, end): the `top` labels of a step by count, the rest as Other."""
    counts = Counter(paths)
    sizes: Counter[tuple[int, str]] = Counter()
    for (labels, _), count in counts.items():
        for step, label in enumerate(labels):
            sizes[step, label] += count
    kept: dict[int, set[str]] = {}
    for (step, label), _ in sorted(sizes.items(), key=lambda item: (item[0][0], -item[1], item[0][1])):
        names = kept.setdefault(step, set())
        if step == 0 or len(names) < top:
            names.add(label)
    nodes: dict[tuple[int, str, str], dict[str, Any]] = {}
    links: Counter[tuple[int, str, str, str, str]] = Counter()
    for (labels, end), count in counts.items():
        keys = [("event", label) if label in kept[step] else ("other", "") for step, label in enumerate(labels)]
        for step, (kind, label) in enumerate(keys):
            node = nodes.setdefault(
                (step, kind, label),
                {"step": step, "kind": kind, "label": label, "count": 0, "repeats": 0}
                | dict.fromkeys(("converted", "cut", "dropped", "open"), 0),
            )
            node["count"] += count
            if step == len(keys) - 1:
                node[end] += count
            else:
                links[step, *keys[step], *keys[step + 1]] += count
    return {
        "query": {"start": ["a"], "end": [], "count": "users"} | query,
        "nodes": sorted(nodes.values(), key=lambda n: (n["step"], -n["count"], n["label"])),
        "links": [
            {
                "step": step,
                "source": source,
                "source_kind": source_kind,
                "target": target,
                "target_kind": target_kind,
                "count": count,
                "median_seconds": 12.1,
                "p90_seconds": 80.0,
            }
            for (step, source_kind, source, target_kind, target), count in sorted(
                links.items(), key=lambda item: (item[0][0], -item[1])
            )
        ],
        "distinct_paths": len(counts),
    }


SHOP: dict[Path, int] = {
    (("signup", "search", "checkout"), "cut"): 500,
    (("signup", "search"), "dropped"): 300,
    (("signup", "help"), "open"): 150,
    (("signup",), "dropped"): 49,
    (("signup", "odd"), "dropped"): 1,
}
