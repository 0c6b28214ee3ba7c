"""Validate: staged entries become records, or rejects that say which check failed.

Title and authors that a page glues together are told apart here, because the evidence for it may
stand in other dumps. What a valid record is stands in `schemas.record`.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandera.errors
import polars as pl

from flows.extract import Extracted, staged, staged_batches
from flows.formats import ENTRY_SCHEMA, RAW_TEXT_LIMIT, REJECT_SCHEMA
from flows.normalize.byline import BylineEvidence, evident_names, split_bylines
from flows.normalize.digest import with_id
from flows.normalize.names import as_authors
from schemas import Table
from schemas.dictionary import polars_schema
from schemas.record import Dumps, Records, Rejects

STATED_SCHEMA = pl.Schema(
    {
        "dump_id": pl.String(),
        "record_id": pl.String(),
        "subject_type": pl.String(),
        "subject_name": pl.String(),
        "metric": pl.String(),
        "value": pl.Float64(),
        "observed_on": pl.Date(),
    }
)
"""What dumps state: of the paper of a record, or of an author by the name printed in the dump."""

VALIDATED = {
    "records": polars_schema(Records),
    "rejects": polars_schema(Rejects),
    "stated": STATED_SCHEMA,
}
"""What validation stages for each dump, and its columns."""

RULES: dict[str, tuple[str | None, str]] = {
    "title_or_abstract": (None, "The entry has neither a title nor an abstract."),
    "lines_in_order": ("line_end", "The entry ends before it begins."),
    "authors_named": ("authors", "An author in the list has no name."),
    "author_count_reached": ("author_count", "More authors are listed than the entry counts."),
    "date_is_described": ("publication_date", "The printed date is no day of the calendar."),
}
"""The column a failed check of `Records` is about, and what it means."""


@dataclass(frozen=True)
class ValidatedDump:
    """The summary of one validated dump; its records, rejects and stated facts lie in `folder`,
    a file for each batch."""

    extracted: Extracted
    folder: Path


@dataclass(frozen=True)
class Validated:
    """The validated input of a release: current records, what was rejected, what dumps state."""

    dumps: pl.DataFrame
    records: pl.DataFrame
    rejects: pl.DataFrame
    stated: pl.DataFrame


def byline_evidence(extracted: Sequence[Extracted]) -> BylineEvidence:
    """Return the names and titles that the dumps print unambiguously, to split glued lines by."""
    columns = ("title", "authors", "byline_printed")
    entries = pl.concat(
        [
            pl.DataFrame(schema={name: ENTRY_SCHEMA[name] for name in columns}),
            *(staged(dump, "entries").select(columns).collect() for dump in extracted),
        ]
    )
    unglued = entries.filter(pl.col("byline_printed").is_null())
    authors = unglued.select(pl.col("authors").explode(empty_as_null=False)).drop_nulls()
    listed = authors.select(name=pl.col("authors").struct.field("name"), count=pl.lit(1, pl.Int64))
    glued = evident_names(entries["byline_printed"].drop_nulls()).select(
        "name", pl.col("count").cast(pl.Int64)
    )
    return BylineEvidence(
        names=pl.concat([listed, glued]).group_by("name").agg(pl.col("count").sum()).sort("name"),
        titles=unglued.select("title").drop_nulls().unique().sort("title"),
    )


def validate_dump(extracted: Extracted, evidence: BylineEvidence) -> ValidatedDump:
    """Check the staged entries of one dump value by value; stage its records and rejects.

    Batch by batch, as they were staged, so that a dump need not fit into memory.
    """
    folder = extracted.folder / "validated"
    for name in VALIDATED:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    reject_count = 0
    for number, batch in enumerate(staged_batches(extracted)):
        frames = _validated_batch(batch, extracted, evidence)
        frames["rejects"] = _numbered_rejects(frames["rejects"], extracted.dump_id, reject_count)
        reject_count += frames["rejects"].height
        for name, frame in frames.items():
            frame.write_parquet(folder / name / f"{number:06d}.parquet")
    if extracted.unreadable is not None:
        rejects = _numbered_rejects(_whole_reject(extracted.unreadable), extracted.dump_id, 0)
        rejects.write_parquet(folder / "rejects" / "000000.parquet")
    return ValidatedDump(extracted, folder)


def _validated_batch(
    batch: dict[str, pl.DataFrame], extracted: Extracted, evidence: BylineEvidence
) -> dict[str, pl.DataFrame]:
    """Return records, rejects (not yet numbered) and stated facts of a batch."""
    entries = split_entries(batch["entries"], evidence)
    candidates = _as_records(entries, extracted)
    failures = failed_rows(Records, candidates)
    valid = candidates.with_row_index("index").join(failures, on="index", how="anti").drop("index")
    stated = batch["stated"].join(
        valid.select("ordinal", "record_id"), on="ordinal", how="left", maintain_order="left"
    )
    orphaned = pl.col("ordinal").is_not_null() & pl.col("record_id").is_null()
    return {
        "records": valid,
        "rejects": pl.concat(
            [
                batch["rejects"].with_columns(stage=pl.lit("extract")),
                _validate_rejects(entries, failures),
            ]
        ),
        "stated": stated.filter(~orphaned).select(
            dump_id=pl.lit(extracted.dump_id),
            record_id="record_id",
            subject_type="subject_type",
            subject_name="subject_name",
            metric="metric",
            value="value",
            observed_on=pl.lit(extracted.captured_on, pl.Date),
        ),
    }


def split_entries(entries: pl.DataFrame, evidence: BylineEvidence) -> pl.DataFrame:
    """Return the entries with title and authors told apart where a page glues them together.

    Where the split is not sure enough, title keeps the printed line and authors stays null;
    `split_confidence` tells.
    """
    glued = entries.filter(pl.col("byline_printed").is_not_null())
    plain = entries.filter(pl.col("byline_printed").is_null()).with_columns(
        split_confidence=pl.lit(None, pl.Float64)
    )
    if glued.is_empty():
        return plain
    split = split_bylines(glued["byline_printed"], evidence)
    told_apart = glued.with_columns(
        split["title"],
        authors=split.select(as_authors(pl.col("authors"))).to_series(),
        authors_complete=split["authors_complete"],
        affiliations=split["affiliations"],
        split_confidence=split["confidence"],
    )
    return pl.concat([plain, told_apart]).sort("ordinal")


def failed_rows(table: type[Table], frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a collected frame that fail the model: index, column, check, message.

    One line for each row, with its first failed check; the message names every one.
    """
    empty = pl.DataFrame(
        schema={
            "index": pl.UInt32,
            "column": pl.String,
            "check": pl.String,
            "message": pl.String,
        }
    )
    try:
        table.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases: pl.DataFrame = errors.failure_cases
    else:
        return empty
    structural = cases.filter(pl.col("index").is_null())
    if structural.height:
        first = structural.row(0, named=True)
        message = (
            f"{table.__name__}: {first['column']} fails {first['check']}: {first['failure_case']}"
        )
        raise TypeError(message)
    known = {name: index for index, name in enumerate(frame.columns)}
    rule_columns = {check: column for check, (column, _) in RULES.items()}
    rule_messages = {check: message for check, (_, message) in RULES.items()}
    is_rule = pl.col("check").is_in(list(RULES))
    described = cases.with_columns(
        column=pl.when(is_rule)
        .then(pl.col("check").replace_strict(rule_columns, default=None, return_dtype=pl.String))
        .otherwise("column"),
        message=pl.when(is_rule)
        .then(pl.col("check").replace_strict(rule_messages, default=None, return_dtype=pl.String))
        .otherwise(
            pl.format(
                "{} is '{}', which fails {}.",
                pl.col("column"),
                pl.col("failure_case").str.head(80).fill_null("null"),
                pl.col("check"),
            )
        ),
        place=pl.col("column").replace_strict(known, default=len(known), return_dtype=pl.Int32),
    )
    return (
        described.sort("index", "place", "check")
        .group_by("index", maintain_order=True)
        .agg(
            pl.col("column").first(),
            pl.col("check").first(),
            pl.col("message").unique(maintain_order=True).str.join(" "),
        )
        .cast({"index": pl.UInt32})
    )


