"""What a flow is compared with, as an address says it: `with=range&with-from=2026-03-01`."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict

from flows.contrasts import COHORT, FILTER, KINDS, RANGE, REST, Contrast
from flows.engine.query import QueryError
from flows.forms.conditions import read_rows, write_rows
from flows.moments import read_moment, write_moment

WITH = "with"
PREFIX = f"{WITH}-"
ROWS = ("people", "where")


def read_contrast(params: QueryDict, zone: ZoneInfo) -> Contrast | None:
    """None where the address chooses nothing, or a kind alone that needs more. Raises QueryError for a parameter."""
    kind = params.get(WITH, "")
    needs = {RANGE: ("from", "to"), COHORT: ("cohort",), REST: ("cohort",)}.get(kind, ())
    if not kind or (needs and not any(PREFIX + name in params for name in needs)):
        return None
    if kind not in KINDS:
        raise QueryError(WITH, f"{WITH}: must be one of {', '.join(KINDS)}.")
    if kind == RANGE:
        since, until = _moment(params, "from", zone), _moment(params, "to", zone)
        return Contrast(kind, since=since, until=until)
    if kind in (COHORT, REST):
        return Contrast(kind, cohort=_cohort(params))
    if kind == FILTER:
        rows = contrast_rows(params)
        return Contrast(kind, people=tuple(rows["people"]), where=tuple(rows["where"]))
    return Contrast(kind)


def contrast_rows(params: QueryDict) -> dict[str, list[Any]]:
    """The rows of conditions of the other side, as they stand in the address."""
    plain = {name.removeprefix(PREFIX): values for name, values in params.lists() if name.startswith(PREFIX)}
    return {option: read_rows(plain, option) for option in ROWS}


def write_contrast(contrast: Contrast, zone: ZoneInfo) -> QueryDict:
    """The inverse of `read_contrast`."""
    params = QueryDict(mutable=True)
    params[WITH] = contrast.kind
    for name, moment in (("from", contrast.since), ("to", contrast.until)):
        if moment is not None:
            params[PREFIX + name] = write_moment(moment, zone, last=name == "to")
    if contrast.cohort:
        params[f"{PREFIX}cohort"] = str(contrast.cohort)
    rows = QueryDict(mutable=True)
    for option in ROWS:
        write_rows(rows, option, getattr(contrast, option))
    for name, values in rows.lists():
        params.setlist(PREFIX + name, values)
    return params


def _moment(params: QueryDict, name: str, zone: ZoneInfo) -> int | None:
    text = params.get(PREFIX + name, "").replace("\0", "").strip()
    return read_moment(text, zone, PREFIX + name, last=name == "to") if text else None


def _cohort(params: QueryDict) -> int:
    text = params.get(f"{PREFIX}cohort", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise QueryError(f"{PREFIX}cohort", f"{PREFIX}cohort: choose a cohort.")
    return int(text)
