"""Extract: a dump becomes staged entries, rejects and stated facts. Nothing is judged here.

One call handles one dump, so that a bad dump cannot stop the others. What leaves this stage is
Parquet in the staging folder and a small summary.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from flows.formats import (
    ENTRY_SCHEMA,
    REJECT_SCHEMA,
    STATED_SCHEMA,
    Batch,
    Dump,
    UnknownFormatError,
    recognise,
)
from flows.normalize.digest import digest_text, file_digest, with_id
from flows.normalize.text import fold
from flows.sources import FoundDump, Source, obstacle


class DumpChangedError(OSError):
    """A dump changed while it was read; reading it again may help."""


@dataclass(frozen=True)
class Extracted:
    """What extract says of one dump; its frames lie in `folder`.

    `unreadable` is null, or why the dump as a whole could not be read.
    """

    dump_id: str
    relative: str
    source: Source
    folder: Path
    format: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    captured_on: dt.date | None = None
    captured_on_basis: str | None = None
    capture_year: int | None = None
    stated_count: int | None = None
    read_count: int = 0
    line_count: int | None = None
    entry_line_count: int | None = None
    blank_line_count: int | None = None
    furniture_line_count: int | None = None
    unreadable: str | None = None


def extract_dump(dump: FoundDump, staging: Path) -> Extracted:
    """Read one dump into `staging` and return its summary.

    Raises OSError where the file cannot be read, DumpChangedError where it changes meanwhile; a
    content that no reader knows is a summary with `unreadable`.
    """
    if reason := obstacle(dump.path):
        return unreadable_dump(dump, staging, reason)
    before = dump.path.stat()
    summary = _summary(dump, staging, file_digest(dump.path), before.st_size)
    try:
        reader = recognise(dump.path, dump.source.format)
    except UnknownFormatError as error:
        return replace(summary, unreadable=str(error))
    reading = reader.read(Dump(dump.path, dump.source.captured_on))
    counts = _write(reading.batches, summary.folder)
    after = dump.path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise DumpChangedError(
            "It changed while it was read: wait until its delivery has finished."
        )
    return replace(
        summary,
        format=reader.FORMAT.name,
        captured_on=reading.captured_on,
        captured_on_basis=reading.captured_on_basis,
        capture_year=reading.capture_year,
        stated_count=reading.stated_count,
        read_count=counts["read_count"],
        line_count=counts["line_count"] if reading.has_lines else None,
        entry_line_count=counts["entry_line_count"] if reading.has_lines else None,
        blank_line_count=counts["blank_line_count"] if reading.has_lines else None,
        furniture_line_count=counts["furniture_line_count"] if reading.has_lines else None,
    )


def unreadable_dump(dump: FoundDump, staging: Path, reason: str) -> Extracted:
    """Return the summary of a dump that could not be read, for a reason that is a sentence."""
    return replace(_summary(dump, staging, None, None), unreadable=reason)


def staged(extracted: Extracted, name: str) -> pl.LazyFrame:
    """Return the staged `entries`, `rejects` or `stated` facts of a dump, still to be read.

    Of a dump that is rejected as a whole there are none.
    """
    files = [] if extracted.unreadable else sorted((extracted.folder / name).glob("*.parquet"))
    return pl.concat([pl.LazyFrame(schema=_STAGED[name]), *map(pl.scan_parquet, files)])


def staged_batches(extracted: Extracted) -> Iterator[dict[str, pl.DataFrame]]:
    """Yield the staged `entries`, `rejects` and `stated` facts of a dump, a batch at a time."""
    if extracted.unreadable is None:
        for file in sorted((extracted.folder / "entries").glob("*.parquet")):
            yield {name: pl.read_parquet(extracted.folder / name / file.name) for name in _STAGED}


_STAGED = {"entries": ENTRY_SCHEMA, "rejects": REJECT_SCHEMA, "stated": STATED_SCHEMA}


def _summary(dump: FoundDump, staging: Path, sha256: str | None, size: int | None) -> Extracted:
    dump_id = "D" + digest_text(f"{dump.relative}\x1f{sha256 or ''}")
    return Extracted(
        dump_id=dump_id,
        relative=dump.relative,
        source=dump.source,
        folder=staging / dump_id,
        sha256=sha256,
        bytes=size,
    )


def _write(batches: Iterator[Batch], folder: Path) -> Counter[str]:
    """Stage every batch as it is read, and count entries and lines."""
    for name in _STAGED:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    counts: Counter[str] = Counter()
    for number, batch in enumerate(batches):
        file = f"{number:06d}.parquet"
        keyed_entries(batch.entries).write_parquet(folder / "entries" / file)
        batch.rejects.write_parquet(folder / "rejects" / file)
        batch.stated.write_parquet(folder / "stated" / file)
        counts["read_count"] += batch.entries.height + batch.rejects.height
        counts["line_count"] += batch.line_count
        counts["entry_line_count"] += int(batch.entries["line_total"].sum())
        counts["entry_line_count"] += int(batch.rejects["line_total"].sum())
        counts["blank_line_count"] += batch.blank_line_count
        counts["furniture_line_count"] += batch.furniture_line_count
    return counts


def keyed_entries(entries: pl.DataFrame) -> pl.DataFrame:
    """Return entries with a source_key: the source's own, else a digest of the folded text."""
    folded = entries.with_columns(_text=fold(pl.col("raw_text")))
    keyed = with_id(folded, "_digest", "", ["_text"])
    return keyed.with_columns(source_key=pl.coalesce("source_key", "_digest")).drop(
        "_text", "_digest"
    )
