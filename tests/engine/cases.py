"""Random histories and questions. Every option of a question has choices with names, so that a test can say which of
them met, and wish for those that did not."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, product
from unittest import mock

import numpy as np
from hypothesis import HealthCheck, reject, settings
from hypothesis import strategies as st

from flows.engine import plan
from flows.engine.conditions import PEOPLE_KINDS, WITHOUT_LIMIT
from flows.engine.filters import COMPARISONS, OPERATORS
from flows.engine.query import COLLAPSES, COUNTS, OCCURRENCES, SESSIONS_BY, FlowQuery, QueryError
from tests.engine.reference import histories, label_of

# JOURNEYMAP_ENGINE_EXAMPLES raises the number of examples of each small test; all are the same in every run.
EXAMPLES = int(os.environ.get("JOURNEYMAP_ENGINE_EXAMPLES", "60"))
thorough = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)

NAMES = ["a", "b", "c", "d", "e", "a⇄b"]
PEOPLE = range(1, 5)
MOMENTS = range(61)  # few, so that ties and equal windows happen
TIMES = st.integers(0, 60)
PROPERTIES = ("p", "q")
SESSIONS = ["s", "t", "u", "", None]
KINDS = {
    "text": ["x", "y", "xy", "", "ünï"],
    "number": [1, 2, 2.5, 10, -0.0, 1e300],
    "boolean": [True, False],
    "time": ["2024-01-01", "2024-01-02T10:00:00+01:00", "2024-01-02T09:00"],
    "mixed": ["x", "2.5", 2, 10.0, True, "true", "2024-01-01", ["x"]],
}
MIXED = st.sampled_from(KINDS["mixed"])
WANTED = ["x", "y", "", "2", 2.5, "10", "10.0", True, "2024-01-01", "ünï", '["x"]']
LIMITS = ["2", "2.5", "-1", "2024-01-01", "2024-01-02T09:00:00Z"]
RULES = [
    ("wildcard", "a"),
    ("wildcard", "*x"),
    ("wildcard", "b*"),
    ("regex", "[cd]"),
    ("regex", "^a: "),
    ("regex", "⇄"),
]
RULE = st.builds(
    lambda rule, label: {"match": rule[0], "pattern": rule[1], "label": label},
    st.sampled_from(RULES),
    st.sampled_from(["a", "b", "c⇄d", "Page", "b: x"]),
)


@cache
def one_of(*choices):
    """One of some values; made once, for making a strategy takes longer than drawing from it."""
    return st.sampled_from(choices)


def rows(draw, least, most, *columns):
    """Rows of one value of each column, all drawn at once: a choice for each value would take most of the time."""
    size = draw(st.integers(least, most)) * len(columns)
    drawn = iter(draw(st.binary(min_size=size, max_size=size)))
    return [
        tuple(column[byte % len(column)] for byte, column in zip(row, columns, strict=True))
        for row in zip(*[drawn] * len(columns), strict=True)
    ]


@st.composite
def logs(draw, names=NAMES, most=40):
    """One to four segments, together holding every name."""
    everyone = [(9, name, 30) for name in names]
    segments = [
        rows(draw, 0, draw(one_of(4, 12, most)), PEOPLE, names, MOMENTS) for _ in range(draw(one_of(1, 2, 3, 4)))
    ]
    return [*segments[:-1], segments[-1] + everyone]


def some(names, least=0, most=2):
    return st.lists(st.sampled_from(names), min_size=least, max_size=most, unique=True).map(tuple)


NO, SOME = "none", "some"
OPTIONS = {
    "reading": ("start", "end", "between"),
    "anchors": ("one", "several"),
    "steps": ("one", "more"),
    "top": ("one", "more"),
    "tops": (NO, SOME),
    "count": COUNTS,
    "occurrence": OCCURRENCES,
    "within": ("short", "long"),
    "session_gap": ("short", "long"),
    "max_gap": (NO, SOME),
    "collapse": COLLAPSES,
    "only": (NO, SOME),
    "hide": (NO, SOME),
    "exclude": (NO, SOME),
    "range_from": (NO, SOME),
    "range_to": (NO, SOME),
    "paths": (NO, "few", "many"),
    "people": (NO, *PEOPLE_KINDS, "at_most", "where"),
    "rules": (NO, SOME),
    "where": (NO, *OPERATORS, "on"),
    "start_where": (NO, SOME),
    "end_where": (NO, SOME),
    "expand": (NO, SOME),
    "session_by": SESSIONS_BY,
    "segments": ("1", "2", "3", "4"),
    "memory": ("tight", "roomy"),
}
IMPOSSIBLE = [{"reading": "end", "start_where": SOME}, {"reading": "start", "end_where": SOME}]


def pairs() -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Every combination of choices of two options."""
    for one, two in combinations(OPTIONS, 2):
        for choices in product(OPTIONS[one], OPTIONS[two]):
            if dict(zip((one, two), choices, strict=True)) not in IMPOSSIBLE:
                yield tuple(zip((one, two), choices, strict=True))


