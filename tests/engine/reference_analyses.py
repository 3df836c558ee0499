"""Slow, obvious implementations of the analyses beside the flow: the judges of their kernels.

They share nothing with the engine but the field names of the questions. Where the definitions leave room, this is the
reading:

- Events outside the range do not exist. ``people`` leaves whole histories out, by what is in range; sessions are cut;
  ``where`` then removes events, and who has none left is not eligible; then some are hidden, and runs of equal
  neighbours are one item (``consecutive``), whose time is that of its first event.
- Funnel, ``eventual``: the attempt begins at the first (last) item of step 0. The next step is the first item behind it
  that belongs to that step, unless the window closes before, or an item comes before that is excluded there.
- Funnel, ``strict``: the paths of the flow (``tests.engine.reference``) compared with the chain, label by label.
- Breakdown: an attempt belongs to the value of the first event of its first item. The most frequent values (ties by
  text) are groups of their own, all others are one, and so are the attempts without a value.
- Matrix: every pair of neighbouring items. Other is formed from complete counts.
- Retention: the period of the first event of ``first`` is the cohort; every event of ``back`` behind it is a return.
- Timeline: events by bucket; a person counts once for a label and bucket, and once for a label over the whole time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

from tests.engine.reference import histories, is_looked_at, quantile, sessions_of, tally
from tests.engine.reference_values import meets, text_of

STATES = ("completed", "converted", "diverted", "excluded", "dropped", "open")


def looked_at(segments, query, since, until, cohorts):
    """Person → events in range, of those whom the question is about."""
    for person, events in histories(segments).items():
        events = [e for e in events if (since is None or e.time >= since) and (until is None or e.time < until)]
        if events and is_looked_at(person, events, query, cohorts or {}):
            yield person, events


def items_of(events, hidden, collapse):
    """[label, time of the first event, repeats, first event]"""
    items = []
    for event in events:
        if hidden(event.name):
            continue
        if collapse == "consecutive" and items and items[-1][0] == event.name:
            items[-1][2] += 1
        else:
            items.append([event.name, event.time, 0, event])
    return items


def units_of(segments, query, cohorts):
    """(person, events that are left, time of the last event of any kind) of people or sessions; and the ties."""
    units, ties = [], 0
    for person, events in looked_at(segments, query, query.range_from, query.range_to, cohorts):
        ties += sum(a.time == b.time for a, b in pairwise(events))
        for unit in sessions_of(events, query.session_gap) if query.count == "sessions" else [events]:
            left = [event for event in unit if meets(event, query.where)]
            if left:
                units.append((person, left, unit[-1].time))
    return units, ties


def funnel_rows(steps, reached, states, times):
    """reached, states: one an attempt, the last step and what became of it; times: step → list."""
    rows = []
    for k in range(len(steps)):
        ends = Counter(state for last, state in zip(reached, states, strict=True) if last == k)
        rows.append(
            {
                "step": k,
                "events": sorted(steps[k]),
                "count": sum(last >= k for last in reached),
                "continued": sum(last > k for last in reached),
                **{state: ends[state] for state in STATES},
                "median_seconds": quantile(times[k], 5) / 1e6 if times[k] else None,
                "p90_seconds": quantile(times[k], 9) / 1e6 if times[k] else None,
            }
        )
    return rows


def eventual_attempts(segments, query, data_through, cohorts):
    """Attempts as dicts: person, reached, state, times (step → µs since the step before), value; eligible; ties."""
    named = {e for step in query.steps for e in step} | {e for x in query.exclusions for e in x.events}
    data_end = data_through if query.range_to is None else min(data_through, query.range_to)
    units, ties = units_of(segments, query, cohorts)
    attempts = []
    for person, unit, last in units:
        items = items_of(
            unit,
            lambda name: name in query.hide or (query.only and name not in query.only and name not in named),
            query.collapse,
        )
        anchors = [i for i, item in enumerate(items) if item[0] in query.steps[0]]
        if not anchors:
            continue
        at = anchors[-1] if query.occurrence == "last" else anchors[0]
        value = items[at][3].properties.get(query.breakdown)
        step, state, start, times = 0, None, items[at][1], {}
        while state is None:
            if step == len(query.steps) - 1:
                state = "completed"
                break
            if query.count == "sessions":
                limit, over = None, last + query.session_gap <= data_end
            else:
                limit = start + query.within
                if query.max_gap is not None:
                    limit = min(limit, items[at][1] + query.max_gap)
                over = limit <= data_end
            excluded = {e for x in query.exclusions if x.after <= step < x.before for e in x.events}
            state = "dropped" if over else "open"
            for i in range(at + 1, len(items)):
                name, time = items[i][:2]
                if limit is not None and time > limit:
                    break
                if name in query.steps[step + 1]:
                    times[step + 1] = time - items[at][1]
                    at, step, state = i, step + 1, None
                    break
                if name in excluded:
                    state = "excluded"
                    break
        value = None if value is None else text_of(value)
        attempts.append(
            {"person": person, "began": start, "reached": step, "state": state, "times": times, "value": value}
        )
    return attempts, len(units), ties


def rows_of_attempts(query, attempts):
    times = defaultdict(list)
    for attempt in attempts:
        for step, time in attempt["times"].items():
            times[step].append(time)
    return funnel_rows(query.steps, [a["reached"] for a in attempts], [a["state"] for a in attempts], times)


def reference_eventual(segments, query, data_through, cohorts=None):
    attempts, eligible, ties = eventual_attempts(segments, query, data_through, cohorts)
    completed = sum(attempt["state"] == "completed" for attempt in attempts)
    found = {
        "units": {"eligible": eligible, "matched": len(attempts), "completed": completed},
        "steps": rows_of_attempts(query, attempts),
        "ties": ties,
    }
    if query.breakdown is not None:
        rows = [
            {"kind": kind, "value": value, "steps": rows_of_attempts(query, group)}
            for (kind, value), group in grouped(query, attempts).items()
        ]
        found["breakdown"] = sorted(rows, key=lambda row: (-row["steps"][0]["count"], row["kind"], row["value"]))
    return found


def grouped(query, attempts):
    """(kind, value) → the attempts of that group of the breakdown."""
    node_of = top_labels(Counter(a["value"] for a in attempts if a["value"] is not None), query.top)
    groups = defaultdict(list)
    for attempt in attempts:
        kind, value = node_of(attempt["value"]) if attempt["value"] is not None else ("none", "")
        groups[kind.replace("event", "value"), value].append(attempt)
    return groups


def reference_chain(segments, query, chain, data_from, data_through, cohorts=None):
    found = tally(segments, query, data_from, data_through, cohorts)
    paths = [path for path in found.paths if not path.excluded]
    reached, states, times = [], [], defaultdict(list)
    for path in paths:
        length = 0
        for item, wanted in zip(path.items, chain, strict=False):
            if item.label not in wanted:
                break
            length += 1
        for k in range(1, length):
            times[k].append(path.items[k].time - path.items[k - 1].time)
        if length:
            reached.append(length - 1)
            whole = length == len(chain)
            states.append("completed" if whole else path.end if length == len(path.items) else "diverted")
    return {
        "units": {"eligible": found.eligible, "matched": len(paths), "completed": states.count("completed")},
        "steps": funnel_rows(chain, reached, states, times),
        "ties": found.ties,
    }


def top_labels(counts, top):
    """label → (kind, label) of its node."""
    kept = set(sorted(counts, key=lambda label: (-counts[label], label))[:top])
    return lambda label: ("event", label) if label in kept else ("other", "")


def reference_matrix(segments, query, cohorts=None):
    units, ties = units_of(segments, query, cohorts)
    found = [
        items
        for _, unit, _ in units
        if (
            items := items_of(
                unit, lambda name: name in query.hide or (query.only and name not in query.only), query.collapse
            )
        )
    ]
    node_of = top_labels(Counter(item[0] for items in found for item in items), query.top)
    labels = defaultdict(lambda: dict.fromkeys(("count", "repeats", "entries", "exits"), 0))
    cells = Counter()
    for items in found:
        for label, _, repeats, _ in items:
            labels[node_of(label)]["count"] += 1
            labels[node_of(label)]["repeats"] += repeats
        labels[node_of(items[0][0])]["entries"] += 1
        labels[node_of(items[-1][0])]["exits"] += 1
        for one, two in pairwise(items):
            cells[node_of(one[0]), node_of(two[0])] += 1
    label_rows = [{"kind": kind, "label": label, **row} for (kind, label), row in labels.items()]
    cell_rows = [
        {"source": source, "source_kind": source_kind, "target": target, "target_kind": target_kind, "count": count}
        for ((source_kind, source), (target_kind, target)), count in cells.items()
    ]
    return {
        "units": {"eligible": len(units), "matched": len(found)},
        "labels": sorted(label_rows, key=lambda row: (-row["count"], row["label"], row["kind"])),
        "cells": sorted(
            cell_rows,
            key=lambda row: (-row["count"], row["source"], row["target"], row["source_kind"], row["target_kind"]),
        ),
        "transitions": cells.total(),
        "ties": ties,
    }


def period_of(time, edges):
    return max(k for k in range(len(edges) - 1) if edges[k] <= time)


def bounds_of(query):
    since = query.edges[0] if query.range_from is None else query.range_from
    return since, query.edges[-1] if query.range_to is None else query.range_to


def beginners(segments, query, cohorts=None):
    """Of each person who begins: the person, the period, the times of all returns."""
    for person, events in looked_at(segments, query, *bounds_of(query), cohorts):
        events = [event for event in events if meets(event, query.where)]
        begins = [i for i, event in enumerate(events) if event.name in query.first]
        if begins:
            cohort = period_of(events[begins[0]].time, query.edges)
            back = [e.time for e in events[begins[0] + 1 :] if not query.back or e.name in query.back]
            yield person, cohort, back


def reference_retention(segments, query, data_through, cohorts=None):
    edges = query.edges
    periods = len(edges) - 1
    through = data_through if query.range_to is None else min(data_through, query.range_to - 1)
    complete = [edges[k + 1] - 1 <= through for k in range(periods)]
    begun = [[] for _ in range(periods)]  # the periods of return of each person
    for _, cohort, back in beginners(segments, query, cohorts):
        begun[cohort].append({period_of(time, edges) for time in back})
    rows = [
        {
            "period": c,
            "size": len(people),
            "returns": [
                {
                    "offset": k,
                    "bounded": sum(c + k in back for back in people),
                    "unbounded": sum(any(p >= c + k for p in back) for back in people),
                    "complete": complete[c + k],
                }
                for k in range(periods - c)
            ],
        }
        for c, people in enumerate(begun)
    ]
    overall = []
    for k in range(sum(complete)):
        cells = [(row["size"], row["returns"][k]) for row in rows if k < len(row["returns"])]
        cells = [(size, cell) for size, cell in cells if cell["complete"]]
        overall.append(
            {
                "offset": k,
                "size": sum(size for size, _ in cells),
                "bounded": sum(cell["bounded"] for _, cell in cells),
                "unbounded": sum(cell["unbounded"] for _, cell in cells),
            }
        )
    return {"people": sum(map(len, begun)), "cohorts": rows, "overall": overall}


def occurrences(segments, query, cohorts=None):
    """Person, bucket and name of each event that counts."""
    return [
        (person, period_of(event.time, query.edges), event.name)
        for person, events in looked_at(segments, query, *bounds_of(query), cohorts)
        for event in events
        if meets(event, query.where) and event.name not in query.hide and (not query.only or event.name in query.only)
    ]


def reference_timeline(segments, query, cohorts=None):
    edges = query.edges
    seen = occurrences(segments, query, cohorts)
    node_of = top_labels(Counter(name for _, _, name in seen), query.top)

    def row(chosen):
        buckets = [[person for person, bucket, _ in chosen if bucket == k] for k in range(len(edges) - 1)]
        return {
            "events": [len(people) for people in buckets],
            "people": [len(set(people)) for people in buckets],
            "total_events": len(chosen),
            "total_people": len({person for person, _, _ in chosen}),
        }

    by_node = defaultdict(list)
    for event in seen:
        by_node[node_of(event[2])].append(event)
    series = [{"kind": kind, "label": label, **row(chosen)} for (kind, label), chosen in by_node.items()]
    return {
        "series": sorted(series, key=lambda row: (-row["total_events"], row["label"], row["kind"])),
        "all": row(seen),
    }
