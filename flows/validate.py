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

from flows.extract import STAGED, Extracted, staged, staged_batches
from flows.formats import RAW_TEXT_LIMIT
from flows.normalize.byline import BylineEvidence, evident_names, split_bylines
from flows.normalize.digest import with_id
from flows.normalize.identifiers import with_identifiers, with_person_identifiers
from flows.normalize.names import as_authors
from flows.normalize.text import match_key
from flows.parts import PART
from schemas import Table
from schemas.dictionary import polars_schema
from schemas.dump import Rejects
from schemas.record import AuthorRecords, Records

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

EVIDENT_TITLES = 200_000
_HEAD = 8
"""Letters by which a title that may begin a glued line is told."""

VALIDATED = {
    "records": pl.Schema({**polars_schema(Records), PART: pl.String()}),
    "author_records": polars_schema(AuthorRecords),
    "deletions": pl.Schema(
        {
            "dump_id": pl.String(),
            "source": pl.String(),
            "source_key": pl.String(),
            "ordinal": pl.Int64(),
            "updated_at": pl.Datetime("us", "UTC"),
        }
    ),
    "rejects": polars_schema(Rejects),
    "stated": STATED_SCHEMA,
}
"""What validation stages for each dump, and its columns. Parts of records are whole records only
when they are put together, see `flows.collect`."""

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


def byline_evidence(extracted: Sequence[Extracted]) -> BylineEvidence:
    """Return the names and titles that the dumps print unambiguously, to split glued lines by.

    Only what can bear on the glued lines is kept, so that evidence does not grow with the input:
    names that share a word with them, and titles that begin as one of them does, or are among the
    first `EVIDENT_TITLES` in alphabetical order.
    """
    glued = pl.concat(
        [
            pl.DataFrame(schema={"byline_printed": pl.String}),
            *(
                staged(dump, "entries").select(pl.col("byline_printed").drop_nulls()).collect()
                for dump in extracted
                if dump.has_glued_lines
            ),
        ]
    )["byline_printed"]
    evident = evident_names(glued).select("name", pl.col("count").cast(pl.Int64))
    unglued = [] if glued.is_empty() else [_unglued(dump) for dump in extracted]
    heads = glued.to_frame().select(match_key(pl.col("byline_printed")).str.head(_HEAD)).to_series()
    words = _name_words(glued.to_frame("name").lazy()).select("word").unique().collect()
    names, titles = [evident], [pl.DataFrame(schema={"title": pl.String, "begins_one": pl.Boolean})]
    for entries in unglued:
        listed = entries.select(pl.col("authors").explode(empty_as_null=False)).drop_nulls()
        counted = listed.group_by(name=pl.col("authors").struct.field("name")).agg(count=pl.len())
        bearing = _name_words(counted).join(words.lazy(), on="word", how="semi").select("name")
        names.append(
            counted.join(bearing, on="name", how="semi")
            .select("name", pl.col("count").cast(pl.Int64))
            .collect(engine="streaming")
        )
        known = (
            entries.select("title")
            .drop_nulls()
            .unique()
            .with_columns(
                begins_one=match_key(pl.col("title")).str.head(_HEAD).is_in(heads.implode())
            )
        )
        ordered = known.sort(pl.col("begins_one").not_(), "title")
        kept = ordered.filter(pl.col("begins_one") | (pl.int_range(pl.len()) < EVIDENT_TITLES))
        titles.append(kept.collect(engine="streaming"))
    every = pl.concat(titles).unique("title").sort(pl.col("begins_one").not_(), "title")
    every = every.filter(pl.col("begins_one") | (pl.int_range(pl.len()) < EVIDENT_TITLES))
    return BylineEvidence(
        names=pl.concat(names).group_by("name").agg(pl.col("count").sum()).sort("name"),
        titles=every.select("title").sort("title"),
    )


def _unglued(dump: Extracted) -> pl.LazyFrame:
    return staged(dump, "entries").filter(pl.col("byline_printed").is_null())


def _name_words(names: pl.LazyFrame) -> pl.LazyFrame:
    """Return `name` and each `word` of its key."""
    return names.select("name", word=match_key(pl.col("name")).str.split(" ")).explode("word")


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
        rejects = numbered_rejects(frames["rejects"], extracted.dump_id, before=reject_count)
        frames["rejects"] = rejects
        reject_count += rejects.height
        for name, frame in frames.items():
            frame.write_parquet(folder / name / f"{number:06d}.parquet", compression="lz4")
    if extracted.unreadable is not None:
        whole = _whole_reject(extracted.unreadable)
        rejects = numbered_rejects(whole, extracted.dump_id, before=0)
        rejects.write_parquet(folder / "rejects" / "000000.parquet")
    return ValidatedDump(extracted, folder)


