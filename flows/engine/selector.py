"""Which number of a flow is meant."""

from __future__ import annotations

from dataclasses import dataclass

from flows.engine.log import STATES
from flows.engine.picking import Picked
from flows.engine.query import MAX_STEPS, QueryError
from flows.engine.result import EVENT, OTHER

MATCHED, CONVERTED, NODE, LINK, PATH, PREFIX = "matched", "converted", "node", "link", "path", "prefix"
KINDS = (EVENT, OTHER)
TAKES = {
    MATCHED: {"state"},
    CONVERTED: set(),
    NODE: {"step", "label", "kind", "state"},
    LINK: {"step", "source", "source_kind", "target", "target_kind"},
    PATH: {"path", "state"},
    PREFIX: {"path"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector(Picked):
    """Which number of a flow is meant. Names and values are those of the rows of a result.

    Attributes
    ----------
    set : str
        ``matched`` (all), ``converted``, ``node``, ``link`` (``step`` is that of its source), ``path`` (whole
        labels before bucketing) or ``prefix`` (whose path begins with these labels).
    kind, source_kind, target_kind : str
        ``event``, or ``other`` with an empty label.
    state : str, optional
        With ``node``: who ended there in this way. With ``path`` or ``matched``: whose path ended in this way.

    Raises
    ------
    QueryError
        From the constructor, naming the field that is missing, superfluous or out of bounds.
    """

    takes = TAKES
    wholes = ("step",)
    lists = ("path",)

    set: str
    step: int | None = None
    label: str = ""
    kind: str = EVENT
    source: str = ""
    source_kind: str = EVENT
    target: str = ""
    target_kind: str = EVENT
    state: str | None = None
    path: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.check_takes()
        if self.set in (NODE, LINK):
            most = MAX_STEPS - (self.set == LINK)
            if isinstance(self.step, bool) or not isinstance(self.step, int) or not 0 <= self.step <= most:
                raise QueryError("step", f"step: must be a whole number from 0 to {most}.")
        for label, kind in (("label", "kind"), ("source", "source_kind"), ("target", "target_kind")):
            if getattr(self, kind) not in KINDS:
                raise QueryError(kind, f"{kind}: must be one of {', '.join(KINDS)}.")
            if not isinstance(getattr(self, label), str) or (getattr(self, kind) == OTHER and getattr(self, label)):
                raise QueryError(label, f"{label}: must be a label, and empty for other.")
        if self.state is not None and self.state not in STATES:
            raise QueryError("state", f"state: must be one of {', '.join(STATES)}.")
        if not isinstance(self.path, list | tuple) or not all(isinstance(label, str) for label in self.path):
            raise QueryError("path", "path: give a list of labels.")
        if not (self.set in (PATH, PREFIX)) <= (1 <= len(self.path) <= MAX_STEPS + 1):
            raise QueryError("path", f"path: give 1 to {MAX_STEPS + 1} labels.")
        object.__setattr__(self, "path", tuple(self.path))
