"""The machine's cores: threads for chunks of a dump, processes for large dumps side by side.

Reading XML or BibTeX is Python's work, which threads of one process cannot share. Small dumps are
read where they are called from, since a process takes a second to start.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")

WORTH_A_PROCESS = 16 * 1024 * 1024
"""Bytes of a dump from which on starting a process pays."""

_pool: ProcessPoolExecutor | None = None


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def worker_processes(sizes: list[int]) -> Iterator[None]:
    """Have worker processes at hand for `apart`, where several dumps of these sizes deserve one."""
    global _pool  # noqa: PLW0603 - stages are called by name, with nothing but their data
    large = sum(size >= WORTH_A_PROCESS for size in sizes)
    workers = min(cores(), large)
    if workers < 2:
        yield
        return
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_end_with_parent
    ) as pool:
        _pool = pool
        try:
            yield
        finally:
            _pool = None


def apart(size: int, function: Callable[..., T], *arguments: Any) -> T:
    """Return what `function` returns, run in a worker process if there are any and `size`, the
    bytes of its dump, is worth it."""
    if _pool is None or size < WORTH_A_PROCESS:
        return function(*arguments)
    return _pool.submit(function, *arguments).result()


def in_order(function: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
    """Yield what `function` returns for each item, in order; threads work ahead on a few of them.

    For functions that leave Python for most of their time, as Polars, Arrow and DuckDB do.
    """
    ahead = cores()
    with ThreadPoolExecutor(ahead) as threads:
        pending: deque[Future[T]] = deque()
        for item in items:
            pending.append(threads.submit(function, item))
            if len(pending) >= ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _end_with_parent() -> None:
    """Have this process end when its parent is killed, which leaves it nothing to wait for."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
