"""A chart as people use it: a browser changes options of a question, and waits for the picture of the new answer.

Web server, worker, database and browser run on the machine as `script/server` runs them. Every change asks what nobody
asked before. Beside it stand the kernels' share of the same answers, and the query of DuckDB and chDB for the first.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from bench.data import Generated, generate
from bench.part import Options, Timed, main, timed, timed_row
from bench.peers import clickhouse, duck
from bench.peers.venvs import NotInstallable
from bench.questions import STEPS, event_name
from bench.report import Part, Row
from bench.serving import database, manage, serving

CHANGES = 60
# From the change of a control to the frame that shows the new answer; a run that is waited for is polled in between.
CHANGE = """([control, value]) => new Promise((done) => {
  const field = document.querySelector(control);
  const began = performance.now();
  const settled = () => {
    if (document.querySelector("#waiting[data-stale]") || !document.querySelector(".flow__svg")) return;
    document.removeEventListener("htmx:afterSettle", settled);
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
  };
  document.addEventListener("htmx:afterSettle", settled);
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
})"""
COMPUTED = """() => {
  const said = document.getElementById("builder-foot").textContent;
  return Number(/in ([\\d,]+) ms/.exec(said)[1].replace(",", ""));
}"""


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds of each change: until the new picture stood there, and of that in the kernels."""

    whole: Timed[None]
    kernels: Timed[None]


def run(options: Options) -> Part:
    data = generate(options.directory, options.events)
    waits = _waits(data)
    rows = [
        _row(f"a change of the chart, end to end in Chromium, {len(waits.whole.seconds)} changes", waits.whole),
        _row("the kernels' share of these answers", waits.kernels),
    ]
    versions: dict[str, str] = {}
    rows += _peers(data, options, waits, versions)
    title = f"The page: {data.events:,} events of {data.people:,} people, one browser, one worker"
    return Part("page", title, rows, versions)


def _waits(data: Generated) -> Waits:
    with database():
        words = f"from bench.page_rows import write; write(directory={str(data.directory)!r})"
        made: dict[str, Any] = json.loads(manage("shell", "-v", "0", "-c", words))
        manage("compile_kernels")
        with serving(workers=2) as url, sync_playwright() as playwright:
            path = os.environ.get("CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            context = browser.new_context(viewport={"width": 1440, "height": 1000})
            context.add_cookies([{"name": "sessionid", "value": made["session"], "url": url}])
            page = context.new_page()
            page.set_default_timeout(120_000)
            page.goto(f"{url}{made['path']}?start={event_name(0)}&steps={STEPS}&paths=0")
            page.wait_for_selector(".flow__svg")
            found = [_change(page, control, value) for control, value in itertools.islice(_changes(), CHANGES + 3)]
            browser.close()
    # The first ones warm the worker and the browser.
    whole, kernels = zip(*found[3:], strict=True)
    return Waits(Timed(whole, None), Timed(kernels, None))


def _change(page: Page, control: str, value: str) -> tuple[float, float]:
    spent = page.evaluate(CHANGE, [control, value])
    return spent / 1e3, page.evaluate(COMPUTED) / 1e3


def _changes() -> Iterator[tuple[str, str]]:
    """One control at a time, so that every question is a new one."""
    chance = random.Random(7)
    now = {"#id_steps": str(STEPS), "#id_top": "8", "#id_within": "7 days"}
    seen = {tuple(now.values())}
    offers = {
        "#id_steps": [str(steps) for steps in range(4, 13)],
        "#id_top": [str(top) for top in range(4, 21)],
        "#id_within": [f"{days} days" for days in range(1, 30)],
    }
    while True:
        control = chance.choice([*offers])
        value = chance.choice(offers[control])
        asked = tuple({**now, control: value}.values())
        if asked not in seen:
            seen.add(asked)
            now[control] = value
            yield control, value


def _peers(data: Generated, options: Options, waits: Waits, versions: dict[str, str]) -> Iterator[Row]:
    names = {"change_of_the_chart": waits.whole, "kernels": waits.kernels}
    question = f"flow of users, {STEPS} steps, 7 days"
    with duck.connected(data, options.threads) as connection:
        spent = timed(lambda: duck.rows_of(connection, duck.flow_of_users()), options.peer_repeat)
    yield timed_row("DuckDB", question, spent, *spent.against(**names))
    try:
        asked = clickhouse.ask(data, {"flow": clickhouse.flow_of_users()}, options.threads, options.peer_repeat)
    except NotInstallable as error:
        print(error, file=sys.stderr)
        yield Row(who="chDB", question=question, note="not measured: it cannot be installed here")
        return
    versions["chDB"] = asked.version
    yield timed_row("chDB", question, asked.runs["flow"], *asked.runs["flow"].against(**names))


def _row(question: str, spent: Timed[None]) -> Row:
    return timed_row("journeymap", question, spent, note=f"p95 {np.percentile(spent.seconds, 95) * 1e3:,.0f} ms")


if __name__ == "__main__":
    sys.exit(main("page", run, __doc__))
