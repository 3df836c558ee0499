"""Which number of a flow is meant, in a form that fits into an address or a JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from flows.engine.log import STATES
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
class Selector:
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
        if not isinstance(self.set, str) or self.set not in TAKES:
            raise QueryError("set", f"set: must be one of {', '.join(TAKES)}.")
        for each in fields(self)[1:]:
            if each.name not in TAKES[self.set] and getattr(self, each.name) != each.default:
                raise QueryError(each.name, f"{each.name}: says nothing about the set “{self.set}”.")
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

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Selector:
        """Read what :meth:`to_dict` wrote. Raises QueryError naming the field."""
        known = {each.name for each in fields(cls)}
        for key in data:
            if key not in known:
                raise QueryError(str(key), f"{str(key)[:80]}: there is no such option of a set.")
        return cls(**{"set": "", **data})  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, object]:
        """JSON-able, without defaults; equal selectors give equal dicts."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        kept = {each.name: values[each.name] for each in fields(self) if values[each.name] != each.default}
        return kept | ({"path": list(self.path)} if self.path else {})

    @classmethod
    def from_params(cls, params: Mapping[str, Sequence[str]]) -> Selector:
        """Read the parameters of an address; those that are not a selector's are passed over.

        Raises
        ------
        QueryError
            Naming the field.
        """
        data: dict[str, object] = {}
        for each in fields(cls):
            values = params.get(each.name)
            if not values:
                continue
            data[each.name] = list(values) if each.name == "path" else values[-1]
        step = data.get("step")
        if isinstance(step, str):
            if not (step.isascii() and step.isdigit() and len(step) <= 2):
                raise QueryError("step", f"step: must be a whole number from 0 to {MAX_STEPS}.")
            data["step"] = int(step)
        return cls.from_dict(data)

    def to_params(self) -> list[tuple[str, str]]:
        """Parameters for an address, in a fixed order; none is also an option of a question."""
        given = self.to_dict().items()
        return [(name, str(one)) for name, value in given for one in (value if isinstance(value, list) else [value])]
