"""Properties in their one written form: a JSON object, keys sorted, empties left out, no blanks."""

import json
import math
from typing import Any

Properties = dict[str, Any]


class Unreadable(ValueError):
    """The JSON is valid, but nested too deeply or holds a number of thousands of digits."""


def is_empty(value: object) -> bool:
    return value is None or value in ("", {}, [])


def load(text: str) -> Any:
    """Numbers that JSON does not know (NaN, infinities) are read as nothing."""
    try:
        return json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Unreadable from error


def dump(properties: Properties) -> str:
    kept = {key: value for key, value in properties.items() if not is_empty(value)}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def spread(properties: Properties) -> Properties:
    """The members of an object called `properties` stand beside the others, which win."""
    inner = properties.get("properties")
    if isinstance(inner, str) and inner.startswith("{"):
        try:
            inner = load(inner)
        except Unreadable:
            return properties
    if not isinstance(inner, dict):
        return properties
    return {**inner, **{key: value for key, value in properties.items() if key != "properties" and not is_empty(value)}}


def merged(text: str) -> str:
    """The canonical form of a JSON object that may hold `properties` of its own."""
    return dump(spread(load(text)))


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