def _validated_batch(
    batch: dict[str, pl.DataFrame], extracted: Extracted, evidence: BylineEvidence
) -> dict[str, pl.DataFrame]:
    """Return what `VALIDATED` names of a batch, the rejects not yet numbered."""
    entries = split_entries(batch["entries"], evidence)
    candidates = _as_records(with_identifiers(entries), extracted, Records)
    failures = failed_rows(Records, candidates)
    # A part may lack what the record it belongs to needs.
    in_parts = entries.with_row_index("index").filter(pl.col(PART).is_not_null())
    failures = failures.join(
        in_parts.select("index").with_columns(check=pl.lit("title_or_abstract")),
        on=["index", "check"],
        how="anti",
    )
    records = _valid(candidates.with_columns(entries[PART]), failures)
    people = _as_records(with_person_identifiers(batch["people"]), extracted, AuthorRecords)
    nameless = failed_rows(AuthorRecords, people)
    stated = batch["stated"].join(
        records.select("ordinal", "record_id"), on="ordinal", how="left", maintain_order="left"
    )
    orphaned = pl.col("ordinal").is_not_null() & pl.col("record_id").is_null()
    return {
        "records": records,
        "author_records": _valid(people, nameless),
        "deletions": batch["deletions"].select(
            dump_id=pl.lit(extracted.dump_id),
            source=pl.lit(extracted.source.name),
            source_key="source_key",
            ordinal="ordinal",
            updated_at="updated_at",
        ),
        "rejects": pl.concat(
            [
                batch["rejects"].with_columns(stage=pl.lit("extract")),
                _validate_rejects(entries, failures),
                _validate_rejects(batch["people"], nameless),
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


def _valid(candidates: pl.DataFrame, failures: pl.DataFrame) -> pl.DataFrame:
    return candidates.with_row_index("index").join(failures, on="index", how="anti").drop("index")


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
    if frame.is_empty():
        return empty
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


def _as_records(entries: pl.DataFrame, extracted: Extracted, table: type[Table]) -> pl.DataFrame:
    """Return entries, or people, as candidates of their table."""
    named = entries.with_columns(
        dump_id=pl.lit(extracted.dump_id),
        source=pl.lit(extracted.source.name),
        parts=pl.lit(None, polars_schema(Records)["parts"]),
    )
    if "version" in named.columns:
        stated = pl.lit(extracted.source.version)
        named = named.with_columns(version=pl.coalesce("version", stated, pl.lit("unknown")))
    # A person and a publication of one source may have one number as their keys.
    kinds = [] if table is Records else ["record_kind"]
    named = named.with_columns(record_kind=pl.lit(table.__name__))
    return with_id(named, "record_id", "R", ["source", *kinds, "source_key"]).select(
        pl.col(name).cast(dtype) for name, dtype in polars_schema(table).items()
    )


def _whole_reject(reason: str) -> pl.DataFrame:
    """Return the one reject of a dump that cannot be read, as a row of REJECT_SCHEMA with stage."""
    whole = {"check": "readable_dump", "message": reason}
    return pl.DataFrame([whole], schema=STAGED["rejects"]).with_columns(stage=pl.lit("extract"))


def _validate_rejects(entries: pl.DataFrame, failures: pl.DataFrame) -> pl.DataFrame:
    """Return the entries that failed a check, as rows of REJECT_SCHEMA with their stage."""
    return (
        entries.with_row_index("index")
        .join(failures, on="index")
        .with_columns(pl.col("raw_text").str.head(RAW_TEXT_LIMIT))
        .select(list(STAGED["rejects"]))
        .with_columns(stage=pl.lit("validate"))
    )


def numbered_rejects(rejects: pl.DataFrame, dump_id: str, *, before: int) -> pl.DataFrame:
    """Return the rejects of a batch as rows of `Rejects`, counted on from the batches `before`."""
    number = pl.int_range(before + 1, before + pl.len() + 1, dtype=pl.Int64)
    return (
        rejects.sort("ordinal", "check", nulls_last=False)
        .with_columns(dump_id=pl.lit(dump_id), reject_number=number)
        .select(list(polars_schema(Rejects)))
    )
