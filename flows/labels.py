"""Cleaning rules: which event names become which labels. Patterns are RE2, whose time is linear in the text."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import duckdb
import pyarrow as pa

from flows.engine.conditions import LabelRule
from flows.engine.errors import QueryError, quoted

SECONDS = 20.0  # for all names and all rules
FIRST_CHUNK, LAST_CHUNK = 8, 1 << 16  # names looked at between two looks at the clock
QUICK = 0.05


def relabel(rules: Sequence[LabelRule], names: Iterable[str], *, seconds: float = SECONDS) -> dict[str, str]:
    """Apply rules to event names; of each name the first rule that matches counts.

    Parameters
    ----------
    rules : sequence of LabelRule
    names : iterable of str
    seconds : float
        Longest time to spend.

    Returns
    -------
    dict
        Event name → label, of those names that a rule matches.

    Raises
    ------
    QueryError
        If a pattern is no regular expression, or matching takes too long. All patterns are checked, also
        those that no name comes to.

    Examples
    --------
    >>> relabel([LabelRule("wildcard", "/item/*", "Item")], ["/item/1", "/item/2", "/cart"])
    {'/item/1': 'Item', '/item/2': 'Item'}
    """
    until = time.monotonic() + seconds
    labels: dict[str, str] = {}
    left = list(dict.fromkeys(names))
    with duckdb.connect(":memory:", config={"threads": 1}) as database:
        for rule in rules:
            pattern = _pattern(rule)
            _matching(database, rule, pattern, [""])
            matched: set[str] = set()
            at, chunk = 0, FIRST_CHUNK
            while at < len(left):
                began = time.monotonic()
                if began > until:
                    raise QueryError("rules", "rules: the patterns take too long on the names of this dataset.")
                matched.update(_matching(database, rule, pattern, left[at : at + chunk]))
                at += chunk
                if time.monotonic() - began < QUICK:
                    chunk = min(2 * chunk, LAST_CHUNK)
            labels.update((name, rule.label) for name in left if name in matched)
            left = [name for name in left if name not in matched] if matched else left
    return labels


def _matching(
    database: duckdb.DuckDBPyConnection, rule: LabelRule, pattern: str, names: Sequence[str]
) -> Iterable[str]:
    """Those of the names that match."""
    database.register("names", pa.table({"name": pa.array(names, pa.string())}))
    # The pattern stands in the text of the query, for only a constant one is compiled once for all names.
    query = f"SELECT name FROM names WHERE regexp_matches(name, {_literal(pattern)})"
    try:
        return [name for (name,) in database.execute(query).fetchall()]
    except duckdb.Error:
        sentence = f"rules: {quoted(rule.pattern)} is not a regular expression that can be used here (RE2)."
        raise QueryError("rules", sentence) from None


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _pattern(rule: LabelRule) -> str:
    """RE2 for a rule. A wildcard matches the whole name, also over several lines."""
    if rule.match == "regex":
        return rule.pattern
    parts = ["".join(map(_escaped, part)) for part in rule.pattern.split("*")]
    return r"(?s)\A" + ".*".join(parts) + r"\z"


def _escaped(letter: str) -> str:
    return letter if letter.isalnum() or ord(letter) > 127 else f"\\{letter}"
