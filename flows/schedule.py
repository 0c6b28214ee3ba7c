"""The scheduled refresh: a deployment kept alive, one run at a time, missed runs caught up once.

The flow is in `flows.refresh`. Prefect is imported inside the functions, because the environment
must be prepared before.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from flows.orchestration import prepare_environment, unreachable
from flows.publish.warehouse import Warehouse, WarehouseBusy, WarehouseUnwritable

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun, State, StateType
    from prefect.runner import Runner

DEPLOYMENT = "scheduled"
SECONDS_BETWEEN_LOOKS = 5


class ScheduleError(Exception):
    """There is no schedule to keep; the message says what to do."""


def serve(cron: str, raw: Path, warehouse: Path, report: Callable[[str], None] = print) -> None:
    """Refresh `warehouse` from `raw` whenever `cron` says so, until this process is stopped.

    The hours are those of this machine, or of the environment's TZ. Needs a running server, whose
    scheduler makes the runs. Raises ScheduleError where there is none, or no schedule in `cron`.
    """
    prepare_environment()
    import httpx
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.runner import Runner
    from prefect.schedules import Cron
    from prefect.settings import PREFECT_API_URL

    from flows.refresh import refresh

    if not PREFECT_API_URL.value():
        message = (
            "A schedule needs a running Prefect server: start one with `prefect server start`, then"
            " set PREFECT_API_URL=http://127.0.0.1:4200/api for this command."
        )
        raise ScheduleError(message)
    timezone = local_timezone()
    try:
        at = Cron(cron, timezone=timezone)
        refresh.to_deployment(DEPLOYMENT, schedule=at)  # refuses what is no schedule
    except ValueError as error:
        message = (
            f"'{cron}' in the time zone {timezone} is no schedule: write minute, hour, day, month"
            " and weekday, as in '0 6 * * *'."
        )
        raise ScheduleError(message) from error
    try:
        conclude_dead_runs(f"{refresh.name}/{DEPLOYMENT}", warehouse)
        runner = Runner(name=DEPLOYMENT, pause_on_shutdown=False, limit=1)
        runner.add_flow(
            refresh,
            name=DEPLOYMENT,
            schedule=at,
            parameters={"raw": str(raw.resolve()), "warehouse": str(warehouse.resolve())},
            description="bibmill's scheduled refresh",
            # One run at a time, whoever asks for it; a run that comes too early waits its turn.
            concurrency_limit=ConcurrencyLimitConfig(
                limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE
            ),
        )
        report(f"refreshes '{warehouse}' at '{cron}' ({timezone}), until Ctrl-C or SIGTERM")
        with suppress(KeyboardInterrupt):
            asyncio.run(until_stopped(runner))
    except (httpx.HTTPError, RuntimeError) as error:
        message = f"{unreachable(error)} The schedule stands; it goes on with the next `serve`."
        raise ScheduleError(message) from error


async def until_stopped(runner: Runner) -> None:
    """Let the runner look for due runs, until SIGTERM or Ctrl-C; a run at work is ended then.

    Prefect's own handler of SIGTERM leaves tracebacks.
    """
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(runner.start())
    await asyncio.sleep(0)  # the runner sets its handler
    stopping: list[asyncio.Task[None]] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: stopping.append(loop.create_task(runner.astop())))
    with suppress(asyncio.CancelledError):
        await running
    await asyncio.gather(*stopping)


def local_timezone() -> str:
    """Return the name of the time zone of this machine, or of the environment's TZ."""
    if name := os.environ.get("TZ"):
        return name
    _, found, name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")
    return name if found else "UTC"


def take_over_missed_runs(deployment_id: str, flow_run_id: str) -> None:
    """Cancel the other scheduled runs of the deployment that are due: this run does their work.

    After hours without a server or without `bibmill serve`, every missed tick has left a run, and
    Prefect would execute them all, one after another. Runs asked for by a person stay.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType
    from prefect.states import Cancelled

    now = dt.datetime.now(dt.UTC)
    with get_client(sync_client=True) as client:
        for run in runs_in(client, deployment_id, [StateType.SCHEDULED]):
            is_due = run.expected_start_time is not None and run.expected_start_time <= now
            if run.auto_scheduled and is_due and str(run.id) != flow_run_id:
                message = f"Missed; caught up by run {flow_run_id}."
                client.set_flow_run_state(run.id, Cancelled(message=message), force=True)


def wait_for_warehouse(warehouse: Path, report: Callable[[str], None]) -> None:
    """Return when no other refresh, such as one started by hand, works on the warehouse."""
    told = False
    while is_busy(warehouse):
        if not told:
            report(f"waiting: another refresh works on '{warehouse}'")
            told = True
        time.sleep(SECONDS_BETWEEN_LOOKS)


def is_busy(warehouse: Path) -> bool:
    """Whether a refresh holds the lock of the warehouse."""
    try:
        with Warehouse(warehouse).lock():
            return False
    except WarehouseBusy:
        return True
    except WarehouseUnwritable:
        return False  # the refresh itself says so


def conclude_dead_runs(deployment: str, warehouse: Path) -> None:
    """Mark runs as crashed that the server believes in although no refresh is at work.

    A killed process cannot say that it ended; its run would hold the only place for ever.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Crashed

    if is_busy(warehouse):
        return
    with get_client(sync_client=True) as client, suppress(ObjectNotFound):
        deployment_id = str(client.read_deployment_by_name(deployment).id)
        for run in runs_in(client, deployment_id, [StateType.RUNNING, StateType.PENDING]):
            killed: State[None] = Crashed(message="The process that ran it was killed.")
            client.set_flow_run_state(run.id, killed, force=True)


def runs_in(client: SyncPrefectClient, deployment_id: str, types: list[StateType]) -> list[FlowRun]:
    """Return all runs of a deployment that are in a state of one of the types."""
    from prefect.client.schemas import filters
    from prefect.client.schemas.sorting import FlowRunSort

    runs: list[FlowRun] = []
    while page := client.read_flow_runs(
        deployment_filter=filters.DeploymentFilter(
            id=filters.DeploymentFilterId(any_=[UUID(deployment_id)])
        ),
        flow_run_filter=filters.FlowRunFilter(
            state=filters.FlowRunFilterState(type=filters.FlowRunFilterStateType(any_=types))
        ),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
        offset=len(runs),
    ):
        runs += page
    return runs
