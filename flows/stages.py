"""The stages as a runner runs them: paths and small summaries in and out, frames as Parquet.

Each function reads what the one before it staged, calls one room, and stages what comes out.
"""

from __future__ import annotations

import datetime as dt
import resource
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.collect import Validated, collect
from flows.extract import Extracted, extract_dump
from flows.judgements import read_judgements
from flows.learned import read_weights
from flows.normalize.byline import BylineEvidence
from flows.parallel import apart
from flows.publish import publish_release
from flows.publish.changes import changes
from flows.publish.checks import blocking, run_checks
from flows.publish.manifest import read_manifest
from flows.publish.warehouse import Warehouse, read_tables
from flows.resolve import resolve
from flows.sources import JUDGEMENTS, FoundDump, Source, dump_size
from flows.validate import ValidatedDump, byline_evidence, validate_dump
from schemas import TABLES
from schemas.dictionary import empty_frame, polars_schema


@dataclass(frozen=True)
class Plan:
    """What is known of a release before it is made."""

    raw: Path
    warehouse: Path
    staging: Path
    release_id: str
    previous_release_id: str | None
    sources: tuple[Source, ...]
    inputs: Mapping[str, str]
    code_version: str
    strict: bool
    dry_run: bool


@dataclass(frozen=True)
class StageTime:
    """How one stage went; `refreshes` has a row for each."""

    stage: str
    started_at: dt.datetime
    seconds: float
    rows_in: int
    rows_out: int
    peak_memory_bytes: int


@dataclass(frozen=True)
class Published:
    """What publishing came to; `failed` are the messages of the checks that blocked it."""

    counts: dict[str, int]
    checks: pl.DataFrame
    rejects: pl.DataFrame
    failed: tuple[str, ...]


def extract_staged(dump: FoundDump, staging: Path) -> Extracted:
    """Extract one dump; a large one in a worker process."""
    return apart(dump_size(dump.path), extract_dump, dump, staging)


def gather_evidence(extracted: Sequence[Extracted], plan: Plan) -> Path:
    """Stage the names and titles that glued lines are split by; return their folder."""
    folder = plan.staging / "evidence"
    folder.mkdir(parents=True, exist_ok=True)
    evidence = byline_evidence(extracted)
    evidence.names.write_parquet(folder / "names.parquet")
    evidence.titles.write_parquet(folder / "titles.parquet")
    return folder


def validate_staged(extracted: Extracted, evidence: Path) -> ValidatedDump:
    """Validate one staged dump with the staged evidence."""
    known = BylineEvidence(
        names=pl.read_parquet(evidence / "names.parquet"),
        titles=pl.read_parquet(evidence / "titles.parquet"),
    )
    return apart(extracted.bytes or 0, validate_dump, extracted, known)


def collect_validated(validated: Sequence[ValidatedDump], plan: Plan) -> int:
    """Stage the validated dumps together, superseded records removed; return the records left."""
    together = collect(validated)
    folder = plan.staging / "validated"
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in vars(together).items():
        frame.write_parquet(folder / f"{name}.parquet")
    return together.records.height


def resolve_records(plan: Plan) -> int:
    """Resolve the staged records; stage every table but those about the release; return papers."""
    validated = Validated(
        **{
            name: pl.read_parquet(plan.staging / "validated" / f"{name}.parquet")
            for name in ("dumps", "records", "author_records", "rejects", "stated")
        }
    )
    resolved = resolve(
        validated,
        read_judgements(plan.raw),
        previous_tables(plan),
        plan.release_id,
        plan.previous_release_id,
        read_weights(plan.raw),
    )
    tables = {
        "dumps": validated.dumps,
        "records": validated.records,
        "author_records": validated.author_records,
        "rejects": validated.rejects,
        **resolved,
    }
    folder = plan.staging / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return resolved["papers"].height


def publish_tables(plan: Plan, times: Sequence[StageTime]) -> Published:
    """Check the staged tables and publish them, unless a check fails or the run is dry."""
    previous = previous_tables(plan)
    tables = {
        name: pl.read_parquet(plan.staging / "tables" / f"{name}.parquet")
        for name in TABLES
        if (plan.staging / "tables" / f"{name}.parquet").exists()
    }
    tables["changes"] = changes(previous, tables, _cause(plan))
    tables["refreshes"] = _refreshes(plan, previous, times)
    expectations = {source.name: source.expect for source in plan.sources}
    checks = run_checks(tables, previous, expectations, read_judgements(plan.raw))
    if plan.strict:
        unreadable = pl.col("check") == "unreadable_dumps"
        checks = checks.with_columns(
            severity=pl.when(unreadable).then(pl.lit("fail")).otherwise("severity")
        )
    failed = tuple(blocking(checks))
    if not failed and not plan.dry_run:
        publish_release(
            Warehouse(plan.warehouse),
            plan.release_id,
            {**tables, "checks": checks},
            plan.inputs,
            plan.previous_release_id,
            plan.code_version,
        )
    return Published(
        counts={name: frame.height for name, frame in tables.items()},
        checks=checks,
        rejects=tables["rejects"],
        failed=failed,
    )


def previous_tables(plan: Plan) -> dict[str, pl.DataFrame]:
    """Return the tables of the current release; none before the first."""
    if plan.previous_release_id is None:
        return {}
    return read_tables(Warehouse(plan.warehouse), plan.previous_release_id)


def peak_memory_bytes() -> int:
    """Return the largest resident size this process, or one of its workers, has had, in bytes."""
    processes = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(each).ru_maxrss for each in processes)
    return peak if sys.platform == "darwin" else peak * 1024


def _refreshes(
    plan: Plan, previous: Mapping[str, pl.DataFrame], times: Sequence[StageTime]
) -> pl.DataFrame:
    """Return the rows of earlier releases and those of this one.

    The stage publish is measured up to here: what follows is writing the files.
    """
    now = dt.datetime.now(dt.UTC)
    begun = times[0].started_at
    known = sum(time.seconds for time in times)
    publish = StageTime(
        stage="publish",
        started_at=begun,
        seconds=max(0.0, (now - begun).total_seconds() - known),
        rows_in=times[-1].rows_out,
        rows_out=times[-1].rows_out,
        peak_memory_bytes=peak_memory_bytes(),
    )
    schema = polars_schema(TABLES["refreshes"])
    rows = [
        {**vars(time), "release_id": plan.release_id, "finished_at": now}
        for time in (*times, publish)
    ]
    earlier = previous.get("refreshes", empty_frame(TABLES["refreshes"]))
    return pl.concat([earlier, pl.DataFrame(rows, schema=schema)])


def _cause(plan: Plan) -> str:
    """Return why this release differs from the previous one: input, judgement or rules."""
    if plan.previous_release_id is None:
        return "input"
    before = read_manifest(Warehouse(plan.warehouse), plan.previous_release_id).inputs
    differing = {
        name for name in {*before, *plan.inputs} if before.get(name) != plan.inputs.get(name)
    }
    if any(name.startswith("dump:") for name in differing):
        return "input"
    if any(name.startswith(f"setting:{JUDGEMENTS}/") for name in differing):
        return "judgement"
    return "rules"
