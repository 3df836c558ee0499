"""Runs the checks, as many at a time as there are processors, then pytest, all on one pair of servers.

Called by `test`.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from journeymap import embedded  # noqa: E402

BIN = ROOT / ".venv" / "bin"
PYTEST = [BIN / "python", "-m", "pytest"]
PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# One process of tests more than processors, because tests wait for browsers and servers. Who is done early takes over
# from the others.
SHARED_OUT = ["-n", str(PROCESSORS + 1), "--dist", "worksteal"]


def checks() -> dict[str, list[str | Path]]:
    """What stands before pytest; what takes longest comes first."""
    python = BIN / "python"
    templates = sorted(
        file for folder in (ROOT / "templates", *ROOT.glob("*/templates")) for file in folder.rglob("*.html")
    )
    return {
        "mypy": [BIN / "mypy"],
        # Once, so that the processes of the tests do not all do it at the same time.
        "kernels": [python, "manage.py", "compile_kernels"],
        "migrations": [python, "manage.py", "makemigrations", "--check", "--dry-run"],
        "django check": [python, "manage.py", "check"],
        "import-linter": [BIN / "lint-imports"],
        "ruff check": [BIN / "ruff", "check"],
        "ruff format": [BIN / "ruff", "format", "--check"],
        "djade": [BIN / "djade", "--check", *templates],
    }


@dataclass
class Outcome:
    name: str
    holds: bool
    seconds: float
    said: str = ""

    def tell(self) -> None:
        print(f"\n── {self.name}\n{self.said}", end="")
        print(f"── {self.name}: {'ok' if self.holds else 'FAILED'}, {self.seconds:.1f} s", flush=True)


def run(name: str, command: list[str | Path]) -> Outcome:
    began = time.monotonic()
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return Outcome(name, done.returncode == 0, time.monotonic() - began, done.stdout)


def main() -> int:
    os.chdir(ROOT)
    # Tools installed beside each other find each other, with or without an activated environment.
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    embedded.attach()
    if sys.argv[1:]:
        return subprocess.run([*PYTEST, *sys.argv[1:]], check=False).returncode
    failed = []
    with ThreadPoolExecutor(PROCESSORS) as pool:
        for outcome in pool.map(run, *zip(*checks().items(), strict=True)):
            outcome.tell()
            failed += [] if outcome.holds else [outcome.name]
    print("\n── pytest", flush=True)
    began = time.monotonic()
    holds = subprocess.run([*PYTEST, *SHARED_OUT], check=False).returncode == 0
    failed += [] if holds else ["pytest"]
    print(f"── pytest: {'ok' if holds else 'FAILED'}, {time.monotonic() - began:.1f} s", flush=True)
    # Behind pytest's own closing line only what makes the whole fail.
    if failed:
        print(f"\nFailed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except embedded.EmbeddedError as error:
        sys.exit(f"The servers for the tests do not start: {error}")