@dataclass
class Case:
    segments: list
    query: FlowQuery
    cohorts: dict
    tight: bool  # tiny ranges, blocks, histograms and budget: many waves, tables not kept, several passes
    picks: list  # which numbers of the answer are opened as sets

    @property
    def choices(self) -> dict[str, set[str]]:
        """Option → which of its choices this is; read from the question, whatever was wished for."""
        query = self.query
        conditions = {each.operator for each in query.where} | {"on" for each in query.where if each.on}
        people = {each.kind for each in query.people}
        people |= {"at_most" for each in query.people if each.at_most != WITHOUT_LIMIT}
        people |= {"where" for each in query.people if each.where}
        found = {
            "reading": "between" if query.between else "end" if query.backwards else "start",
            "anchors": "one" if max(len(query.start), len(query.end)) == 1 else "several",
            "steps": "one" if query.steps == 1 else "more",
            "top": "one" if query.top == 1 else "more",
            "tops": SOME if query.tops else NO,
            "within": "short" if query.within < 10 else "long",
            "session_gap": "short" if query.session_gap < 10 else "long",
            "paths": {0: NO, 50: "many"}.get(query.paths, "few"),
            "where": conditions or NO,
            "people": people or NO,
            "segments": str(len(self.segments)),
            "memory": "tight" if self.tight else "roomy",
        }
        for option in ("count", "occurrence", "collapse", "session_by"):
            found[option] = getattr(query, option)
        for option in OPTIONS.keys() - found.keys():
            found[option] = NO if getattr(query, option) in (None, ()) else SOME
        return {option: {choice} if isinstance(choice, str) else choice for option, choice in found.items()}

    @property
    def options(self) -> dict:
        """How the engine is to be asked."""
        memory = {"threads": 2, "budget": 800} if self.tight else {"threads": 1}
        return {"cohorts": self.cohorts, "properties": PROPERTIES, **memory}


def small_parts(tight=True):
    """Key ranges of a few events."""
    return mock.patch.object(plan, "LEAST_EVENTS_PER_RANGE", 5 if tight else plan.LEAST_EVENTS_PER_RANGE)


@contextmanager
def unless_anchors_are_hidden():
    """A question that hides all labels of an anchor is none, which only its events can tell."""
    try:
        yield
    except QueryError as error:
        if "is a start or end event and cannot be hidden" not in error.sentence:
            raise
        reject()


class Wishes:
    """Draws choices; one that is wished for is taken as it is."""

    def __init__(self, draw, wishes):
        self.draw = draw
        self.wishes = dict(wishes)

    def choice(self, option, often=()):
        """A choice of an option; those in ``often`` come more often."""
        return self.wishes.get(option) or self.draw(one_of(*often, *OPTIONS[option]))

    def has(self, option, often=()):
        return self.choice(option, often) != NO


