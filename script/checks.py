"""Runs the checks one after another, pytest last, all on one pair of servers. Called by `test`."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from journeymap import embedded  # noqa: E402

BIN = ROOT / ".venv" / "bin"
PYTEST = [BIN / "python", "-m", "pytest"]


def checks() -> dict[str, list[str | Path]]:
    python = BIN / "python"
    templates = sorted(
        file for folder in (ROOT / "templates", *ROOT.glob("*/templates")) for file in folder.rglob("*.html")
    )
    return {
        "ruff check": [BIN / "ruff", "check"],
        "ruff format": [BIN / "ruff", "format", "--check"],
        "djade": [BIN / "djade", "--check", *templates],
        "mypy": [BIN / "mypy"],
        "import-linter": [BIN / "lint-imports"],
        "migrations": [python, "manage.py", "makemigrations", "--check", "--dry-run"],
        "django check": [python, "manage.py", "check"],
        # Once, so that the processes of the tests do not all do it at the same time.
        "kernels": [python, "manage.py", "compile_kernels"],
        "pytest": [*PYTEST, "-n", "auto"],
    }


def main() -> int:
    os.chdir(ROOT)
    # Tools installed beside each other find each other, with or without an activated environment.
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    embedded.attach()
    if sys.argv[1:]:
        return subprocess.run([*PYTEST, *sys.argv[1:]], check=False).returncode
    failed = []
    for name, command in checks().items():
        print(f"\n── {name}", flush=True)
        began = time.monotonic()
        if subprocess.run(command, check=False).returncode != 0:
            failed.append(name)
        print(f"── {name}: {'FAILED' if name in failed else 'ok'}, {time.monotonic() - began:.1f} s", flush=True)
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
