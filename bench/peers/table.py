"""The events as a table of rows, for the peers to load."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from bench.data import Generated
from bench.properties import country


def events_table(data: Generated) -> pa.Table:
    """actor (uint64), time (int64, µs), event and country (uint8 codes), sorted by (actor, time)."""
    segment = data.segment()
    if data.labels > 256:
        event = segment.codes
    else:
        event = segment.codes.astype(np.uint8)
    return pa.table(
        {
            "actor": np.repeat(segment.keys, np.diff(segment.starts)),
            "time": segment.times,
            "event": event,
            "country": country(data).values.astype(np.uint8),
        }
    )