def collect(validated: Sequence[ValidatedDump]) -> Validated:
    """Return the validated dumps together, with what newer or equal deliveries supersede removed.

    In an `append` source an entry delivered again is superseded by its newest delivery, the one
    from the dump with the latest day of capture. Dumps of one day, and dumps without a day, which
    count as older, go by their paths: the first keeps the entry, so that a copy added under a later
    name changes nothing.

    In a `snapshot` source the newest dump that could be read replaces all others. Here the last
    path is the newest among equal days, and among dumps without a day: deliveries are named in
    order (`2026-01.txt`, `2026-02.txt`).
    """
    ordered = sorted(validated, key=lambda dump: dump.extracted.relative)
    records, rejects, stated = (_together(ordered, name) for name in VALIDATED)
    facts = pl.DataFrame(
        [_dump_facts(dump.extracted, rank) for rank, dump in enumerate(ordered)],
        schema={"rank": pl.Int64(), **polars_schema(Dumps)},
    )
    current = _current(records, facts)
    counts = {
        "record_count": current,
        "superseded_count": records.join(current, on=["dump_id", "ordinal"], how="anti"),
        "reject_count": rejects,
    }
    dumps = facts.drop(list(counts))
    for name, rows in counts.items():
        dumps = dumps.join(
            rows.group_by("dump_id").agg(pl.len().cast(pl.Int64).alias(name)),
            on="dump_id",
            how="left",
        ).with_columns(pl.col(name).fill_null(0))
    return Validated(
        dumps=dumps.select(list(polars_schema(Dumps))).sort("dump_id"),
        records=current.sort("record_id"),
        rejects=rejects.sort("dump_id", "reject_number"),
        # An entry printed twice in a dump is one record; what it states is then stated twice.
        stated=pl.concat(
            [
                stated.filter(pl.col("record_id").is_null()),
                stated.join(current, on=["dump_id", "record_id"], how="semi"),
            ]
        )
        .unique()
        .sort(STATED_SCHEMA.names()),
    )


