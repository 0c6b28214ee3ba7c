"""The refresh as a Prefect flow: one task for each stage, and one run of it for each dump.

Entrypoint `flows/refresh.py:refresh`. The sequence of the stages is in `flows.pipeline`; here is
only what Prefect adds to it: tasks, retries, artifacts, and the event of a published release.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import polars as pl
from prefect import Task, flow, get_run_logger, runtime, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.events import emit_event
from prefect.futures import wait
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows import orchestration, pipeline, schedule, stages

T = TypeVar("T")

DUMPS_AT_A_TIME: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=4)


@flow(name="refresh", task_runner=DUMPS_AT_A_TIME, persist_result=False)
def refresh(
    raw: str = "raw",
    warehouse: str = "warehouse",
    *,
    full: bool = False,
    dry_run: bool = False,
    strict: bool = False,
) -> State[pipeline.Outcome]:
    """Turn the dumps under `raw` into a release of `warehouse`.

    Args:
        raw: Folder of the dumps, one folder in it for each source.
        warehouse: Folder of the releases; made if absent.
        full: Rebuild everything, also when nothing changed.
        dry_run: Go through all stages and checks, and publish nothing.
        strict: Publish nothing if a dump cannot be read.

    """
    settings = pipeline.Settings(Path(raw), Path(warehouse), full, dry_run, strict)
    if runtime.deployment.id:
        schedule.take_over_missed_runs(runtime.deployment.id, runtime.flow_run.id)
        schedule.wait_for_warehouse(settings.warehouse, report)
    outcome = pipeline.refresh(settings, Tasks(), report)
    show(outcome)
    if outcome.is_published:
        announce(outcome)
    concluded = Completed if outcome.exit_code == 0 else Failed
    return concluded(message="\n".join(outcome.lines), data=outcome)


def is_worth_retrying(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether reading a dump once more may help: it changed meanwhile, or its disk failed."""
    hopeless = FileNotFoundError | IsADirectoryError | PermissionError
    error = state.result(raise_on_failure=False)
    return isinstance(error, OSError) and not isinstance(error, hopeless)


def as_task(stage: Callable[..., T], name: str, **options: Any) -> Task[..., T]:
    """Return the stage as a task: never cached, its result kept in memory only."""
    return task(name=name, cache_policy=NO_CACHE, persist_result=False, **options)(stage)


TASKS: dict[Callable[..., Any], Task[..., Any]] = {
    stages.extract_staged: as_task(
        stages.extract_staged,
        "extract",
        task_run_name="extract {dump.relative}",
        retries=2,
        retry_delay_seconds=[1, 5],
        retry_condition_fn=is_worth_retrying,
    ),
    stages.gather_evidence: as_task(stages.gather_evidence, "gather evidence"),
    stages.validate_staged: as_task(
        stages.validate_staged, "validate", task_run_name="validate {extracted.relative}"
    ),
    stages.collect_validated: as_task(stages.collect_validated, "collect"),
    stages.resolve_records: as_task(stages.resolve_records, "resolve"),
    stages.publish_tables: as_task(stages.publish_tables, "publish"),
}
"""Every stage function and its task."""


class Tasks:
    """Runs stages as Prefect tasks; see `pipeline.Runner`."""

    def one(self, stage: Callable[..., T], *arguments: Any) -> T:
        """Run one task and return its result, or raise what it raises."""
        return cast("T", TASKS[stage](*arguments))

    def each(
        self, stage: Callable[..., T], items: Sequence[Any], *arguments: Any
    ) -> list[T | Exception]:
        """Submit one task run for each item; what one raises stands in its place."""
        futures = [TASKS[stage].submit(item, *arguments) for item in items]
        wait(futures)
        return [future.result(raise_on_failure=False) for future in futures]


def report(line: str) -> None:
    """Write a line to the log of the run, and to the console of who started it by hand."""
    get_run_logger().info(line)
    if print_line := orchestration.console.get():
        print_line(line)


def show(outcome: pipeline.Outcome) -> None:
    """Leave what the refresh came to as artifacts: `checks`, `rejects` by reason, `release`."""
    if outcome.checks is not None:
        create_table_artifact(
            as_rows(outcome.checks.sort("passed", "severity", "check")),
            key="checks",
            description="What was checked before publication; failed ones first.",
        )
    if outcome.rejects is not None:
        create_table_artifact(
            as_rows(rejects_by_reason(outcome.rejects)),
            key="rejects",
            description="What could not become a valid record, by reason.",
        )
    create_markdown_artifact(
        summary(outcome), key="release", description="What the last refresh came to."
    )


def rejects_by_reason(rejects: pl.DataFrame) -> pl.DataFrame:
    """Count rejects by what they failed, with one example; the most frequent first."""
    reason = ["stage", "column", "check"]
    counted = rejects.group_by(reason).agg(rejects=pl.len(), example=pl.col("message").min())
    return counted.sort("rejects", *reason, descending=[True, False, False, False])


def as_rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame in JSON's types."""
    return cast("list[dict[str, Any]]", json.loads(frame.write_json()))


def summary(outcome: pipeline.Outcome) -> str:
    """Return the outcome in Markdown."""
    title = f"# Release {outcome.release_id}" if outcome.is_published else "# Nothing published"
    counts = [f"| {name} | {count:,} |" for name, count in outcome.counts.items()]
    table = ["| table | rows |", "|---|---:|", *counts] if counts else []
    return "\n".join([title, "", *(f"- {line}" for line in outcome.lines), "", *table])


def announce(outcome: pipeline.Outcome) -> None:
    """Emit `bibmill.release.published`, for automations that wait for a new release."""
    emit_event(
        event="bibmill.release.published",
        resource={
            "prefect.resource.id": f"bibmill.release.{outcome.release_id}",
            "prefect.resource.name": str(outcome.release_id),
        },
        payload={"release_id": outcome.release_id, "rows": outcome.counts},
    )
