"""What differs between two flows by more than chance."""

from collections.abc import Mapping
from typing import Any

ALPHA = 0.05


def changes(compared: Mapping[str, Any], most: int = 5) -> list[Mapping[str, Any]]:
    """The rows of a comparison that are significant after correction, those that differ most first."""
    rows = [row for kind in ("totals", "nodes", "links", "ends") for row in compared[kind]]
    found = [row for row in rows if row["adjusted_p"] is not None and row["adjusted_p"] < ALPHA]
    return sorted(found, key=lambda row: -abs(row["difference"]))[:most]
