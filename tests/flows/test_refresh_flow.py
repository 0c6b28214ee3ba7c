"""The refresh as a Prefect flow: on a server, without one, and what Prefect adds to the stages."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from pathlib import Path

import polars as pl
import pytest

from flows.extract import DumpChangedError
from flows.orchestration import ENVIRONMENT, prepare_environment
from tests.processes import BIN, PATIENCE, run_bibmill, wait_until, without_prefect

ROOT = Path(__file__).parents[2]

ABSTRACTS = "Abstract:We count leaves, branch by branch.\n\nAbstract:We weigh rivers at night.\n"

# Loaded by every Python of a run: writes down each address that is not of this machine.
WATCH = """
import os, sys
def _watch(event, arguments):
    if event == "socket.getaddrinfo" or event == "socket.connect":
        place = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
        host = place[0] if isinstance(place, tuple) else place
        if str(host) not in ("127.0.0.1", "localhost", "::1", "None"):
            with open(os.environ["WATCH_FILE"], "a") as file:
                file.write(f"{event} {place}\\n")
sys.addaudithook(_watch)
"""


# Reads a dump as the flow's task does, while a line is added to it once.
GROWING = """
import sys
from pathlib import Path
from prefect import flow
from flows import extract, refresh, stages
from flows.sources import find_dumps

raw = Path(sys.argv[1])
[dump] = [dump for dump in find_dumps(raw) if dump.relative.endswith("one.txt")]
digests = []
digest = extract.file_digest

def grow(path):
    digests.append(path)
    found = digest(path)
    if len(digests) == 1:
        with path.open("a") as file:
            file.write("\\nAbstract:We wait for rain.\\n")
    return found

extract.file_digest = grow
[extracted] = flow(lambda: refresh.Tasks().each(stages.extract_staged, [dump], raw / "staging"))()
print(extracted.read_count, len(digests))
"""


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    source = tmp_path / "raw" / "pages"
    source.mkdir(parents=True)
    (source / "one.txt").write_text(ABSTRACTS)
    (source / "it's {two}.txt").write_text(ABSTRACTS.replace("leaves", "roots"))
    return tmp_path / "raw"


def processor_seconds() -> float:
    """Processor time of the processes started so far: other load on the machine hardly counts."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def flow_runs(server, warehouse: Path) -> list[dict]:
    runs = server.post("flow_runs/filter", {"sort": "START_TIME_ASC"})
    return [run for run in runs if run["parameters"].get("warehouse") == str(warehouse)]


def task_runs(server, flow_run_id: str) -> dict[str, str]:
    """Name and state of the task runs that the server has recorded by now."""
    found = server.post("task_runs/filter", {"flow_runs": {"id": {"any_": [flow_run_id]}}})
    return {run["name"]: run["state"]["type"] for run in found}


def published_releases(server) -> list[str]:
    """The releases whose publication the server has recorded as an event by now."""
    published = {"event": {"name": ["bibmill.release.published"]}}
    events = server.post("events/filter", {"filter": published})["events"]
    return [event["payload"]["release_id"] for event in events]


def artifacts(server, flow_run_id: str) -> dict[str, dict]:
    body = {"artifacts": {"flow_run_id": {"any_": [flow_run_id]}}}
    return {found["key"]: found for found in server.post("artifacts/filter", body)}


def test_a_run_shows_up_on_the_server_with_tasks_artifacts_and_event(server, raw, tmp_path):
    (raw / "pages" / "broken.bin").write_bytes(bytes(range(256)) * 8)
    warehouse = tmp_path / "warehouse"

    done = run_bibmill(
        ["refresh", "--raw", str(raw), "--warehouse", str(warehouse)], server.environment, tmp_path
    )

    assert done.returncode == 0, done.stderr
    [run] = flow_runs(server, warehouse)
    assert run["state"]["type"] == "COMPLETED"
    release_id = (warehouse / "current").resolve().name
    assert release_id in run["state"]["message"]
    dumps = ["pages/broken.bin", "pages/it's {two}.txt", "pages/one.txt"]
    expected = {f"extract {dump}" for dump in dumps}

    def all_recorded():
        """Whether the tasks are there and at their end: the server records them in its time."""
        tasks = task_runs(server, run["id"])
        started = {name for name in tasks if name.startswith("extract")} == expected
        ended = not set(tasks.values()) & {"SCHEDULED", "PENDING", "RUNNING"}
        published = any(name.startswith("publish") for name in tasks)
        return tasks if started and ended and published else None

    tasks = wait_until(all_recorded, "the server has recorded the tasks")
    assert tasks["extract pages/one.txt"] == "COMPLETED"

    shown = artifacts(server, run["id"])
    assert set(shown) == {"checks", "rejects", "release"}
    checks = json.loads(shown["checks"]["data"])
    assert {"check", "severity", "passed"} <= set(checks[0])
    assert sum(row["rejects"] for row in json.loads(shown["rejects"]["data"])) == 1
    assert release_id in shown["release"]["data"]

    wait_until(
        lambda: release_id in published_releases(server), "the server has recorded the event"
    )


