"""All benchmarks, or the named ones, one after another in processes of their own, as one table. See README.md here."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench.machine import machine
from bench.part import Options, options_of, parser
from bench.report import Part, Row, markdown

PARTS = ("flow", "analyses", "scaling", "cold", "cardinality", "page", "products")


def main() -> int:
    arguments = parser(__doc__)
    arguments.add_argument("parts", nargs="*", metavar="part", help=f"some of: {', '.join(PARTS)}")
    given = arguments.parse_args()
    unknown = [name for name in given.parts if name not in PARTS]
    if unknown:
        arguments.error(f"there is no part {unknown[0]}; choose from {', '.join(PARTS)}")
    options = options_of(given)
    parts = [_run(name, options) for name in given.parts or PARTS]
    table = markdown(machine(options.threads), parts)
    print(table)
    _keep(options, parts, table)
    failed = [part.name for part in parts if not part.passed]
    if failed:
        print(f"ANOTHER ANSWER, or none: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(name: str, options: Options) -> Part:
    """The rows of a part; what it prints itself goes to standard error, for those who wait."""
    with tempfile.TemporaryDirectory() as directory:
        found = Path(directory) / "part.json"
        arguments = {
            "--events": options.events,
            "--threads": options.threads,
            "--repeat": options.repeat,
            "--peer-repeat": options.peer_repeat,
            "--directory": options.directory,
            "--json": found,
        }
        words = [str(word) for pair in arguments.items() for word in pair]
        print(f"── {name}", file=sys.stderr, flush=True)
        done = subprocess.run([sys.executable, "-m", f"bench.{name}", *words], stdout=sys.stderr, check=False)
        if not found.exists():
            row = Row(who=name, question="did not finish", same=False, note=f"status {done.returncode}")
            return Part(name, name, [row])
        return Part.from_json(json.loads(found.read_text()))


def _keep(options: Options, parts: list[Part], table: str) -> None:
    now = datetime.now(UTC)
    results = options.directory / "results"
    results.mkdir(parents=True, exist_ok=True)
    data = {
        "at": now.isoformat(timespec="seconds"),
        "machine": machine(options.threads),
        "events": options.events,
        "parts": [part.to_json() for part in parts],
    }
    stem = now.strftime("%Y%m%dT%H%M%SZ")
    (results / f"{stem}.json").write_text(json.dumps(data, indent=1))
    (results / f"{stem}.md").write_text(table + "\n")


if __name__ == "__main__":
    sys.exit(main())
