"""Conditions as rows of the builder, and as people say them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flows.contexts.address import Address, Asker
from flows.engine.conditions import DID, DID_NOT, IN_COHORT, NOT_IN_COHORT, PEOPLE_KINDS
from flows.engine.filters import (
    COMPARISONS,
    CONTAINS,
    IS,
    IS_NOT,
    IS_NOT_SET,
    IS_SET,
    NOT_CONTAINS,
    STARTS_WITH,
)
from flows.forms.analyses import AnalysisForm
from flows.forms.charts import QuestionForm
from flows.forms.conditions import FILTERS, NEW, OF_COHORTS, ROWS, WILDCARD, without_rows, write_rows
from flows.lettering import cut_middle_to, printable

SHOWN = 40  # letters of a name or a value in a sentence
VALUES_SAID = 3
# With nothing chosen a new row is meant to say the first of these.
OPERATORS = {
    IS: "is",
    IS_NOT: "is not",
    CONTAINS: "contains",
    NOT_CONTAINS: "does not contain",
    STARTS_WITH: "starts with",
    ">": "is more than",
    ">=": "is at least",
    "<": "is less than",
    "<=": "is at most",
    IS_SET: "is there",
    IS_NOT_SET: "is not there",
}
KINDS = {DID: "did", DID_NOT: "did not do", IN_COHORT: "are in cohort", NOT_IN_COHORT: "are not in cohort"}
MATCHES = {WILDCARD: "is like", "regex": "matches"}
ADDS = {
    "people": "People who…",
    "where": "Events whose…",
    "start_where": "Start whose…",
    "end_where": "End whose…",
    "expand": "Expand by property",
    "rules": "Rename events",
}
Cohorts = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One condition. `prefix` begins the names of its fields, `without` leads to the question without it."""

    prefix: str
    text: str = ""
    without: str = ""


@dataclass(frozen=True, slots=True)
class FilterRow(Row):
    property: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()
    typed: str = ""  # the value of a comparison, which has one
    on: tuple[str, ...] = ()
    about: bool = False  # whether it may be about some events alone


