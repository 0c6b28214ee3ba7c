"""The sequence of the stages, once: `--direct` runs it by plain calls, a flow by tasks."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, TypeVar

import polars as pl

from flows import stages
from flows.extract import Extracted, unreadable_dump
from flows.judgements import read_judgements
from flows.learned import read_weights
from flows.parallel import cores, worker_processes
from flows.publish import writing
from flows.publish.manifest import read_manifest
from flows.publish.warehouse import (
    Warehouse,
    WarehouseError,
    current_release_id,
    list_releases,
    read_tables,
)
from flows.sources import (
    FoundDump,
    RawError,
    dump_digest,
    dump_size,
    find_dumps,
    inputs_digest,
    shown,
)
from flows.wording import counted
from schemas import SCHEMA_VERSION

T = TypeVar("T")
Report = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """What one refresh is asked to do."""

    raw: Path = Path("raw")
    warehouse: Path = Path("warehouse")
    full: bool = False
    dry_run: bool = False
    strict: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a refresh came to: exit code, lines for people, and frames for artifacts."""

    exit_code: int
    lines: list[str]
    release_id: str | None = None
    is_published: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    checks: pl.DataFrame | None = None
    rejects: pl.DataFrame | None = None


class Runner(Protocol):
    """How stage functions are run: by plain calls, or as tasks of an orchestrator."""

    def one(self, stage: Callable[..., T], *arguments: Any) -> T:
        """Run `stage` and return its result, or raise what it raises."""

    def each(
        self, stage: Callable[..., T], items: Sequence[Any], *arguments: Any
    ) -> list[T | Exception]:
        """Run `stage` for every item; what one raises stands in its place in the result."""


class Direct:
    """Runs stages by plain calls, those on dumps side by side."""

    def one(self, stage: Callable[..., T], *arguments: Any) -> T:
        """Call the stage."""
        return stage(*arguments)

    def each(
        self, stage: Callable[..., T], items: Sequence[Any], *arguments: Any
    ) -> list[T | Exception]:
        """Call the stage for every item, and go on after an exception."""

        def called(item: Any) -> T | Exception:
            try:
                return stage(item, *arguments)
            except Exception as error:  # one bad dump must not stop the others
                return error

        with ThreadPoolExecutor(max_workers=cores()) as threads:
            return list(threads.map(called, items))


def refresh(settings: Settings, run: Runner, report: Report) -> Outcome:
    """Turn the dumps under `settings.raw` into a release of `settings.warehouse`.

    `report` is told each step as a plain line. What stops the refresh as a whole is an Outcome with
    exit code 2 and one clear line; a failed check is exit code 1. The previous release stays then.
    """
    warehouse = Warehouse(settings.warehouse)
    try:
        dumps = usable_input(settings.raw)
        if settings.dry_run:
            with tempfile.TemporaryDirectory() as staging:
                return _refresh(settings, warehouse, Path(staging), dumps, run, report)
        with writing(warehouse):
            return _refresh(settings, warehouse, warehouse.staging, dumps, run, report)
    except (RawError, WarehouseError) as error:
        return Outcome(exit_code=2, lines=[str(error)])


def usable_input(raw: Path) -> list[FoundDump]:
    """Return the dumps under `raw`, none of them read yet.

    Raises RawError where there is nothing to work on, or a source.toml, a ruling or a file of
    weights is faulty: a mistake is told at once, before any work.
    """
    dumps = find_dumps(raw)
    if not dumps:
        raise RawError(f"There is no dump in '{raw}': put one in, or name a folder with --raw.")
    read_judgements(raw)
    read_weights(raw)
    return dumps


def _refresh(
    settings: Settings,
    warehouse: Warehouse,
    staging: Path,
    dumps: list[FoundDump],
    run: Runner,
    report: Report,
) -> Outcome:
    previous = current_release_id(warehouse)
    inputs = release_inputs(settings.raw, dumps)
    if (
        previous
        and not settings.full
        and _holds(warehouse, previous, inputs, is_strict=settings.strict)
    ):
        line = f"Nothing to do: release {previous} was made from these dumps (--full rebuilds it)."
        return Outcome(exit_code=0, lines=[line], release_id=previous)
    plan = stages.Plan(
        raw=settings.raw,
        warehouse=settings.warehouse,
        staging=staging,
        release_id=_next_release_id(warehouse, inputs),
        previous_release_id=previous,
        sources=tuple({dump.source.name: dump.source for dump in dumps}.values()),
        inputs=inputs,
        code_version=inputs["code"],
        strict=settings.strict,
        dry_run=settings.dry_run,
    )
    clock = StageClock(report)
    extracted = clock.timed(
        "extract", len(dumps), lambda: _extract_all(dumps, staging, run), _entry_count
    )
    for dump in extracted:
        if dump.unreadable:
            report(f"cannot read '{shown(dump.relative)}': {dump.unreadable}")
    if all(dump.unreadable for dump in extracted):
        raise RawError(f"No dump in '{settings.raw}' can be read: nothing is published.")
    entries = _entry_count(extracted)
    records = clock.timed("validate", entries, lambda: _validate_all(extracted, plan, run), int)
    papers = clock.timed("resolve", records, lambda: run.one(stages.resolve_records, plan), int)
    report(f"publish   {counted(papers, 'paper')}")
    return _outcome(run.one(stages.publish_tables, plan, clock.times), plan)


