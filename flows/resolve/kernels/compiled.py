"""How a function of arrays is compiled, and run on all cores."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import numba

from flows.parallel import cores

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

LARGE = 4 * 1024 * 1024
_M_MMAP_THRESHOLD = -3


def kernel(function: F) -> F:
    """Return the function compiled to machine code, without the interpreter's lock.

    The code is kept beside the module, or in the user's cache folder; where neither can be written,
    each process compiles anew.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        return cast("F", numba.njit(cache=True, **options)(function))
    except RuntimeError:  # no folder to keep it in
        return cast("F", numba.njit(**options)(function))


def in_parts(count: int, least: int, function: Callable[[int, int], T]) -> list[T]:
    """Return what `function` gives for parts (start, end) of `count` things, in order.

    The parts run side by side, one for each core, none with fewer than `least` things.
    """
    parts = max(1, min(cores(), count // max(least, 1)))
    edges = [count * part // parts for part in range(parts + 1)]
    if parts == 1:
        return [function(0, count)]
    with ThreadPoolExecutor(parts) as threads:
        return list(threads.map(function, edges[:-1], edges[1:]))


def return_large_arrays() -> None:
    """Have the C library give arrays of LARGE bytes back to the system once they are done with.

    glibc learns to keep room of the size it was asked for, and what stays is then strewn over it: a
    large input would take twice its memory. See mallopt(3), which other C libraries lack.
    """
    try:
        adjust = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    adjust(_M_MMAP_THRESHOLD, LARGE)
