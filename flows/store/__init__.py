"""Events at rest: immutable Parquet segments, and memory-mapped arrays derived from them. Built for one team."""

from flows.store.cohorts import NewKeys, write_keys
from flows.store.events import EventStore, Snapshot
from flows.store.faults import DamagedCohort, DamagedSegment, SupersededSegment
from flows.store.segments import NewSegment, write_segment

__all__ = [
    "DamagedCohort",
    "DamagedSegment",
    "EventStore",
    "NewKeys",
    "NewSegment",
    "Snapshot",
    "SupersededSegment",
    "write_keys",
    "write_segment",
]
