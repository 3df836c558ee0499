"""The one way a kernel is compiled: without the interpreter lock, and kept on disk for the next process."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., object])

LINE = 64  # bytes that the processor fetches at once

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


def _fetch(builder: Any, address: Any) -> None:
    pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
    function = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
    called = cgutils.get_or_insert_function(builder.module, function, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
    builder.call(called, [address, number(0), number(3), number(1)])  # to read, into every cache, data


def _prefetch(typing: Any, array: Any, at: Any) -> Any:
    def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, given[0]).data
        _fetch(builder, builder.bitcast(builder.gep(data, [given[1]]), ir.IntType(8).as_pointer()))
        return context.get_dummy_value()

    return types.void(array, types.intp), write


prefetch: Any = intrinsic(_prefetch)
"""Within a kernel: begin to bring element ``at`` of an array near. It need not exist."""


def _prefetch_address(typing: Any, address: Any) -> Any:
    def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        _fetch(builder, builder.inttoptr(given[0], ir.IntType(8).as_pointer()))
        return context.get_dummy_value()

    return types.void(types.int64), write


prefetch_address: Any = intrinsic(_prefetch_address)
"""The same of an address."""


def _peek(kind: Any) -> Any:
    def typed(typing: Any, address: Any, at: Any) -> Any:
        def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            data = builder.inttoptr(given[0], context.get_value_type(kind).as_pointer())
            return builder.load(builder.gep(data, [given[1]]))

        return kind(types.int64, types.intp), write

    return intrinsic(typed)


# Element ``at`` of the array at an address, for kernels that read any number of arrays; nothing is checked.
peek_uint64, peek_int64, peek_int32 = map(_peek, (types.uint64, types.int64, types.int32))


def addresses(arrays: Iterable[NDArray[Any]]) -> NDArray[np.int64]:
    """Where arrays begin, int64[arrays]; they must outlive the kernel that peeks into them, and be contiguous."""
    return np.array([array.ctypes.data for array in arrays], np.int64)
