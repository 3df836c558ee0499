"""Which number of an analysis is meant."""

from __future__ import annotations

from dataclasses import dataclass

from flows.engine.filters import is_property
from flows.engine.funnel_walk import STATES
from flows.engine.periods import CALENDAR_FROM, CALENDAR_TO
from flows.engine.picking import Picked
from flows.engine.query import MAX_STEPS, QueryError, format_time, parse_time
from flows.engine.result import EVENT, OTHER

STEP, BEGAN, RETURNED, DID = "step", "began", "returned", "did"
VALUE, NONE = "value", "none"
BOUNDED, UNBOUNDED, PEOPLE, EVENTS = "bounded", "unbounded", "people", "events"
TAKES = {
    STEP: ("step", "state", "group", "value", "chain"),
    BEGAN: ("since",),
    RETURNED: ("since", "later", "measure"),
    DID: ("since", "group", "value", "measure"),
}
GROUPS = {STEP: ("", VALUE, OTHER, NONE), DID: ("", EVENT, OTHER)}
MEASURES = {RETURNED: (BOUNDED, UNBOUNDED), DID: (PEOPLE, EVENTS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot(Picked):
    """Which number of an analysis is meant. Periods are named by the moment at which they begin.

    Attributes
    ----------
    set : str
        ``step`` of a funnel; ``began`` and ``returned`` of retention; ``did`` of a trend.
    step, state : int, str or None
        Who reached the step, or whose attempt ended there in this way.
    group, value : str
        A group of a breakdown (``value``, ``other``, ``none``) or a series of a trend (``event``, ``other``), and what
        the first of these are called; empty: all.
    chain : tuple of str
        With ``step``, the chain of nodes of a flow that is meant as a funnel.
    since : str
        ISO form; empty: all periods.
    later : int or None
        How many periods later somebody came back.
    measure : str
        ``bounded`` or ``unbounded``; ``people`` or ``events``. Empty stands for the first.

    Raises
    ------
    QueryError
        From the constructor, naming the field that is missing, superfluous or out of bounds.
    """

    takes = TAKES
    wholes = ("step", "later")
    lists = ("chain",)

    set: str
    step: int | None = None
    state: str | None = None
    group: str = ""
    value: str = ""
    chain: tuple[str, ...] = ()
    since: str = ""
    later: int | None = None
    measure: str = ""

    def __post_init__(self) -> None:
        self.check_takes()
        for name, kind in (("step", STEP), ("later", RETURNED)):
            number = getattr(self, name)
            if self.set == kind and (isinstance(number, bool) or not isinstance(number, int) or number < 0):
                raise QueryError(name, f"{name}: must be a whole number.")
        if self.state is not None and self.state not in STATES:
            raise QueryError("state", f"state: must be one of {', '.join(STATES)}.")
        if self.group not in GROUPS.get(self.set, ("",)):
            raise QueryError("group", f"group: must be one of {', '.join(filter(None, GROUPS[self.set]))}.")
        if not is_property(self.value) or (self.value and self.group not in (VALUE, EVENT)):
            raise QueryError("value", "value: must be a text, and empty where the group has no name.")
        if self.measure not in ("", *MEASURES.get(self.set, ())):
            raise QueryError("measure", f"measure: must be one of {', '.join(MEASURES[self.set])}.")
        chain = self.chain
        if not isinstance(chain, list | tuple) or not all(isinstance(label, str) for label in chain):
            raise QueryError("chain", "chain: give a list of labels.")
        if len(chain) > MAX_STEPS + 1 or (chain and self.group):
            raise QueryError("chain", f"chain: give at most {MAX_STEPS + 1} labels, and no group.")
        object.__setattr__(self, "chain", tuple(chain))
        if self.measure == MEASURES.get(self.set, ("",))[0]:
            object.__setattr__(self, "measure", "")
        if self.moment is not None:
            if not CALENDAR_FROM <= self.moment <= CALENDAR_TO:
                raise QueryError("since", "since: the period must lie within the years 2 to 9998.")
            object.__setattr__(self, "since", format_time(self.moment))

    @property
    def moment(self) -> int | None:
        """Where the period begins, µs UTC; None: all periods."""
        return parse_time(self.since, "since") if self.since != "" else None
