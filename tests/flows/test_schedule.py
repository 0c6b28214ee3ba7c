"""The scheduled refresh on a real server: it fires, runs one at a time, and catches up once."""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest

from flows.publish.warehouse import Warehouse
from flows.schedule import local_timezone
from tests.processes import (
    BIN,
    PrefectServer,
    background,
    run_bibmill,
    wait_until,
    without_prefect,
)

NEVER_SOON = "0 0 1 1 *"
EVERY_OTHER_SECOND = "* * * * * */2"  # the sixth field is one of seconds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "raw" / "pages"
    source.mkdir(parents=True)
    (source / "one.txt").write_text("Abstract:We count leaves.\n\nAbstract:We weigh rivers.\n")
    return tmp_path


def serving(server: PrefectServer, folder: Path, cron: str = NEVER_SOON):
    environment = {**server.environment, "PREFECT_RUNNER_POLL_FREQUENCY": "1"}
    command = [BIN / "bibmill", "serve", "--cron", cron]
    return background(command, environment, folder, folder / "serve.log")


def deployment(server: PrefectServer, folder: Path, cron: str = NEVER_SOON) -> dict:
    """The deployment, once `bibmill serve` in this folder has written its schedule."""
    warehouse = str(folder / "warehouse")

    def found():
        for each in server.post("deployments/filter"):
            crons = [kept["schedule"].get("cron") for kept in each["schedules"]]
            if crons == [cron] and each["parameters"]["warehouse"] == warehouse:
                return each
        return None

    return wait_until(found, "bibmill serve has registered its deployment")


def runs(server: PrefectServer, folder: Path) -> list[dict]:
    """The runs of this folder's deployment whose time has come."""
    due = {"expected_start_time": {"before_": dt.datetime.now(dt.UTC).isoformat()}}
    found = server.post("flow_runs/filter", {"flow_runs": due, "sort": "EXPECTED_START_TIME_DESC"})
    warehouse = str(folder / "warehouse")
    return [each for each in found if each["parameters"].get("warehouse") == warehouse]


def ask_for_a_run(server: PrefectServer, deployment_id: str) -> str:
    """The id of a run asked for by hand; the key lets the request be repeated."""
    body = {"idempotency_key": str(uuid4())}
    return server.post(f"deployments/{deployment_id}/create_flow_run", body)["id"]


def run(server: PrefectServer, run_id: str) -> dict:
    return server.get(f"flow_runs/{run_id}")


def in_state(server: PrefectServer, folder: Path, *types: str) -> list[dict]:
    return [each for each in runs(server, folder) if each["state"]["type"] in types]


def test_it_fires_and_a_missed_schedule_is_caught_up_once(server, folder):
    with serving(server, folder, EVERY_OTHER_SECOND) as first:
        fired = wait_until(
            lambda: in_state(server, folder, "COMPLETED"), "a scheduled run has completed"
        )
        assert fired[0]["auto_scheduled"]
        assert (folder / "warehouse" / "current").exists()
        os.killpg(first.pid, signal.SIGKILL)
    wait_until(lambda: len(in_state(server, folder, "SCHEDULED")) >= 3, "three runs are missed")
    known = {each["id"] for each in runs(server, folder) if each["state"]["type"] != "SCHEDULED"}

    with serving(server, folder):
        deployment(server, folder)
        wait_until(
            lambda: not in_state(server, folder, "SCHEDULED", "PENDING", "RUNNING"),
            "the missed runs are dealt with",
        )
        late = [each for each in runs(server, folder) if each["id"] not in known]
        outcomes = Counter(each["state"]["type"] for each in late)
        assert outcomes["COMPLETED"] == 1
        assert outcomes["CANCELLED"] >= 2
        assert set(outcomes) == {"COMPLETED", "CANCELLED"}
        [done] = [each for each in late if each["state"]["type"] == "COMPLETED"]
        reasons = {
            each["state"]["message"] for each in late if each["state"]["type"] == "CANCELLED"
        }
        assert reasons == {f"Missed; caught up by run {done['id']}."}


def test_one_refresh_at_a_time_also_against_one_started_by_hand(server, folder):
    with serving(server, folder):
        deployment_id = deployment(server, folder)["id"]
        warehouse = Warehouse(folder / "warehouse")
        warehouse.prepare()
        with warehouse.lock():  # as a refresh by hand holds it
            asked = [ask_for_a_run(server, deployment_id) for _ in range(2)]
            wait_until(
                lambda: "waiting: another refresh" in (folder / "serve.log").read_text(),
                "the run waits for the warehouse",
            )
            states = [run(server, each)["state"]["type"] for each in asked]
            assert sorted(states) == ["RUNNING", "SCHEDULED"]
            by_hand = run_bibmill(["refresh", "--direct"], server.environment, folder)
            assert by_hand.returncode == 2
            assert "nother refresh" in by_hand.stderr
        wait_until(
            lambda: all(run(server, each)["state"]["type"] == "COMPLETED" for each in asked),
            "both runs complete, one after the other",
        )
        first, second = sorted((run(server, each) for each in asked), key=lambda r: r["start_time"])
        ended, started = first["end_time"], second["start_time"]
        assert dt.datetime.fromisoformat(ended) <= dt.datetime.fromisoformat(started)


def test_the_place_of_a_killed_run_is_free_for_the_next(server, folder):
    with serving(server, folder) as first:
        deployment_id = deployment(server, folder)["id"]
        warehouse = Warehouse(folder / "warehouse")
        warehouse.prepare()
        with warehouse.lock():
            killed = ask_for_a_run(server, deployment_id)
            wait_until(lambda: run(server, killed)["state"]["type"] == "RUNNING", "it has started")
            os.killpg(first.pid, signal.SIGKILL)
    assert run(server, killed)["state"]["type"] == "RUNNING"  # nobody has told the server

    with serving(server, folder):
        wait_until(lambda: run(server, killed)["state"]["type"] == "CRASHED", "the server knows")
        next_run = ask_for_a_run(server, deployment_id)
        wait_until(
            lambda: run(server, next_run)["state"]["type"] == "COMPLETED", "the next completes"
        )


def test_the_schedule_outlives_the_process(server, folder):
    with serving(server, folder) as process:
        registered = deployment(server, folder)["last_polled"]
        wait_until(
            lambda: deployment(server, folder)["last_polled"] != registered,
            "it looks for due runs, and is ready for a signal",
        )
    assert process.returncode == 0
    assert not deployment(server, folder)["paused"]
    assert all(kept["active"] for kept in deployment(server, folder)["schedules"])


def test_without_a_server_it_says_how_to_start_one(folder):
    done = run_bibmill(["serve", "--cron", "0 6 * * *"], without_prefect(folder), folder)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "prefect server start" in done.stderr


@pytest.mark.parametrize("cron", ["daily", "61 6 * * *", ""])
def test_what_is_no_schedule_is_refused_before_any_server_is_asked(folder, cron):
    environment = without_prefect(folder, PREFECT_API_URL="http://127.0.0.1:9/api")

    done = run_bibmill(["serve", "--cron", cron], environment, folder)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "0 6 * * *" in done.stderr


def test_hours_are_those_of_the_machine_unless_tz_says_otherwise(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert local_timezone() == "Asia/Tokyo"
    monkeypatch.delenv("TZ")
    assert local_timezone()
