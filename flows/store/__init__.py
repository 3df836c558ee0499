"""Events at rest: immutable Parquet segments, and memory-mapped arrays derived from them. Built for one team."""

from flows.store.events import EventStore, Snapshot
from flows.store.faults import DamagedSegment, SupersededSegment
from flows.store.segments import NewSegment, write_segment

__all__ = ["DamagedSegment", "EventStore", "NewSegment", "Snapshot", "SupersededSegment", "write_segment"]
