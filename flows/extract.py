"""Extract: a dump becomes staged entries, rejects and stated facts. Nothing is judged here.

One call handles one dump, so that a bad dump cannot stop the others. What leaves this stage is
Parquet in the staging folder and a small summary.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from flows.archives import members
from flows.decompression import RefusedError
from flows.formats import (
    DELETION_SCHEMA,
    ENTRY_SCHEMA,
    PERSON_SCHEMA,
    REJECT_SCHEMA,
    STATED_SCHEMA,
    Batch,
    Dump,
    Reading,
    RefusedContentError,
    UnknownFormatError,
    recognise,
)
from flows.formats._entries import as_rejects, entry_total
from flows.members import UntilCut, cut_off
from flows.normalize.digest import digest_text, file_digest, with_id
from flows.normalize.text import fold
from flows.sources import FoundDump, Source, obstacle

MEMBER = {"member": pl.String()}

STAGED: dict[str, pl.Schema] = {
    "entries": pl.Schema({**ENTRY_SCHEMA, **MEMBER}),
    "people": pl.Schema({**PERSON_SCHEMA, **MEMBER}),
    "deletions": DELETION_SCHEMA,
    "rejects": pl.Schema({**REJECT_SCHEMA, **MEMBER}),
    "stated": STATED_SCHEMA,
}
"""What extraction stages for each dump, and its columns; `member` is the path in an archive."""


BYTES_TOGETHER = 4 * 1024 * 1024
BATCHES_TOGETHER = 500
"""What of small batches is staged as one; every batch keeps some memory, however small it is."""


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
    unknown_fields: dict[str, int] = field(default_factory=dict)
    has_glued_lines: bool = False
    unreadable: str | None = None


def extract_dump(dump: FoundDump, staging: Path) -> Extracted:
    """Read one dump into `staging` and return its summary.

    Raises OSError where the file cannot be read, DumpChangedError where it changes meanwhile; a
    content that no reader knows, or that is refused as dangerous, is a summary with `unreadable`.
    """
    if reason := obstacle(dump.path):
        return unreadable_dump(dump, staging, reason)
    before = dump.path.stat()
    summary = _summary(dump, staging, file_digest(dump.path), before.st_size)
    readings: list[Reading] = []
    formats: set[str] = set()
    try:
        counts, unknown = _write(_members(dump, readings, formats), summary.folder)
    except (UnknownFormatError, RefusedContentError, RefusedError) as error:
        return replace(summary, unreadable=str(error))
    after = dump.path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise DumpChangedError(
            "It changed while it was read: wait until its delivery has finished."
        )
    has_lines = all(reading.has_lines for reading in readings)
    return replace(
        summary,
        **_told(readings, dump.source.captured_on),
        format=", ".join(sorted(formats)) or None,
        read_count=counts["read_count"],
        line_count=counts["line_count"] if has_lines else None,
        entry_line_count=counts["entry_line_count"] if has_lines else None,
        blank_line_count=counts["blank_line_count"] if has_lines else None,
        furniture_line_count=counts["furniture_line_count"] if has_lines else None,
        unknown_fields=dict(sorted(unknown.items())),
        has_glued_lines=counts["glued"] > 0,
    )


def unreadable_dump(dump: FoundDump, staging: Path, reason: str) -> Extracted:
    """Return the summary of a dump that could not be read, for a reason that is a sentence."""
    return replace(_summary(dump, staging, None, None), unreadable=reason)


def staged(extracted: Extracted, name: str) -> pl.LazyFrame:
    """Return one of the staged frames (`STAGED`) of a dump, still to be read.

    Of a dump that is rejected as a whole there are none.
    """
    files = [] if extracted.unreadable else sorted((extracted.folder / name).glob("*.parquet"))
    return pl.concat([pl.LazyFrame(schema=STAGED[name]), *map(pl.scan_parquet, files)])


def staged_batches(extracted: Extracted) -> Iterator[dict[str, pl.DataFrame]]:
    """Yield the staged frames (`STAGED`) of a dump, a batch at a time."""
    if extracted.unreadable is None:
        for file in sorted((extracted.folder / "entries").glob("*.parquet")):
            yield {name: pl.read_parquet(extracted.folder / name / file.name) for name in STAGED}


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


def _told(readings: Sequence[Reading], stated_on: dt.date | None) -> dict[str, Any]:
    """Return what the members of a dump tell of it as a whole.

    Where none tells the day of capture, it is that of source.toml, `stated_on`.
    """
    dated = [reading for reading in readings if reading.captured_on is not None]
    newest = max(dated, key=lambda reading: str(reading.captured_on), default=None)
    years = [reading.capture_year for reading in readings if reading.capture_year is not None]
    stated = [reading.stated_count for reading in readings if reading.stated_count is not None]
    day = newest.captured_on if newest else (stated_on if readings else None)
    basis = newest.captured_on_basis if newest else ("source_toml" if day else None)
    return {
        "captured_on": day,
        "captured_on_basis": basis,
        "capture_year": max(years, default=day.year if day else None),
        "stated_count": sum(stated) if stated else None,
    }


def _members(
    dump: FoundDump, readings: list[Reading], formats: set[str]
) -> Iterator[tuple[int, str | None, Batch]]:
    """Yield the batches of a dump with number and name of the archive member they are from; tell of
    each reading.

    A member that cannot be read is one reject; a file that is no archive raises UnknownFormatError.
    """
    number = 0
    for number, member in enumerate(members(dump.path), start=1):
        if member.fault is not None:
            yield number, member.name, _one_reject("readable_member", member.fault)
            continue
        try:
            reader = recognise(member.head, dump.source.format)
        except UnknownFormatError as error:
            # Of what is cut there may be too little to be known by.
            why = member.cut or str(error)
            if member.name is None:
                raise UnknownFormatError(why) from None
            check = "complete_dump" if member.cut else "known_format"
            yield number, member.name, _one_reject(check, why)
            continue
        stream = UntilCut(member.open)
        plain = dump.path if member.is_plain else None
        before = 0
        try:
            reading = reader.read(
                Dump(stream.open, plain, dump.source.captured_on, dump.source.columns)
            )
            readings.append(replace(reading, batches=iter(())))
            formats.add(reader.FORMAT.name)
            for batch in cut_off(reading.batches, stream):
                before += entry_total(batch)
                yield number, member.name, batch
        except RefusedContentError as error:
            # In an archive, what cannot be read costs the others nothing.
            if member.name is None:
                raise
            yield number, member.name, _one_reject("readable_member", str(error), before + 1)
    if number == 0:
        raise UnknownFormatError("The archive has no files in it: deliver it again, or remove it.")


def _one_reject(check: str, message: str, ordinal: int = 1) -> Batch:
    row = {"ordinal": ordinal, "check": check, "message": message}
    return Batch(rejects=as_rejects(pl.DataFrame([row])))


def _write(
    batches: Iterator[tuple[int, str | None, Batch]], folder: Path
) -> tuple[Counter[str], Counter[str]]:
    """Stage the batches as they are read; return counts, and how often unknown fields occur."""
    for name in STAGED:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    counts: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    waiting = _Waiting()
    current, before, number = 0, 0, 0
    for place, member, batch in batches:
        # Readers count through a member; the dump counts through all of them.
        if place != current:
            current, before = place, counts["read_count"]
        counts["read_count"] += entry_total(batch)
        counts["line_count"] += batch.line_count
        counts["blank_line_count"] += batch.blank_line_count
        counts["furniture_line_count"] += batch.furniture_line_count
        unknown.update(batch.unknown_fields)
        waiting.add(batch, member, before)
        if waiting.is_full():
            counts.update(_stage(waiting.frames(), folder, number))
            waiting, number = _Waiting(), number + 1
    counts.update(_stage(waiting.frames(), folder, number))
    return counts, unknown


class _Waiting:
    """Batches to be staged together: writing many small ones takes longer than reading them."""

    def __init__(self) -> None:
        self._frames: dict[str, list[pl.DataFrame]] = {name: [] for name in STAGED}
        self._places: dict[str, list[tuple[int, str | None, int]]] = {name: [] for name in STAGED}
        self._bytes = 0
        self._total = 0

    def is_full(self) -> bool:
        """Tell whether there is enough to be staged."""
        return self._total >= BATCHES_TOGETHER or self._bytes >= BYTES_TOGETHER

    def add(self, batch: Batch, member: str | None, before: int) -> None:
        """Have a batch wait that is from an archive member, with so many entries before it."""
        self._total += 1
        for name, frames in self._frames.items():
            frame: pl.DataFrame = getattr(batch, name)
            if frame.height:
                frames.append(frame)
                self._bytes += int(frame.estimated_size())
                self._places[name].append((frame.height, member, before))

    def frames(self) -> dict[str, pl.DataFrame]:
        """Return what waits as the frames of `STAGED`, source keys not yet complete."""
        return {name: self._together(name, schema) for name, schema in STAGED.items()}

    def _together(self, name: str, schema: pl.Schema) -> pl.DataFrame:
        if not self._frames[name]:
            return schema.to_frame()
        rows, named, before = zip(*self._places[name], strict=True)
        repeated = pl.DataFrame(
            {"rows": rows, "member": named, "before": before},
            schema={"rows": pl.UInt32, "member": pl.String, "before": pl.Int64},
        ).select(pl.col("member", "before").repeat_by("rows").explode())
        placed = pl.concat(self._frames[name]).with_columns(
            repeated["member"], ordinal=pl.col("ordinal") + repeated["before"]
        )
        return placed.select(list(schema))


def _stage(frames: dict[str, pl.DataFrame], folder: Path, number: int) -> dict[str, int]:
    """Write the frames of `STAGED`; return their counts."""
    entries = keyed_entries(frames["entries"])
    for name, frame in {**frames, "entries": entries}.items():
        file = folder / name / f"{number:06d}.parquet"
        frame.write_parquet(file, compression="lz4", statistics=False)
    accounted = ("entries", "people", "deletions", "rejects")
    return {
        "entry_line_count": sum(int(frames[name]["line_total"].sum()) for name in accounted),
        "glued": entries["byline_printed"].count(),
    }


def keyed_entries(entries: pl.DataFrame) -> pl.DataFrame:
    """Return entries with a source_key: the source's own, else a digest of the folded text."""
    if entries["source_key"].null_count() == 0:
        return entries
    folded = entries.with_columns(_text=fold(pl.col("raw_text")))
    keyed = with_id(folded, "_digest", "", ["_text"])
    return keyed.with_columns(source_key=pl.coalesce("source_key", "_digest")).drop(
        "_text", "_digest"
    )
