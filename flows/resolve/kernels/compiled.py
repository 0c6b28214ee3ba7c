"""How a function of arrays is compiled, and run on all cores."""

from __future__ import annotations

import ctypes
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config

from flows.parallel import cores

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

LARGE = 4 * 1024 * 1024
_M_MMAP_THRESHOLD = -3
# Numba makes its settings up as it is loaded.
_FOLDER = "CACHE_DIR"


def kernel(function: F) -> F:
    """Return the function compiled to machine code, without the interpreter's lock.

    The code is kept beside the module, or in the user's cache folder; where neither can be written,
    each process compiles anew.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    before = getattr(config, _FOLDER)
    setattr(config, _FOLDER, _cache_folder())
    try:
        return cast("F", numba.njit(cache=True, **options)(function))
    except RuntimeError:  # no folder to keep it in
        return cast("F", numba.njit(**options)(function))
    finally:
        setattr(config, _FOLDER, before)


@cache
def _cache_folder() -> str:
    """Return a folder for the code compiled from these kernels as they are now.

    A kernel takes up others from other modules, of whose changes its own cache knows nothing.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(here.glob("*.py")):
        digest.update(path.read_bytes())
    name = f"kernels-{digest.hexdigest()[:16]}"
    beside = here / "__pycache__" / name
    try:
        beside.mkdir(parents=True, exist_ok=True)
    except OSError:
        return str(
            Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "bibmill" / name
        )
    return str(beside)


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
