"""A big map: how long the server takes to draw it, and what a browser makes of it. Saves are measured by `bench.saves`.

Runs the product on servers of its own, in a directory that is thrown away. Alone: python -m bench.map
"""

import argparse
import gzip
import json
import os
import shutil
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from bench.machine import machine
from bench.report import Part, Row, markdown
from bench.serving import database, manage, serving

SHAPE = {"stages": 20, "steps": 60, "lanes": 25, "cards": 3_000}
IN_BROWSER = """() => {
    const [page] = performance.getEntriesByType("navigation");
    return { load: page.loadEventEnd, nodes: document.querySelectorAll("*").length };
}"""
# From a change that moves everything to the pixels of it.
LAYOUT = """() => {
    const map = document.querySelector("map-grid");
    const began = performance.now();
    map.style.setProperty("--col", "171px");
    map.offsetHeight;
    return performance.now() - began;
}"""


@dataclass(frozen=True, slots=True)
class Site:
    """A running server with a map on it."""

    url: str
    path: str
    session: str


def main() -> int:
    found = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    found.add_argument("--repeat", type=int, default=5, help="loads of the page")
    given = found.parse_args()
    with site() as there:
        rows = [*served(there, given.repeat), *shown(there, given.repeat)]
    size = f"{SHAPE['steps']} steps, {SHAPE['lanes']} lanes, {SHAPE['cards']:,} cards"
    print(markdown(machine(len(os.sched_getaffinity(0))), [Part("map", f"A map of {size}", rows)]))
    return 0


@contextmanager
def site() -> Iterator[Site]:
    with database():
        arguments = ", ".join(f"{name}={value}" for name, value in SHAPE.items())
        made = json.loads(manage("shell", "-v", "0", "-c", f"from bench.map_rows import write; write({arguments})"))
        with serving() as url:
            yield Site(url, **made)


def served(there: Site, repeat: int) -> list[Row]:
    """The page over HTTP, without a browser."""
    spent, body = [], b""
    for _ in range(repeat + 1):
        began = time.perf_counter()
        body = _open(there)
        spent.append(time.perf_counter() - began)
    kib = len(body) / 1024
    note = f"{len(gzip.compress(body, 6)) / 1024:,.0f} KiB with gzip"
    return [
        _row("the page, served", spent[1:]),
        Row(who="journeymap", question="its HTML", best=kib, unit="KiB", note=note),
    ]


def shown(there: Site, repeat: int) -> list[Row]:
    """The page in Chromium, with warm files, from the click to the end of its load."""
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1440, "height": 1000})
        context.add_cookies([{"name": "sessionid", "value": there.session, "url": there.url}])
        page = context.new_page()
        loads: list[dict[str, Any]] = []
        layouts = []
        for _ in range(repeat + 1):
            page.goto(there.url + there.path, wait_until="load")
            loads.append(page.evaluate(IN_BROWSER))
            layouts.append(page.evaluate(LAYOUT) / 1e3)
        browser.close()
    note = f"{loads[-1]['nodes']:,} elements"
    return [
        _row("the page, loaded by Chromium", [load["load"] / 1e3 for load in loads[1:]], note),
        _row("all of it laid out again", layouts[1:]),
    ]


def _open(there: Site) -> bytes:
    request = urllib.request.Request(there.url + there.path, headers={"Cookie": f"sessionid={there.session}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def _row(question: str, seconds: list[float], note: str = "") -> Row:
    return Row(
        who="journeymap", question=question, best=min(seconds) * 1e3, median=float(np.median(seconds)) * 1e3, note=note
    )


if __name__ == "__main__":
    sys.exit(main())
