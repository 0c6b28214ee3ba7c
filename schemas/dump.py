"""Tables of what came in: dumps, what was rejected of them, and the metrics they state."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from schemas import columns as c
from schemas.base import Keys, Table


class Dumps(Table):
    """Every dump the release was made from, with its balanced account:
    read_count = record_count + superseded_count + reject_count."""

    dump_id: c.DumpId
    source: c.Source
    source_title: Annotated[
        str, pa.Field(nullable=True, description="What source.toml calls the source.")
    ]
    source_homepage: Annotated[str, pa.Field(nullable=True, description="Its homepage.")]
    source_publisher: Annotated[str, pa.Field(nullable=True, description="Who publishes it.")]
    source_licence: Annotated[
        str, pa.Field(nullable=True, description="Licence of its content, an SPDX identifier.")
    ]
    format: Annotated[
        str,
        pa.Field(nullable=True, description="Format its content was recognised as; null if none."),
    ]
    path: Annotated[str, pa.Field(description="Path below raw/, with forward slashes.")]
    sha256: Annotated[
        str,
        pa.Field(
            nullable=True,
            str_matches=r"^[0-9a-f]{64}$",
            description="SHA-256 of the content; null if it could not be read.",
        ),
    ]
    bytes: Annotated[
        pl.Int64, pa.Field(nullable=True, ge=0, description="Size of the content in bytes.")
    ]
    captured_on: Annotated[
        pl.Date,
        pa.Field(nullable=True, description="Day the dump was captured; null if unknown."),
    ]
    captured_on_basis: Annotated[
        str,
        pa.Field(
            nullable=True,
            isin=("printed", "inferred_year", "source_toml"),
            description="How the day of capture is known.",
        ),
    ]
    capture_year: Annotated[
        pl.Int16,
        pa.Field(nullable=True, description="Year a date printed without one belongs to."),
    ]
    mode: Annotated[
        str, pa.Field(isin=c.MODES, description="Whether dumps of the source add up or replace.")
    ]
    duplicate_free: Annotated[
        bool,
        pa.Field(
            description="Whether the source is declared never to have two records of one paper."
        ),
    ]
    stated_count: Annotated[
        pl.Int64,
        pa.Field(nullable=True, ge=0, description="Number of entries the dump itself states."),
    ]
    read_count: Annotated[pl.Int64, pa.Field(ge=0, description="Entries read from the dump.")]
    record_count: Annotated[pl.Int64, pa.Field(ge=0, description="Of them, current records.")]
    superseded_count: Annotated[
        pl.Int64,
        pa.Field(
            ge=0,
            description="Of them, replaced by an equal or newer delivery of the entry, put together"
            " with another part of the same record, or a notice of deletion.",
        ),
    ]
    part_count: Annotated[
        pl.Int64,
        pa.Field(ge=0, description="Of the superseded, parts of records of another dump."),
    ]
    deletion_count: Annotated[
        pl.Int64, pa.Field(ge=0, description="Of the superseded, notices of deletion.")
    ]
    reject_count: Annotated[pl.Int64, pa.Field(ge=0, description="Of them, rejected.")]
    line_count: Annotated[
        pl.Int64, pa.Field(nullable=True, ge=0, description="Lines; null for formats without.")
    ]
    entry_line_count: Annotated[
        pl.Int64,
        pa.Field(nullable=True, ge=0, description="Non-blank lines that belong to an entry."),
    ]
    furniture_line_count: Annotated[
        pl.Int64,
        pa.Field(nullable=True, ge=0, description="Non-blank lines recognised as page furniture."),
    ]
    blank_line_count: Annotated[pl.Int64, pa.Field(nullable=True, ge=0, description="Blank lines.")]
    unknown_fields: Annotated[
        pl.List,
        c.FIELD_COUNT_STRUCT,
        pa.Field(
            nullable=True,
            description="Fields the format does not know, ignored, with the number of entries that"
            " have them; null if none.",
        ),
    ]

    class Config:
        """Keys."""

        metadata = {"keys": Keys(primary=("dump_id",))}


class Rejects(Table):
    """Every piece of a dump that could not become a valid record, with its place and the reason.
    A dump that cannot be read at all is one row without ordinal and lines."""

    dump_id: c.DumpId
    reject_number: Annotated[
        pl.Int64, pa.Field(ge=1, description="1-based number among the dump's rejects.")
    ]
    ordinal: Annotated[
        pl.Int64,
        pa.Field(nullable=True, ge=1, description="Place among the entries; null: whole dump."),
    ]
    member: c.Member
    line_start: c.LineStart
    line_end: c.LineEnd
    stage: Annotated[
        str, pa.Field(isin=("extract", "validate"), description="Where it was rejected.")
    ]
    column: Annotated[
        str, pa.Field(nullable=True, description="Column whose value failed; null: the entry.")
    ]
    check: Annotated[str, pa.Field(description="Name of the check that failed.")]
    message: Annotated[str, pa.Field(description="What is wrong and what to do, as a sentence.")]
    raw_text: Annotated[
        str,
        pa.Field(
            nullable=True,
            description="Text of the entry as it stands in the dump, cut after 20,000 characters.",
        ),
    ]

    class Config:
        """Keys."""

        metadata = {
            "keys": Keys(
                primary=("dump_id", "reject_number"), references={"dump_id": "dumps.dump_id"}
            )
        }


class Metrics(Table):
    """What dumps state about papers and authors (h-index, citations, scores, comment counts), as a
    dated series. Nothing here is computed by bibmill."""

    subject_type: Annotated[
        str, pa.Field(isin=("paper", "author"), description="What the metric is about.")
    ]
    subject_id: Annotated[str, pa.Field(description="paper_id or author_id.")]
    metric: Annotated[
        str,
        pa.Field(
            str_matches=r"^[a-z][a-z0-9_]*$",
            description="h_index, paper_count, citation_count, novelty_percent, ai_score, score,"
            " comment_count, upvote_count, ...",
        ),
    ]
    value: Annotated[pl.Float64, pa.Field(description="The number as stated.")]
    observed_on: Annotated[
        pl.Date, pa.Field(nullable=True, description="Day of capture; null if unknown.")
    ]
    dump_id: c.DumpId
    record_id: Annotated[
        str,
        pa.Field(nullable=True, description="Record that states it; null: the page as a whole."),
    ]

    class Config:
        """Keys."""

        metadata = {
            "keys": Keys(
                primary=("subject_type", "subject_id", "metric", "dump_id", "record_id"),
                references={"dump_id": "dumps.dump_id", "record_id": "records.record_id"},
            )
        }