def release_inputs(raw: Path, dumps: Sequence[FoundDump]) -> dict[str, str]:
    """Return what decides the content of a release: digests of dumps, settings, rulings, code."""
    digests = {f"dump:{dump.relative}": dump_digest(dump.path) for dump in dumps}
    settings = {f"setting:{name}": digest for name, digest in inputs_digest(raw).items()}
    return {**digests, **settings, "code": code_version(), "schema": SCHEMA_VERSION}


@cache
def code_version() -> str:
    """Return the version of bibmill and eight hex digits of a digest of its code and data."""
    root = Path(__file__).parent.parent
    files = [
        path
        for folder in ("flows", "schemas")
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{version('bibmill')}+{digest.hexdigest()[:8]}"


class StageClock:
    """Times the stages of one refresh, and tells what each begins with."""

    def __init__(self, report: Report) -> None:
        self.times: list[stages.StageTime] = []
        self._report = report
        self._started_at = dt.datetime.now(dt.UTC)

    def timed(
        self, stage: str, rows_in: int, run: Callable[[], T], rows_out: Callable[[T], int]
    ) -> T:
        """Run a stage and keep its time; `rows_out` counts what it gave."""
        self._report(f"{stage:<9} {counted(rows_in, *_ROWS[stage])}")
        begun = time.monotonic()
        result = run()
        self.times.append(
            stages.StageTime(
                stage=stage,
                started_at=self._started_at,
                seconds=time.monotonic() - begun,
                rows_in=rows_in,
                rows_out=rows_out(result),
                peak_memory_bytes=stages.peak_memory_bytes(),
            )
        )
        return result


_ROWS: dict[str, tuple[str, ...]] = {
    "extract": ("dump",),
    "validate": ("entry", "entries"),
    "resolve": ("record",),
}


def _entry_count(extracted: Sequence[Extracted]) -> int:
    return sum(dump.read_count for dump in extracted)


def _extract_all(dumps: Sequence[FoundDump], staging: Path, run: Runner) -> list[Extracted]:
    folder = staging / "dumps"
    with worker_processes([dump_size(dump.path) for dump in dumps]):
        results = run.each(stages.extract_staged, dumps, folder)
    return [
        unreadable_dump(dump, folder, _why(result)) if isinstance(result, Exception) else result
        for dump, result in zip(dumps, results, strict=True)
    ]


def _validate_all(extracted: Sequence[Extracted], plan: stages.Plan, run: Runner) -> int:
    """Validate every dump; one that cannot be validated is rejected as a whole."""
    evidence = run.one(stages.gather_evidence, extracted, plan)
    with worker_processes([dump.bytes or 0 for dump in extracted]):
        results = run.each(stages.validate_staged, extracted, evidence)
    validated = [
        stages.validate_staged(replace(dump, unreadable=_why(result)), evidence)
        if isinstance(result, Exception)
        else result
        for dump, result in zip(extracted, results, strict=True)
    ]
    return run.one(stages.collect_validated, validated, plan)


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return str(error) if error.strerror is None else f"{error.strerror}: check the file."
    return (
        f"The reader failed ({type(error).__name__}: {error}); please report this as a bug of"
        " bibmill, with the dump."
    )


def _holds(
    warehouse: Warehouse, release_id: str, inputs: dict[str, str], *, is_strict: bool
) -> bool:
    """Tell whether a release was made from just these inputs; strictly: and none was unreadable."""
    if read_manifest(warehouse, release_id).inputs != inputs:
        return False
    if not is_strict:
        return True
    dumps = read_tables(warehouse, release_id, ["dumps"])["dumps"]
    return dumps["format"].null_count() == 0


def _next_release_id(warehouse: Warehouse, inputs: dict[str, str]) -> str:
    numbers = [int(release.split("-")[0]) for release in list_releases(warehouse)]
    text = "\n".join(f"{name}\t{digest}" for name, digest in sorted(inputs.items()))
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{max(numbers, default=0) + 1:06d}-{digest}"


def _outcome(published: stages.Published, plan: stages.Plan) -> Outcome:
    counts = published.counts
    summary = (
        f"{counted(counts['papers'], 'paper')} by {counted(counts['authors'], 'author')}, from"
        f" {counted(counts['records'], 'record')}; {counted(counts['rejects'], 'reject')}."
    )
    # Each unreadable dump has had its line already, when it was read.
    failed = published.checks.filter(
        ~pl.col("passed"), pl.col("severity") == "warn", pl.col("check") != "unreadable_dumps"
    )
    warnings = [f"warning: {message}" for message in failed["message"]]
    if published.failed:
        lines = [f"check failed: {message}" for message in published.failed]
        stands = plan.previous_release_id or "no release"
        lines.append(f"Nothing was published; the current release is still {stands}.")
        code = 1
    elif plan.dry_run:
        lines = [f"Dry run: would publish release {plan.release_id}.", summary, *warnings]
        code = 0
    else:
        lines = [f"Published release {plan.release_id} in '{plan.warehouse}'.", summary, *warnings]
        code = 0
    return Outcome(
        exit_code=code,
        lines=lines,
        release_id=plan.release_id,
        is_published=not published.failed and not plan.dry_run,
        counts=counts,
        checks=published.checks,
        rejects=published.rejects,
    )
