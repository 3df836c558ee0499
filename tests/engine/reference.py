"""A slow, obvious implementation of the flow semantics in plain Python: the judge of the kernels.

It shares nothing with the engine but the field names of the question. Where the definitions leave room,
this is the reading:

- A path is a walk over *items*: runs of equal labels (``consecutive``), cycles of two (``cycles``) or
  single events (``none``). Collapsing comes before anchor and window, so a run that begins inside the
  window is one item with all its events, and a repeat of the last step is no further event.
- ``cycles`` first makes runs, then, from the earliest event on, folds every A B A B … (at least two full
  rounds, as many as there are) into one item "A⇄B"; a last odd A stands alone. Its repeats are the rounds
  after the first. An event that is an anchor of the question always stands as itself and never inside a
  cycle, and a cycle is never an anchor, even if an event bears its name. A cycle holds both its events for
  ``exclude``.
- Items are made in calendar order, whatever the direction: the time of an item is that of its earliest
  event. Reading backwards is reading the mirrored items (order reversed, times negated) forwards, against
  the mirrored start of the data; only ``first`` and ``last`` keep the calendar.
- ``sessions``: collapse happens inside the session; neither ``within`` nor ``max_gap`` closes the window,
  only the session.
- ``between``: an end anchor behind the last step is looked for along the same chain of windows. The event
  that makes a path converted has been used by it, so the next journey starts behind it.
- ``only`` shows anchors and the listed events; ``hide`` then removes; an excluded event that is not visible
  excludes nothing.
- Excluded paths are not in ``matched``. ``eligible`` counts sessions for ``sessions`` and people otherwise;
  ``matched`` counts people, sessions or journeys.
- ``distinct_paths`` counts label sequences; the rows of ``paths`` are sequences with their end, by (−count,
  labels, end).
- ``people`` looks at the events in range under their recorded names, before anything else; who is out is not
  eligible, and has no ties. Its conditions on properties say which events are meant. Rules then make labels of the
  names, and every other option speaks of labels.
- What a condition on a property says of a value is in ``tests.engine.reference_values``.
- ``where`` removes events behind the cut into sessions: a session keeps its bounds and the time of its last event
  whatever is removed, and a person or session of whom nothing is left is not eligible. Ties are counted before.
- A start (end) event that fails ``start_where`` (``end_where``) is a visible event like others, also for ``only``.
  Neighbours with the same label of which one is an anchor and one is not are two items.
- ``expand``: the label is ``name: value`` with the value as text, before rules; the name alone without a value. In
  lists of labels the name stands for every label that any event of that name has, be it in range or not.
- ``session_by`` id: a session is all events of a person in range with the same id, in order of (time, arrival); the
  events without an id are cut by the gap among themselves.
- ``ties`` are the events in range that share person and time with an earlier event in range.
- Median and p90 are observed times: the smallest one that half (nine tenths) of all do not exceed.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from tests.engine.reference_values import meets, text_of


class Event(NamedTuple):
    time: int
    name: str
    properties: dict
    session: str | None


@dataclass
class Item:
    label: str
    time: int
    anchor: bool
    target: bool
    excluded: bool
    repeats: int = 0

    @property
    def kind(self):
        return self.label, self.anchor, self.target


@dataclass
class Path:
    items: list
    end: str
    converted: bool
    excluded: bool
    used: int  # position of the first item that the path has not used
    person: int = 0


@dataclass
class Tally:
    eligible: int = 0
    ties: int = 0
    paths: list = field(default_factory=list)


def histories(segments):
    """Segments of (person, name, time[, properties[, session]]), in order of arrival → person → events by (time,
    arrival)."""
    people = defaultdict(list)
    for rows in segments:
        for person, name, time, *more in rows:
            properties, session = [*more, *({}, None)[len(more) :]]
            people[person].append(Event(time, name, properties, session or None))
    return {person: sorted(events, key=lambda event: event.time) for person, events in people.items()}


def is_looked_at(person, events, query, cohorts):
    for condition in query.people:
        times = sum(event.name == condition.event and meets(event, condition.where) for event in events)
        holds = {
            "did": condition.at_least <= times <= condition.at_most,
            "did_not": times == 0,
            "in_cohort": person in cohorts.get(condition.cohort, ()),
            "not_in_cohort": person not in cohorts.get(condition.cohort, ()),
        }
        if not holds[condition.kind]:
            return False
    return True


def cleaned(name, query):
    for rule in query.rules:
        if rule.match == "wildcard":
            matches = re.fullmatch(".*".join(map(re.escape, rule.pattern.split("*"))), name, re.DOTALL)
        else:
            matches = re.search(rule.pattern, name)
        if matches:
            return rule.label
    return name


def label_of(event, query):
    value = event.properties.get(dict(query.expand).get(event.name))
    return cleaned(event.name if value is None else f"{event.name}: {text_of(value)}", query)


class Lists:
    """The lists of a question as labels: the name of an expanded event stands for all labels that its events have."""

    def __init__(self, segments, query):
        families = defaultdict(set)
        for events in histories(segments).values():
            for event in events:
                if event.name in dict(query.expand):
                    families[event.name].add(label_of(event, query))
        for option in ("start", "end", "only", "hide", "exclude"):
            names = getattr(query, option)
            setattr(self, option, set(names).union(*(families[name] for name in names)))


def sessions_of(events, gap):
    found = []
    for event in events:
        if found and event[0] - found[-1][-1][0] <= gap:
            found[-1].append(event)
        else:
            found.append([event])
    return found


def sessions_by_id(events, gap):
    found = defaultdict(list)
    for event in events:
        found[event.session].append(event)
    alone = sessions_of(found.pop(None, []), gap)
    return sorted([*found.values(), *alone], key=lambda session: min(events.index(event) for event in session))


def units_of(events, query):
    if query.count != "sessions":
        return [events]
    return (sessions_by_id if query.session_by == "id" else sessions_of)(events, query.session_gap)


def item_of(event, query, lists):
    """The item of one event; None if it is not visible."""
    label = label_of(event, query)
    named = label in lists.start | lists.end
    if label in lists.hide or (query.only and not named and label not in lists.only):
        return None
    starts = label in lists.start and meets(event, query.start_where)
    ends = label in lists.end and meets(event, query.end_where)
    anchor, target = (starts, ends) if query.start else (ends, False)
    return Item(label, event.time, anchor, target, label in lists.exclude)


def collapse(events, query, lists):
    items = [item for event in events if (item := item_of(event, query, lists)) is not None]
    if query.collapse == "none":
        return items
    runs = []
    for item in items:
        if runs and runs[-1].kind == item.kind:
            runs[-1].repeats += 1
        else:
            runs.append(item)
    if query.collapse == "consecutive":
        return runs
    folded = []
    i = 0
    while i < len(runs):
        length = 1
        if i + 1 < len(runs) and not any(run.anchor or run.target for run in runs[i : i + 2]):
            length = 2
            while i + length < len(runs) and runs[i + length].kind == runs[i + length - 2].kind:
                length += 1
        rounds = length // 2
        if rounds >= 2:
            first, second = runs[i], runs[i + 1]
            excluded = first.excluded or second.excluded
            folded.append(Item(f"{first.label}⇄{second.label}", first.time, False, False, excluded, rounds - 1))
            i += 2 * rounds
        else:
            folded.append(runs[i])
            i += 1
    return folded


def walk(items, at, query, window_over, data_end):
    """The path that starts at items[at]. window_over is None where within and max_gap close the window."""
    anchor = items[at]
    steps = [anchor]
    converted = False
    beyond = False
    used = at + 1
    i = at + 1
    current = anchor
    while True:
        limit = anchor.time + query.within
        if query.max_gap is not None:
            limit = min(limit, current.time + query.max_gap)
        over = limit <= data_end if window_over is None else window_over
        inside = i < len(items) and (window_over is not None or items[i].time <= limit)
        if not inside:
            break
        current = items[i]
        i += 1
        if len(steps) <= query.steps:
            steps.append(current)
            used = i
        else:
            beyond = True
        if current.target:
            converted = True
            used = i
            break
        if beyond and not query.between:
            break
    if beyond:
        end = "cut"
    elif converted:
        end = "converted"
    else:
        end = "dropped" if over else "open"
    excluded = any(item.excluded for item in steps)
    return Path(steps, end, converted, excluded, used)


def paths_of_unit(events, query, lists, window_over, data_end, every, last):
    items = collapse(events, query, lists)
    if not query.start:
        items = [replace(item, time=-item.time) for item in reversed(items)]
    starts = [i for i, item in enumerate(items) if item.anchor]
    if not starts:
        return []
    if not every:
        return [walk(items, starts[-1] if last else starts[0], query, window_over, data_end)]
    found = []
    position = 0
    for start in starts:
        if start >= position:
            found.append(walk(items, start, query, window_over, data_end))
            position = found[-1].used
    return found


def tally(segments, query, data_from, data_through, cohorts=None):
    backwards = not query.start
    if backwards:
        data_end = -max(data_from, data_from if query.range_from is None else query.range_from)
    else:
        data_end = min(data_through, data_through if query.range_to is None else query.range_to)
    last = (query.occurrence == "last") != backwards
    result = Tally()
    lists = Lists(segments, query)
    for person, events in histories(segments).items():
        events = [
            event
            for event in events
            if (query.range_from is None or event.time >= query.range_from)
            and (query.range_to is None or event.time < query.range_to)
        ]
        if not events or not is_looked_at(person, events, query, cohorts or {}):
            continue
        result.ties += sum(a.time == b.time for a, b in pairwise(events))
        for unit in units_of(events, query):
            left = [event for event in unit if meets(event, query.where)]
            result.eligible += bool(left)
            edge = -unit[0].time if backwards else unit[-1].time
            window_over = edge + query.session_gap <= data_end if query.count == "sessions" else None
            found = paths_of_unit(left, query, lists, window_over, data_end, query.count == "journeys", last)
            result.paths += [replace(path, person=person) for path in found]
    return result


def quantile(values, share):
    """The smallest value that at least this share of all values does not exceed; share in tenths."""
    return sorted(values)[(len(values) * share + 9) // 10 - 1]


def bucketed(paths, query):
    """Per step: label → (kind, label) of its node."""
    kept = []
    for step in range(query.steps + 1):
        counts = Counter(path.items[step].label for path in paths if len(path.items) > step)
        ranked = sorted(counts, key=lambda label: (-counts[label], label))
        kept.append(set(ranked) if step == 0 else set(ranked[: query.top_at(step)]))
    return lambda step, label: ("event", label) if label in kept[step] else ("other", "")


def reference_flow(segments, query, data_from, data_through, cohorts=None, found=None):
    """The numbers of the result: units, nodes, links, paths, distinct_paths, ties.

    segments: lists of (person, name, time in µs[, properties[, session]]), earlier arrivals first, rows in order of
    arrival. found: the tally of the same question, if it has been made.
    """
    found = found or tally(segments, query, data_from, data_through, cohorts)
    paths = [path for path in found.paths if not path.excluded]
    node_of = bucketed(paths, query)
    nodes = defaultdict(lambda: dict.fromkeys(("count", "repeats", "converted", "cut", "dropped", "open"), 0))
    links = defaultdict(list)
    whole = Counter()
    for path in paths:
        at = [node_of(step, item.label) for step, item in enumerate(path.items)]
        for step, item in enumerate(path.items):
            nodes[step, at[step]]["count"] += 1
            nodes[step, at[step]]["repeats"] += item.repeats
            if step:
                links[step - 1, at[step - 1], at[step]].append(item.time - path.items[step - 1].time)
        nodes[len(path.items) - 1, at[-1]][path.end] += 1
        whole[tuple(item.label for item in path.items), path.end] += 1
    node_rows = [{"step": step, "kind": kind, "label": label, **row} for (step, (kind, label)), row in nodes.items()]
    link_rows = [
        {
            "step": step,
            "source": source,
            "source_kind": source_kind,
            "target": target,
            "target_kind": target_kind,
            "count": len(times),
            "median_seconds": quantile(times, 5) / 1e6,
            "p90_seconds": quantile(times, 9) / 1e6,
        }
        for (step, (source_kind, source), (target_kind, target)), times in links.items()
    ]
    path_rows = [{"labels": list(labels), "count": count, "end": end} for (labels, end), count in whole.items()]
    return {
        "units": {
            "eligible": found.eligible,
            "matched": len(paths),
            "converted": sum(path.converted for path in paths),
        },
        "nodes": sorted(node_rows, key=lambda row: (row["step"], -row["count"], row["label"], row["kind"])),
        "links": sorted(link_rows, key=link_order),
        "paths": sorted(path_rows, key=lambda row: (-row["count"], row["labels"], row["end"]))[: query.paths],
        "distinct_paths": len({labels for labels, _ in whole}),
        "ties": found.ties,
    }


def link_order(row):
    return (row["step"], -row["count"], row["source"], row["target"], row["source_kind"], row["target_kind"])


def reference_members(segments, query, data_from, data_through, cohorts=None, found=None):
    """A function from a selector to the set behind a number: [(person, anchor time, labels, state)], newest first.

    Paths of one person with equal anchor times stay in the order in which they were found.
    """
    found = found or tally(segments, query, data_from, data_through, cohorts)
    paths = [path for path in found.paths if not path.excluded]
    node_of = bucketed(paths, query)

    def stands_at(path, step, kind, label):
        if len(path.items) <= step:
            return False
        own = path.items[step].label
        return own == label if kind == "event" else node_of(step, own)[0] == "other"

    def belongs(path, selector):
        if selector.set == "converted":
            return path.converted
        if selector.set == "link":
            source = stands_at(path, selector.step, selector.source_kind, selector.source)
            return source and stands_at(path, selector.step + 1, selector.target_kind, selector.target)
        if selector.state is not None and path.end != selector.state:
            return False
        if selector.set == "path":
            return tuple(item.label for item in path.items) == selector.path
        if selector.set == "node":
            ends_here = selector.state is None or len(path.items) == selector.step + 1
            return ends_here and stands_at(path, selector.step, selector.kind, selector.label)
        return True

    def members(selector):
        rows = [
            (path.person, abs_time(path.items[0]), tuple(item.label for item in path.items), path.end)
            for path in paths
            if belongs(path, selector)
        ]
        return sorted(rows, key=lambda row: (-row[1], row[0]))

    def abs_time(item):
        return item.time if query.start else -item.time

    return members