@st.composite
def questions(draw, names=NAMES, wishes=(), most_steps=5):
    """A question about labels; of properties, people and rules it says nothing."""
    wish = Wishes(draw, wishes)
    reading, several = wish.choice("reading", ["start"]), wish.choice("anchors") == "several"
    anchors = some(names, *((2, 3) if several else (1, 1)))
    start, end = draw(anchors), draw(anchors)
    start, end = start if reading != "end" else (), end if reading != "start" else ()
    free = [name for name in names if name not in start + end]
    since = draw(st.integers(0, 40)) if wish.has("range_from", [NO]) else None
    until = draw(st.integers(since or 0, 60)) + 1 if wish.has("range_to", [NO]) else None
    return FlowQuery(
        start=start,
        end=end,
        steps=1 if wish.choice("steps", ["more"] * 3) == "one" else draw(st.integers(2, most_steps)),
        top=1 if wish.choice("top") == "one" else draw(st.integers(2, 4)),
        tops=((1, 5),) if wish.choice("tops") == SOME else (),
        count=wish.choice("count"),
        occurrence=wish.choice("occurrence"),
        within=draw(st.integers(1, 9) if wish.choice("within") == "short" else st.sampled_from([10, 20, 100])),
        session_gap=draw(st.integers(1, 9) if wish.choice("session_gap") == "short" else st.just(100)),
        max_gap=draw(st.integers(1, 10)) if wish.has("max_gap") else None,
        collapse=wish.choice("collapse"),
        only=draw(some(names, 1, 3)) if wish.has("only", [NO]) else (),
        hide=draw(some(free, 1)) if free and wish.has("hide", [NO]) else (),
        exclude=draw(some(names, 1)) if wish.has("exclude", [NO]) else (),
        range_from=since,
        range_to=until,
        paths={NO: 0, "few": draw(st.integers(1, 3)), "many": 50}[wish.choice("paths")],
    )


@st.composite
def conditions(draw, operator=None, on=None):
    """A condition on a property; ``on``: whether it is limited to some events, None for either."""
    operator = operator or draw(st.sampled_from(OPERATORS))
    values = [] if operator.endswith("_set") else draw(st.lists(st.sampled_from(WANTED), min_size=1, max_size=3))
    if operator in COMPARISONS:
        values = [draw(st.sampled_from(LIMITS))]
    limited = draw(st.booleans()) if on is None else on
    return {
        "property": draw(st.sampled_from(PROPERTIES)),
        "operator": operator,
        "values": values,
        "on": draw(some(NAMES, 1)) if limited else [],
    }


@st.composite
def people(draw, kind):
    """A condition on people, of a kind or with what the kind says."""
    of = kind if kind in PEOPLE_KINDS else draw(st.sampled_from(["did", "did_not"])) if kind == "where" else "did"
    if of.endswith("cohort"):
        return {of: draw(st.integers(1, 2))}
    found = {of: draw(st.sampled_from(NAMES))}
    if of == "did" and draw(st.booleans()):
        found["at_least"] = draw(st.integers(1, 3))
    if kind == "at_most":
        found["at_most"] = draw(st.integers(found.get("at_least", 1), 4))
        if draw(st.booleans()):
            found["at_least"] = 0
    if kind == "where":
        found["where"] = draw(st.lists(conditions(on=False), min_size=1, max_size=2))
    return found


