"""The parts of a question that are lists of small things: conditions on people, and cleaning rules for labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flows.engine.errors import QueryError, is_text, quoted
from flows.engine.filters import PropertyFilter, property_filters

DID, DID_NOT, IN_COHORT, NOT_IN_COHORT = "did", "did_not", "in_cohort", "not_in_cohort"
PEOPLE_KINDS = (DID, DID_NOT, IN_COHORT, NOT_IN_COHORT)
MATCHES = ("wildcard", "regex")

MAX_CONDITIONS = 16
MAX_TIMES = 1_000_000
WITHOUT_LIMIT = 1 << 62
MAX_RULES = 100
MAX_PATTERN = 300
MAX_LABEL = 300


@dataclass(frozen=True, slots=True, order=True)
class PeopleCondition:
    """Whole histories stay or go: by how often the person did an event in the range, or by a cohort.

    Attributes
    ----------
    kind : str
        ``did`` (``at_least`` … ``at_most`` times), ``did_not``, ``in_cohort`` or ``not_in_cohort``.
    event : str
        Name of the event as it was recorded: people are chosen before labels are cleaned.
    cohort : int
        Id of the cohort.
    where : tuple of PropertyFilter
        Only events that meet all of these are meant.
    """

    kind: str
    event: str = ""
    cohort: int = 0
    at_least: int = 1
    at_most: int = WITHOUT_LIMIT
    where: tuple[PropertyFilter, ...] = ()

    @classmethod
    def from_dict(cls, data: object) -> PeopleCondition:
        """Read what :meth:`to_dict` wrote.

        Raises
        ------
        QueryError
            If it is no such condition.
        """
        if not isinstance(data, Mapping):
            raise QueryError("people", "people: give a list of conditions such as {did: event, at_least: 2}.")
        kinds = [kind for kind in PEOPLE_KINDS if kind in data]
        if len(kinds) != 1 or not set(data) <= {kinds[0], *_ALSO[kinds[0]]}:
            raise QueryError("people", f"people: a condition is one of {', '.join(PEOPLE_KINDS)}.")
        kind, value = kinds[0], data[kinds[0]]
        if kind in (IN_COHORT, NOT_IN_COHORT):
            if isinstance(value, bool) or not isinstance(value, int):
                raise QueryError(kind, f"{kind}: give the number of a cohort.")
            return cls(kind, cohort=value)
        if not isinstance(value, str):
            raise QueryError(kind, f"{kind}: give the name of an event.")
        where = property_filters(data.get("where", ()), kind)
        if any(each.on for each in where):
            raise QueryError(kind, f"{kind}: its conditions are about {quoted(value)} alone.")
        return cls(kind, value, 0, *_times(data, kind), where)

    def to_dict(self) -> dict[str, object]:
        if self.kind in (IN_COHORT, NOT_IN_COHORT):
            return {self.kind: self.cohort}
        times = {"at_least": self.at_least} if self.kind == DID else {}
        most = {} if self.at_most == WITHOUT_LIMIT else {"at_most": self.at_most}
        where = {"where": [each.to_dict() for each in self.where]} if self.where else {}
        return {self.kind: self.event, **times, **most, **where}


_ALSO = {DID: {"at_least", "at_most", "where"}, DID_NOT: {"where"}, IN_COHORT: set[str](), NOT_IN_COHORT: set[str]()}


def _times(data: Mapping[object, object], kind: str) -> tuple[int, int]:
    """At least and at most how often; 0 is a lower limit only where there is an upper one."""
    at_most = data.get("at_most")
    least = 1 if at_most is None else 0
    at_least = data.get("at_least", 1)
    for name, value, low in (("at_least", at_least, least), ("at_most", 1 if at_most is None else at_most, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= MAX_TIMES:
            raise QueryError(kind, f"{kind}: {name} must be a whole number from {low} to {MAX_TIMES}.")
    assert isinstance(at_least, int)
    assert at_most is None or isinstance(at_most, int)
    if at_most is not None and at_least > at_most:
        raise QueryError(kind, f"{kind}: nobody does something at least {at_least} and at most {at_most} times.")
    return at_least, WITHOUT_LIMIT if at_most is None else at_most


@dataclass(frozen=True, slots=True)
class LabelRule:
    """Event names that match bear the label instead.

    Attributes
    ----------
    match : str
        ``wildcard``: the whole name, ``*`` standing for any run of characters; ``regex``: RE2, found anywhere.
    """

    match: str
    pattern: str
    label: str

    @classmethod
    def from_dict(cls, data: object) -> LabelRule:
        """Read what :meth:`to_dict` wrote.

        Raises
        ------
        QueryError
            If it is no such rule. Whether a pattern compiles is asked elsewhere.
        """
        if not isinstance(data, Mapping) or set(data) != {"match", "pattern", "label"}:
            raise QueryError("rules", "rules: a rule is {match: wildcard or regex, pattern: …, label: …}.")
        if data["match"] not in MATCHES:
            raise QueryError("rules", f"rules: match must be one of {', '.join(MATCHES)}.")
        for name, most in (("pattern", MAX_PATTERN), ("label", MAX_LABEL)):
            text = data[name]
            if not isinstance(text, str) or not 1 <= len(text) <= most or not is_text(text):
                raise QueryError("rules", f"rules: the {name} of a rule must be a text of 1 to {most} characters.")
        return cls(data["match"], data["pattern"], data["label"])

    def to_dict(self) -> dict[str, object]:
        return {"match": self.match, "pattern": self.pattern, "label": self.label}


def people_conditions(value: object) -> tuple[PeopleCondition, ...]:
    """Conditions in a fixed order, each once; all of them must hold.

    Raises
    ------
    QueryError
        If there are too many, or two of them leave nobody.
    """
    read = [
        PeopleCondition.from_dict(each.to_dict() if isinstance(each, PeopleCondition) else each)
        for each in _listed(value, "people", MAX_CONDITIONS)
    ]
    found = tuple(sorted(set(read)))
    done = [each for each in found if each.kind == DID and each.at_least]
    cohorts = {each.cohort for each in found if each.kind == IN_COHORT}
    for each in found:
        if each.kind == DID_NOT and any(d.event == each.event and set(each.where) <= set(d.where) for d in done):
            raise QueryError(DID_NOT, f"did_not: nobody did {quoted(each.event)} and did not do it.")
        if each.kind == NOT_IN_COHORT and each.cohort in cohorts:
            raise QueryError(NOT_IN_COHORT, f"not_in_cohort: nobody is in cohort {each.cohort} and not in it.")
    return found


def label_rules(value: object) -> tuple[LabelRule, ...]:
    """Rules in the order given: the first that matches counts. Raises QueryError."""
    return tuple(
        LabelRule.from_dict(each.to_dict() if isinstance(each, LabelRule) else each)
        for each in _listed(value, "rules", MAX_RULES)
    )


def _listed(value: object, field: str, most: int) -> list[object] | tuple[object, ...]:
    if not isinstance(value, list | tuple) or len(value) > most:
        raise QueryError(field, f"{field}: give a list of at most {most}.")
    return value