def _as_records(entries: pl.DataFrame, extracted: Extracted) -> pl.DataFrame:
    named = entries.with_columns(
        dump_id=pl.lit(extracted.dump_id),
        source=pl.lit(extracted.source.name),
        version=pl.coalesce("version", pl.lit(extracted.source.version), pl.lit("unknown")),
    )
    schema = polars_schema(Records)
    return with_id(named, "record_id", "R", ["source", "source_key"]).select(
        pl.col(name).cast(dtype) for name, dtype in schema.items()
    )


def _whole_reject(reason: str) -> pl.DataFrame:
    """Return the one reject of a dump that cannot be read, as a row of REJECT_SCHEMA with stage."""
    whole = {"check": "readable_dump", "message": reason}
    return pl.DataFrame([whole], schema=REJECT_SCHEMA).with_columns(stage=pl.lit("extract"))


def _validate_rejects(entries: pl.DataFrame, failures: pl.DataFrame) -> pl.DataFrame:
    """Return the entries that failed a check, as rows of REJECT_SCHEMA with their stage."""
    return (
        entries.with_row_index("index")
        .join(failures, on="index")
        .with_columns(pl.col("raw_text").str.head(RAW_TEXT_LIMIT))
        .select(list(REJECT_SCHEMA))
        .with_columns(stage=pl.lit("validate"))
    )


def _numbered_rejects(rejects: pl.DataFrame, dump_id: str, before: int) -> pl.DataFrame:
    """Return the rejects of a batch as rows of `Rejects`, counted on from the batches `before`."""
    number = pl.int_range(before + 1, before + pl.len() + 1, dtype=pl.Int64)
    return (
        rejects.sort("ordinal", "check", nulls_last=False)
        .with_columns(dump_id=pl.lit(dump_id), reject_number=number)
        .select(list(polars_schema(Rejects)))
    )


def _together(validated: Sequence[ValidatedDump], name: str) -> pl.DataFrame:
    files = [file for dump in validated for file in sorted((dump.folder / name).glob("*.parquet"))]
    return pl.concat([pl.DataFrame(schema=VALIDATED[name]), *map(pl.read_parquet, files)])


def _dump_facts(extracted: Extracted, rank: int) -> dict[str, object]:
    """Return the row of `dumps` but for the counts of what became of the entries.

    A dump that could not be read counts as one entry: the reject it became.
    """
    whole = extracted.unreadable is not None
    return {
        "rank": rank,
        "dump_id": extracted.dump_id,
        "source": extracted.source.name,
        "format": extracted.format,
        "path": extracted.relative,
        "sha256": extracted.sha256,
        "bytes": extracted.bytes,
        "captured_on": extracted.captured_on,
        "captured_on_basis": extracted.captured_on_basis,
        "capture_year": extracted.capture_year,
        "mode": extracted.source.mode,
        "stated_count": extracted.stated_count,
        "read_count": 1 if whole else extracted.read_count,
        "line_count": extracted.line_count,
        "entry_line_count": extracted.entry_line_count,
        "furniture_line_count": extracted.furniture_line_count,
        "blank_line_count": extracted.blank_line_count,
    }


def _current(records: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Return the records that no other delivery supersedes."""
    newest_first = ["captured_on", "rank"]
    replaced = (
        facts.filter(pl.col("mode") == "snapshot", pl.col("format").is_not_null())
        .sort("captured_on", "rank", descending=True, nulls_last=True)
        .filter(pl.int_range(pl.len()).over("source") > 0)
    )
    return (
        records.join(replaced, on="dump_id", how="anti")
        .join(facts.select("dump_id", *newest_first), on="dump_id")
        .sort(*newest_first, "ordinal", descending=[True, False, False], nulls_last=True)
        .unique("record_id", keep="first", maintain_order=True)
        .drop(newest_first)
    )
