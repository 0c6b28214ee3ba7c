"""Worker processes and threads: the same result beside the caller as in it, none left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from flows import parallel, scratch
from flows.pipeline import Direct, Settings, refresh
from flows.publish.warehouse import Warehouse, current_release_id, read_tables
from tests.flows.test_validate import put

PAGE = "Abstract:{} is odd.\n\nAbstract:{} is even.\n"


def raw(folder: Path) -> Path:
    return put(
        folder / "raw",
        a__one=PAGE.format("One", "Two"),
        a__bad="Abstract:\n\nAbstract:Three is odd.\n",
        b__two=PAGE.format("Three", "Four"),
    )


def process_of(_name: str) -> int:
    return os.getpid()


def test_small_work_stays_here_and_large_work_goes_apart() -> None:
    large = parallel.WORTH_A_PROCESS
    assert parallel.apart(large, process_of, "x") == os.getpid()
    with parallel.worker_processes([large, 5, large]):
        assert parallel.apart(5, process_of, "x") == os.getpid()
        assert parallel.apart(large, process_of, "x") != os.getpid()
    with parallel.worker_processes([large, 5]):
        assert parallel.apart(large, process_of, "x") == os.getpid()


def test_an_error_apart_is_raised_here() -> None:
    large = parallel.WORTH_A_PROCESS
    with parallel.worker_processes([large, large]), pytest.raises(FileNotFoundError):
        parallel.apart(large, os.stat, "/no/such/file")


def test_a_release_is_the_same_read_here_or_apart(tmp_path, monkeypatch) -> None:
    folder = raw(tmp_path)
    outcomes = [refresh(Settings(folder, tmp_path / "here"), Direct(), print)]
    monkeypatch.setattr(parallel, "WORTH_A_PROCESS", 1)
    outcomes.append(refresh(Settings(folder, tmp_path / "apart"), Direct(), print))
    assert [outcome.exit_code for outcome in outcomes] == [0, 0]
    releases = [
        read_tables(house, current_release_id(house) or "")
        for house in (Warehouse(tmp_path / "here"), Warehouse(tmp_path / "apart"))
    ]
    for name in set(releases[0]) - {"refreshes"}:
        assert releases[0][name].equals(releases[1][name]), name


KILLED = """
import os, signal, sys, time
from flows import parallel, scratch
if __name__ == "__main__":
    large = parallel.WORTH_A_PROCESS
    with parallel.worker_processes([large, large]):
        print(parallel.apart(large, os.getpid), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_when_their_parent_is_killed(tmp_path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    worker = int(done.stdout.split()[0])
    end = time.monotonic() + 30
    while time.monotonic() < end and Path(f"/proc/{worker}").exists():
        status = Path(f"/proc/{worker}/status")
        if status.exists() and "Z (zombie)" in status.read_text():
            break
        time.sleep(0.1)
    else:
        assert not Path(f"/proc/{worker}").exists()


def test_threads_keep_the_order_and_work_ahead_on_a_few_items_only() -> None:
    drawn = []

    def items() -> Iterator[int]:
        for number in range(50):
            drawn.append(number)
            yield number

    results = parallel.in_order(lambda number: number * number, items())
    assert next(results) == 0
    assert len(drawn) <= parallel.cores() + 1
    assert list(results) == [number * number for number in range(1, 50)]


def test_what_a_thread_raises_reaches_the_caller_behind_what_came_before_it() -> None:
    def halved(number: int) -> int:
        if number == 3:
            raise ValueError("3 is odd enough")
        return number // 2

    results = parallel.in_order(halved, range(10))
    assert [next(results) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ValueError, match="odd enough"):
        next(results)


def test_threads_query_frames_side_by_side() -> None:
    def total(number: int) -> int:
        with scratch.cursor() as cursor:
            cursor.register("numbers", pl.DataFrame({"number": range(number)}))
            [(answer,)] = cursor.sql("SELECT count(*) FROM numbers").fetchall()
            return answer

    assert list(parallel.in_order(total, range(100))) == list(range(100))


def test_no_module_of_ours_hides_one_of_python() -> None:
    """Prefect puts the folder of a flow on the path, and processes started then inherit it."""
    ours = {path.stem for path in Path(parallel.__file__).parent.iterdir()}
    assert not ours & sys.stdlib_module_names
