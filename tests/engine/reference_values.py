"""What a condition on a property says of a value, slowly and obviously.

It looks at the value alone. As text a number is its digits or the shortest decimal, a truth value ``true`` or
``false``, an array its JSON. ``is``, ``contains`` and ``starts_with`` compare texts letter by letter and hold if any of
the values does; ``>`` and its like compare numbers with a number, moments with a moment, and fail otherwise. A negative
one holds exactly where its opposite does not; all others fail where there is no value. ``on``: other events pass.
"""

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text_of(value):
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value == int(value) and abs(value) <= 2**53 else repr(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def number_of(value):
    """NaN for what is none: it compares as false."""
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", value, re.ASCII) else math.nan
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def moment_of(value):
    if not isinstance(value, str) or not re.fullmatch(r"[12]\d{3}-\d\d-\d\d([T ]\d\d:\d\d.*)?", value):
        return math.nan
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return math.nan
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // timedelta(microseconds=1)


def holds(condition, value):
    """Whether a condition on a property holds for a value, None where there is none."""
    opposite = {"is_not": "is", "not_contains": "contains", "is_not_set": "is_set"}.get(condition.operator)
    if opposite:
        return not holds(replace(condition, operator=opposite), value)
    if value is None or condition.operator == "is_set":
        return value is not None
    if condition.operator in (">", ">=", "<", "<="):
        wanted = condition.values[0]
        view = moment_of if math.isnan(number_of(wanted)) else number_of
        one, two = view(value), view(wanted)
        return {">": one > two, ">=": one >= two, "<": one < two, "<=": one <= two}[condition.operator]
    text = text_of(value)
    test = {"is": text.__eq__, "contains": text.__contains__, "starts_with": text.startswith}[condition.operator]
    return any(test(wanted) for wanted in condition.values)


def meets(event, conditions):
    return all(
        (each.on and event.name not in each.on) or holds(each, event.properties.get(each.name)) for each in conditions
    )
