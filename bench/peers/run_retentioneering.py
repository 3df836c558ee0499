"""Ask retentioneering for step matrices, in the Python that has it; prints JSON.

Reads a JSON object on standard input: parquet (file), anchor, steps, threads, repeat.
"""

import contextlib
import json
import sys
import time
from importlib.metadata import version

import pandas as pd
import pyarrow.parquet as pq
import retentioneering as rete
from retentioneering import engine

ENDS = ("path_start", "path_end")


def stream_of(order):
    events = pq.read_table(order["parquet"], columns=["actor", "event", "time"]).to_pandas()
    names = [f"event_{code:02d}" for code in range(events["event"].max() + 1)]
    frame = pd.DataFrame(
        {
            # Small whole numbers are what it groups fastest.
            "user_id": pd.factorize(events["actor"])[0],
            "event": pd.Categorical.from_codes(events["event"], names),
            "timestamp": pd.to_datetime(events["time"], unit="us"),
        }
    )
    return rete.Eventstream(
        frame, schema={"path_cols": ["user_id"], "event_col": "event", "timestamp_col": "timestamp"}
    )


def measured(run, repeat):
    seconds = []
    for _ in range(repeat):
        began = time.perf_counter()
        matrix = run()
        seconds.append(time.perf_counter() - began)
    if isinstance(matrix, tuple):
        (matrix,) = matrix
    cells = [
        (step, int(event[-2:]), share)
        for event, row in matrix.iterrows()
        if event not in ENDS
        for step, share in row.items()
        if share > 0
    ]
    return {"seconds": seconds, "cells": cells}


def main():
    order = json.load(sys.stdin)
    stream = stream_of(order)
    engine.run("select 1")
    engine._root().execute(f"set threads = {order['threads']}")
    with contextlib.redirect_stdout(sys.stderr):
        whole = measured(lambda: stream.step_matrix_data(max_steps=order["steps"] + 1), order["repeat"])
        anchored = measured(
            lambda: stream.step_matrix_data(max_steps=order["steps"], anchor=order["anchor"]), order["repeat"]
        )
    # Its first step of a whole path is 1; ours, and that of an anchor, is 0.
    whole["cells"] = [(step - 1, event, share) for step, event, share in whole["cells"]]
    json.dump({"version": version("retentioneering"), "whole": whole, "anchored": anchored}, sys.stdout)


if __name__ == "__main__":
    main()
