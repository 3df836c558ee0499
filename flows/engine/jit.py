"""The one way a kernel is compiled: without the interpreter lock, and kept on disk for the next process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """Compile on first use. A kernel calls only kernels of its own module: the disk cache watches one file a kernel."""
    return cast(F, njit(_nrt=False, nogil=True, cache=True, error_model="numpy")(function))
