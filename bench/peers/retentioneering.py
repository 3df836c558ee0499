"""retentioneering's step matrix, in a Python of its own.

Its definitions agree with ours where nothing closes a path and nothing is collapsed: a path is all the events of a
person, from the first one or from the first anchor, and the matrix holds the share of paths at each event in each
step. It knows no links, times or ends beside ``path_end``; around an anchor it also counts the steps before.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from bench.data import Generated
from bench.part import Timed
from bench.peers.table import events_table
from bench.peers.venvs import python_of

NAME = "retentioneering"

Shares = dict[tuple[int, int], float]
"""(step from the anchor, event) → share of the paths."""


@dataclass(frozen=True, slots=True)
class Asked:
    version: str
    whole: Timed[Shares]
    anchored: Timed[Shares]


def ask(data: Generated, anchor: str, steps: int, threads: int, repeat: int) -> Asked:
    """Step matrices of whole paths, and of paths from an anchor on.

    Raises
    ------
    NotInstallable
    RuntimeError
        If it does not answer.
    """
    source = data.directory / "events.parquet"
    pq.write_table(events_table(data), source)
    order = {"parquet": str(source), "anchor": anchor, "steps": steps, "threads": threads, "repeat": repeat + 1}
    # It reports its use to its makers unless told not to, and leaves an identity in the home directory.
    environment = {**os.environ, "RETENTIONEERING_NO_TRACK": "1", "HOME": str(data.directory)}
    done = subprocess.run(
        # -P: this directory has a module of the same name.
        [python_of(data.directory.parent, NAME), "-P", str(Path(__file__).parent / "run_retentioneering.py")],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    source.unlink()
    if done.returncode:
        raise RuntimeError(f"{NAME} failed:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    return Asked(found["version"], _timed(found["whole"]), _timed(found["anchored"]))


def _timed(run: dict[str, list[list[float]]]) -> Timed[Shares]:
    shares = {(int(step), int(event)): share for step, event, share in run["cells"]}
    return Timed(tuple(run["seconds"][1:]), shares)  # type: ignore[arg-type]