@st.composite
def histories_with(draw, names, size, with_properties, with_sessions):
    """Segments of rows. Values of a property are of one kind in a segment, or of any."""
    pools = {}
    segments = []
    for _ in range(size):
        if not pools or draw(st.integers(0, 3)) == 0:
            pools = {name: [None, *KINDS[draw(one_of(*KINDS))]] for name in PROPERTIES}
        columns = [PEOPLE, names, MOMENTS]
        if with_properties or with_sessions:
            columns += pools.values()
        if with_sessions:
            columns.append(SESSIONS)
        drawn = rows(draw, *draw(one_of((0, 12), (8, 24), (16, 40))), *columns)
        segments.append([(*row[:3], dict(zip(pools, row[3:5], strict=False)), *row[5:]) for row in drawn])
    valued = with_properties and draw(st.booleans())
    everyone = {name: draw(MIXED) for name in PROPERTIES} if valued else {}
    segments[-1] += [(9, name, 30, everyone) for name in NAMES]
    return segments


def valued_logs():
    """One to four segments of events with properties."""
    return st.integers(1, 4).flatmap(lambda size: histories_with(NAMES, size, True, False))


def some_people():
    """Two cohorts: id → actor keys."""
    sets = st.fixed_dictionaries({cohort: st.sets(st.integers(1, 9)) for cohort in (1, 2)})
    return sets.map(lambda found: {cohort: np.array(sorted(keys), np.uint64) for cohort, keys in found.items()})


@st.composite
def narrowed(draw, queries):
    """Questions of an analysis with conditions on events and on people, or without."""
    kinds = st.sampled_from([*PEOPLE_KINDS, "at_most", "where"])
    where = draw(st.lists(conditions(), max_size=2))
    of = draw(st.lists(kinds.flatmap(people), max_size=1))
    try:
        return replace(draw(queries), where=tuple(where), people=tuple(of))
    except QueryError:  # two conditions leave nothing
        reject()


@st.composite
def cases(draw, wishes=()):
    """A question with all its options, and histories to ask it of."""
    wish = Wishes(draw, wishes)
    names = draw(st.sampled_from([NAMES, NAMES[:3]]))  # few names make loops and repeats
    kind, operator = wish.choice("people", [NO] * 8), wish.choice("where", [NO] * 8)
    both = {"start_where": ["start", "between"], "end_where": ["end", "between"]}
    fitting = [choices for option, choices in both.items() if wish.wishes.get(option) == SOME]
    reading = wish.wishes.setdefault("reading", draw(st.sampled_from(fitting[0] if fitting else OPTIONS["reading"])))
    extra = {
        "people": [draw(people(kind))] if kind != NO else [],
        "where": [draw(conditions(None if operator == "on" else operator, operator == "on" or None))]
        if operator != NO
        else [],
        "start_where": [draw(conditions())] if reading != "end" and wish.has("start_where", [NO]) else [],
        "end_where": [draw(conditions())] if reading != "start" and wish.has("end_where", [NO]) else [],
        "expand": draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(PROPERTIES), min_size=1, max_size=2))
        if wish.has("expand", [NO])
        else {},
        "rules": draw(st.lists(RULE, min_size=1, max_size=3)) if wish.has("rules", [NO] * 2) else [],
        "session_by": wish.choice("session_by"),
    }
    for option, more in (("people", people), ("where", conditions)):
        if extra[option] and draw(st.booleans()):
            extra[option].append(draw(more("did") if option == "people" else more()))
    extra["expand"] = [list(pair) for pair in extra["expand"].items()]
    try:
        shown = FlowQuery.from_dict({"start": "-", "end": "-", **extra})
        segments = draw(
            histories_with(names, int(wish.choice("segments")), bool(shown.properties), shown.session_by == "id")
        )
        events = [each for events in histories(segments).values() for each in events]
        labels = sorted({label_of(each, shown) for each in events} | {name for name, _ in shown.expand})
        plain = draw(questions(labels, wish.wishes))
        query = FlowQuery.from_dict(plain.canonical() | extra)
    except QueryError:  # two conditions leave nothing
        reject()
    return Case(
        segments=segments,
        query=query,
        cohorts=draw(some_people()) if kind.endswith("cohort") else {},
        tight=wish.choice("memory") == "tight",
        picks=draw(st.lists(st.integers(0, 1000), min_size=2, max_size=2)),
    )
