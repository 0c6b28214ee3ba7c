"""Worker processes: the same result beside the caller as in it, and none is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows import parallel
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
from flows import parallel
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
