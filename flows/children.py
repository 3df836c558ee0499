"""Programs that do their work in a process of their own, which may neither take much memory nor much time.

For libraries that a hostile file can make abort, and for those that keep what they have used: the process of the
pages lives on, and knows secrets that these programs are not told.
"""

import subprocess
import sys
from pathlib import Path


class Failed(Exception):
    """The program ended without an answer."""


class OverLimit(Failed):
    """It was stopped at one of its limits."""


def run(program: Path, *arguments: str, data: bytes, seconds: int, **environment: str) -> bytes:
    """What `program`, which sets its own limits, answers to `data`. Raises Failed, or OverLimit."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", program, *arguments],
            input=data,
            capture_output=True,
            env=environment,
            timeout=seconds,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise OverLimit(f"{program.name} took longer than {seconds} s.") from None
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace")[-2_000:]
        if error.returncode < 0 or "MemoryError" in last:
            raise OverLimit(last) from None
        raise Failed(last) from None
    return done.stdout
