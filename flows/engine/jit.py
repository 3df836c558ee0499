"""The one way a kernel is compiled: without the interpreter lock, and kept on disk for the next process."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import njit

F = TypeVar("F", bound=Callable[..., object])

# Kernels only borrow the arrays that they are given. Counting references at every call would double the time of short
# ones, so it is off (_nrt); in return a kernel cannot make arrays.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}


def _own_cache() -> None:
    """Keep compiled kernels apart by the engine's source: the compiler's cache watches only the file of a kernel, not
    those of the parts that it inlines, so a changed part would go unnoticed."""
    config: Any = numba.config
    here = Path(__file__).parent
    sources = b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))
    base = Path(config.CACHE_DIR or here / "__pycache__")
    with contextlib.suppress(OSError):
        base.mkdir(parents=True, exist_ok=True)
    if os.access(base, os.W_OK):
        config.CACHE_DIR = str(base / f"kernels-{hashlib.sha256(sources).hexdigest()[:16]}")


_own_cache()


def kernel(function: F) -> F:
    """Compile on first use."""
    return cast(F, njit(cache=True, **_OPTIONS)(function))


def inlined(function: F) -> F:
    """A part of a kernel, put in its place before compiling."""
    return cast(F, njit(inline="always", **_OPTIONS)(function))
