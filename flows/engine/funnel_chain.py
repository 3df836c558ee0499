"""A chain of nodes of a flow, read from the flow's own paths, so that both show the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from flows.engine import kernels as paths
from flows.engine.arrays import CodeArray
from flows.engine.crew import Crew
from flows.engine.funnel_walk import ELIGIBLE, MATCHED, TIES, Attempts, FunnelCounts, follow_chain
from flows.engine.histories import Given
from flows.engine.labels import CYCLE_SIGN, Labels
from flows.engine.query import FlowQuery, QueryError, quoted
from flows.engine.source import Paths, Watch, open_source


@dataclass(frozen=True, slots=True)
class Chain:
    """Sets of labels, one a step, that the first labels of a path are compared with; ``option`` is what errors name."""

    query: FlowQuery
    steps: Sequence[tuple[str, ...]]
    option: str
    given: Given
    threads: int | None
    budget: int
    watch: Watch

    def count(self) -> FunnelCounts:
        """Paths by last step reached and state."""
        return self._read(keyed=False)[0]

    def attempts(self) -> list[Attempts]:
        """Every path that begins with the chain, with the key of its person."""
        return self._read(keyed=True)[1]

    def _read(self, *, keyed: bool) -> tuple[FunnelCounts, list[Attempts]]:
        """Raises QueryError, Cancelled."""
        total, attempts = FunnelCounts.empty(len(self.steps)), list[Attempts]()
        with Crew(self.threads) as crew:
            source = open_source(self.query, self.given, crew, self.budget, self.watch, keyed=keyed)
            self._check(source.labels)
            for found in source.waves():
                member = np.zeros(len(source.labels.names), np.int32)  # cycles get their codes as they are met
                for number, step in enumerate(self.steps):
                    known = [source.labels.known[name] for name in step if name in source.labels.known]
                    member[known] |= 1 << number
                for counts, begun in crew.map(partial(self._follow, member, keyed), found):
                    total = FunnelCounts.sum([total, counts])
                    attempts.append(begun)
        self.watch.report(1.0)
        total.counters[[ELIGIBLE, MATCHED, TIES]] = source.totals[[paths.ELIGIBLE, paths.ROWS, paths.TIES]]
        return total, attempts

    def _follow(self, member: CodeArray, keyed: bool, walked: Paths) -> tuple[FunnelCounts, Attempts]:
        counts, rows = FunnelCounts.empty(len(self.steps)), walked.rows if keyed else 0
        room = Attempts.room(rows)
        follow_chain(walked.log.items, member, len(self.steps), counts.ends, counts.gaps, room.reached, room.states)
        room.groups[:] = 0
        found = room._replace(people=walked.log.people[:rows], moments=walked.log.anchors[:rows])
        return counts, found.pick(room.reached >= 0)

    def _check(self, labels: Labels) -> None:
        for name in (name for step in self.steps for name in step):
            cycle = self.query.collapse == "cycles" and CYCLE_SIGN in name
            if name not in labels.known and name not in self.given.catalogue and not cycle:
                raise QueryError(self.option, f"{self.option}: there is no event {quoted(name)} in this dataset.")