@dataclass(frozen=True, slots=True)
class PersonRow(Row):
    kind: str = ""
    event: str = ""
    cohort: str = ""
    at_least: str = ""
    at_most: str = ""
    where: tuple[FilterRow, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleRow(Row):
    match: str = ""
    pattern: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class ExpansionRow(Row):
    event: str = ""
    property: str = ""


@dataclass(frozen=True, slots=True)
class Conditions:
    """The rows of one option, an empty one to be filled in, and what is wrong with them."""

    option: str
    rows: tuple[Row, ...]
    new: Row
    error: str

    @property
    def add(self) -> str:
        return ADDS[self.option]


def conditions(
    form: QuestionForm | AnalysisForm,
    address: Address,
    asker: Asker | None,
    cohorts: Cohorts,
    errors: Mapping[str, str],
) -> dict[str, Conditions]:
    found = {}
    for option in ROWS:
        rows = form.rows(option)
        shown = [condition_row(option, f"{option}-{number}", row, cohorts) for number, row in enumerate(rows)]
        linked = [
            replace(row, without=_without(option, rows, number, form, address, asker))
            for number, row in enumerate(shown)
        ]
        new = condition_row(option, f"{option}-{NEW}", ("", "") if option == "expand" else {}, cohorts)
        found[option] = Conditions(option, tuple(linked), new, errors.get(option, ""))
    return found


def _without(
    option: str, rows: list[Any], number: int, form: QuestionForm | AnalysisForm, address: Address, asker: Asker | None
) -> str:
    """The address of the question without a row, also where the question as it stands cannot be asked."""
    rest = rows[:number] + rows[number + 1 :]
    if asker is not None and (url := asker.other(**{option: tuple(rest)})):
        return url
    params = address.params.copy()
    params.setdefault("dataset", form.dataset.slug)
    without_rows(params, option)
    write_rows(params, option, rest)
    return str(replace(address, params=params, picked=None))


def condition_row(option: str, prefix: str, row: Any, cohorts: Cohorts) -> Any:
    """The fields of one condition; an empty one where `row` is."""
    if option in FILTERS:
        return _filter_row(prefix, row, about=option == "where")
    if option == "people":
        return _person_row(prefix, row, cohorts)
    if option == "rules":
        return RuleRow(prefix, rule_words(row) if row else "", "", **row)
    text = f"{_name(row[0])} by {_name(row[1])}"
    return ExpansionRow(prefix, text, "", row[0], row[1])


def _filter_row(prefix: str, row: Mapping[str, Any], *, about: bool = False) -> FilterRow:
    values = tuple(map(str, row.get("values", ())))
    compared = row.get("operator") in COMPARISONS and len(values) == 1
    return FilterRow(
        prefix=prefix,
        text=filter_words(row) if row else "",
        property=row.get("property", ""),
        operator=row.get("operator", ""),
        values=() if compared else values,
        typed=values[0] if compared else "",
        on=tuple(row.get("on", ())),
        about=about,
    )


def _person_row(prefix: str, row: Mapping[str, Any], cohorts: Cohorts) -> PersonRow:
    kind = next((kind for kind in PEOPLE_KINDS if kind in row), "")
    where = [_filter_row(f"{prefix}-where-{number}", each) for number, each in enumerate(row.get("where", ()))]
    named = str(row.get(kind, ""))
    return PersonRow(
        prefix=prefix,
        text=person_words(row, cohorts) if row else "",
        kind=kind,
        event="" if kind in OF_COHORTS else named,
        cohort=named if kind in OF_COHORTS else "",
        at_least=str(row.get("at_least", "")),
        at_most=str(row.get("at_most", "")),
        where=(*where, _filter_row(f"{prefix}-where-{NEW}", {})),
    )


def filter_words(row: Mapping[str, Any]) -> str:
    """ "plan is pro or team"; what it is about alone stands behind it."""
    operator = OPERATORS.get(row["operator"], row["operator"])
    values = [_name(value) if value else "empty" for value in map(str, row.get("values", ()))]
    words = " ".join(filter(None, (_name(row["property"]), operator, _either(values))))
    return f"{words} (of {_either([_name(name) for name in row['on']])})" if row.get("on") else words


def _either(names: list[str]) -> str:
    if len(names) > VALUES_SAID:
        names = [*names[: VALUES_SAID - 1], f"{len(names) - VALUES_SAID + 1} others"]
    return "".join(joined(names, "or"))


def person_words(row: Mapping[str, Any], cohorts: Cohorts) -> str:
    """ "did order at least 2 times where plan is pro", "are in cohort Loyal"."""
    kind = next(kind for kind in PEOPLE_KINDS if kind in row)
    if kind in OF_COHORTS:
        return f"{KINDS[kind]} {_name(cohorts.get(row[kind], str(row[kind])))}"
    where = " and ".join(map(filter_words, row.get("where", ())))
    return " ".join(filter(None, (KINDS[kind], _name(str(row[kind])), _times(row), where and f"where {where}")))


def _times(row: Mapping[str, Any]) -> str:
    least, most = row.get("at_least", 1), row.get("at_most")
    if most is None:
        return "" if least == 1 else f"at least {least} times"
    if least == most:
        return "once" if least == 1 else f"exactly {least} times"
    return f"at most {most} times" if least == 0 else f"{least} to {most} times"


def rule_words(row: Mapping[str, Any]) -> str:
    sign = "/" if row["match"] != WILDCARD else ""
    return f"{sign}{_name(row['pattern'])}{sign} → {_name(row['label'])}"


def joined(parts: list[str], last: str = "and") -> Iterator[str]:
    """Parts with what stands between them: a, b and c."""
    for place, part in enumerate(parts):
        if place:
            yield f" {last} " if place == len(parts) - 1 else ", "
        yield part


def _name(text: str) -> str:
    return cut_middle_to(printable(text), SHOWN) if text else "…"
