"""Virtual environments for peers that are no part of the product."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


class NotInstallable(Exception):
    """A peer cannot be had on this machine; the text says why."""


def python_of(directory: Path, peer: str) -> str:
    """A Python that has what ``requirements-<peer>.txt`` lists; its environment is made once.

    Raises
    ------
    NotInstallable
    """
    home = directory / f"venv-{peer}"
    python = home / "bin" / "python"
    wanted = Path(__file__).parents[1] / f"requirements-{peer}.txt"
    done = home / "installed.txt"
    if not done.exists() or done.read_text() != wanted.read_text():
        made = _run(sys.executable, "-m", "venv", "--clear", str(home))
        made = made or _run(str(python), "-m", "pip", "install", "--quiet", "-r", str(wanted))
        if made:
            raise NotInstallable(f"{peer} cannot be installed:\n{made[-2000:]}")
        done.write_text(wanted.read_text())
    return str(python)


def _run(*command: str) -> str:
    """What a command that failed had to say."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stderr or done.stdout or "no output") if done.returncode else ""
