"""Makes the virtual environment and installs the pinned requirements. Standard library only; see `bootstrap`."""

import argparse
import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import fetch_pip

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
FILES = {"runtime": ["requirements.txt"], "dev": ["requirements.txt", "requirements-dev.txt"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also install what tests and checks need")
    kind = "dev" if parser.parse_args().dev else "runtime"
    if is_done(kind):
        return
    # A lock on the directory itself: it leaves no file behind, and the kernel frees it however this ends.
    directory = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    if not is_done(kind):
        install(kind)


def stamp(kind: str) -> Path:
    return VENV / f".installed-{kind}"


def fingerprint(kind: str) -> str:
    """Of everything that decides what is installed: the files, the Python they are installed for, and the place."""
    digest = hashlib.sha256(f"{python_of_venv()} {VENV}".encode())
    for name in FILES[kind]:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def python_of_venv() -> str:
    """The version of the environment's Python; empty if there is none that works."""
    probe = "import sys; print(sys.version if sys.prefix != sys.base_prefix and sys.version_info >= (3, 11) else '')"
    try:
        answer = subprocess.run([PYTHON, "-c", probe], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def is_done(kind: str) -> bool:
    try:
        return stamp(kind).read_text() == fingerprint(kind)
    except FileNotFoundError:
        return False


def install(kind: str) -> None:
    for each in FILES:
        stamp(each).unlink(missing_ok=True)
    if not python_of_venv():
        make_venv()
    if not has_pip():
        add_pip()
    files = [word for name in FILES[kind] for word in ("-r", name)]
    say(f"Installing {' and '.join(FILES[kind])} into .venv; this is done once and takes a few minutes …")
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    run([PYTHON, "-m", "pip", "install", *quiet, *files], "The requirements could not be installed; see above.")
    # Whatever is installed for development includes what is needed at runtime.
    for each in FILES if kind == "dev" else ["runtime"]:
        stamp(each).write_text(fingerprint(each))


def make_venv() -> None:
    say(f"Making .venv with Python {sys.version.split()[0]} …")
    # Without pip: Debian's Python cannot add it unless python3-venv is installed, and then fails half-way.
    run(
        [sys.executable, "-m", "venv", "--clear", "--without-pip", VENV],
        "Python cannot make a virtual environment; on Debian or Ubuntu: apt install python3-venv.",
    )


def has_pip() -> bool:
    return subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def add_pip() -> None:
    if subprocess.run([PYTHON, "-m", "ensurepip"], capture_output=True, check=False).returncode == 0:
        return
    say("This Python comes without pip; fetching it …")
    try:
        wheel = fetch_pip.fetch(VENV)
    except fetch_pip.FetchError as error:
        sys.exit(str(error))
    try:
        # A wheel of pip can run itself to install itself.
        run([PYTHON, wheel / "pip", "install", "--quiet", "--no-index", wheel], "pip could not be installed.")
    finally:
        wheel.unlink()


def run(command: list[str | Path], complaint: str) -> None:
    if subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode != 0:
        sys.exit(complaint)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Interrupted; run the same command again to go on.")