def test_the_console_shows_the_lines_of_bibmill_only(server, raw, tmp_path):
    (raw / "pages" / "broken.bin").write_bytes(bytes(range(256)) * 8)

    done = run_bibmill(["refresh", "--raw", str(raw)], server.environment, tmp_path)

    assert done.returncode == 0, done.stderr
    assert "broken.bin" in done.stdout + done.stderr
    for noise in ("Traceback", "| INFO", "| ERROR", "Flow run", "Task run"):
        assert noise not in done.stdout + done.stderr


def test_a_refresh_that_publishes_nothing_fails_on_the_server_too(server, raw, tmp_path):
    (raw / "pages" / "broken.bin").write_bytes(bytes(range(256)) * 8)
    warehouse = tmp_path / "warehouse"

    done = run_bibmill(
        ["refresh", "--strict", "--raw", str(raw), "--warehouse", str(warehouse)],
        server.environment,
        tmp_path,
    )

    assert done.returncode == 1, done.stderr
    [run] = flow_runs(server, warehouse)
    assert run["state"]["type"] == "FAILED"
    assert not (warehouse / "current").exists()
    assert "Nothing published" in artifacts(server, run["id"])["release"]["data"]


def test_nothing_to_work_on_is_one_line_and_exit_code_2(server, tmp_path):
    done = run_bibmill(["refresh", "--raw", "nowhere"], server.environment, tmp_path)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "nowhere" in done.stderr


def test_a_server_that_does_not_answer_is_one_line_and_exit_code_2(raw, tmp_path):
    environment = without_prefect(tmp_path, PREFECT_API_URL="http://127.0.0.1:9/api")

    done = run_bibmill(["refresh", "--raw", str(raw)], environment, tmp_path)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "http://127.0.0.1:9/api" in done.stderr
    assert "--direct" in done.stderr


def test_without_a_server_it_is_quiet_private_and_hardly_dearer_than_an_empty_flow(raw, tmp_path):
    watch = tmp_path / "watch"
    watch.mkdir()
    (watch / "sitecustomize.py").write_text(WATCH)
    path = os.pathsep.join(filter(None, [str(watch), os.environ.get("PYTHONPATH")]))
    watched = {"PYTHONPATH": path, "WATCH_FILE": str(tmp_path / "addresses")}
    (tmp_path / "empty.py").write_text(
        "from flows.orchestration import prepare_environment\n"
        "prepare_environment()\n"
        "from prefect import flow\n"
        "flow(lambda: None, name='empty')()\n"
    )

    begin = processor_seconds()
    ours = run_bibmill(
        ["refresh", "--raw", str(raw)], without_prefect(tmp_path / "home", **watched), tmp_path
    )
    between = processor_seconds()
    subprocess.run(
        [BIN / "python", "empty.py"],
        env=without_prefect(tmp_path / "other-home", **watched),
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    end = processor_seconds()

    assert ours.returncode == 0, ours.stderr
    assert "Published" in ours.stdout
    assert "Prefect" not in ours.stdout + ours.stderr
    assert "locked" not in ours.stdout + ours.stderr
    assert not (tmp_path / "addresses").exists(), (tmp_path / "addresses").read_text()
    assert between - begin <= 1.5 * (end - between)


def test_what_the_user_has_set_stands(monkeypatch):
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "true")

    prepare_environment()

    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "true"
    assert os.environ["DO_NOT_TRACK"] == "1"
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, os.environ[name])  # so that monkeypatch takes it back


def test_both_entrypoints_load(monkeypatch):
    monkeypatch.chdir(ROOT)
    flows = pytest.importorskip("prefect.flows")

    for entrypoint in ("flows/refresh.py:refresh", "flows.refresh.refresh"):
        flow = flows.load_flow_from_entrypoint(entrypoint)
        parameters = flow.parameters.properties
        assert list(parameters) == ["raw", "warehouse", "full", "dry_run", "strict"]
        assert parameters["raw"]["default"] == "raw"
        assert all(described["description"] for described in parameters.values())


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(5, "Input/output error"), True),
        (DumpChangedError("It grew."), True),
        (PermissionError(13, "Permission denied"), False),
        (FileNotFoundError(2, "No such file"), False),
        (ValueError("a bug"), False),
    ],
)
def test_reading_is_retried_where_a_retry_helps(error, expected):
    from prefect.states import Failed

    from flows.refresh import is_worth_retrying

    assert is_worth_retrying(None, None, Failed(data=error)) is expected


def test_a_dump_that_changes_while_it_is_read_is_read_again(server, raw, tmp_path):
    """The file grows during its first reading; the second reading finds it at rest."""
    script = tmp_path / "grow.py"
    script.write_text(GROWING)

    done = subprocess.run(
        [BIN / "python", script, raw],
        env=server.environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["3", "2"]  # entries read, readings


def test_rejects_are_counted_by_reason_most_frequent_first():
    from flows.refresh import as_rows, rejects_by_reason

    rejects = pl.DataFrame(
        {
            "stage": ["validate", "validate", "extract"],
            "column": ["authors", "authors", None],
            "check": ["authors_named", "authors_named", "readable"],
            "message": ["b", "a", "c"],
        }
    )

    empty_name = {"stage": "validate", "column": "authors", "check": "authors_named"}
    assert as_rows(rejects_by_reason(rejects)) == [
        {**empty_name, "rejects": 2, "example": "a"},
        {"stage": "extract", "column": None, "check": "readable", "rejects": 1, "example": "c"},
    ]
