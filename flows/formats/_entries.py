"""What every reader gives: frames of entries, people and deletions with exactly their columns.

White space of printed text is folded here, once. What an entry means is the reader's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from flows.formats import DELETION_SCHEMA, ENTRY_SCHEMA, PERSON_SCHEMA, REJECT_SCHEMA, Batch
from flows.normalize.text import fold

_NOT_FOLDED = ("byline_printed", "raw_text")


def as_entries(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with exactly the columns of ENTRY_SCHEMA; what it lacks is null."""
    return _as(frame, ENTRY_SCHEMA)


def as_people(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with exactly the columns of PERSON_SCHEMA; what it lacks is null."""
    return _as(frame, PERSON_SCHEMA)


def as_deletions(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with exactly the columns of DELETION_SCHEMA; what it lacks is null."""
    return _as(frame, DELETION_SCHEMA)


def as_rejects(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with exactly the columns of REJECT_SCHEMA; what it lacks is null."""
    return _as(frame, REJECT_SCHEMA)


def of_another_type(values: pl.DataFrame, column: str, expected: str) -> pl.DataFrame:
    """Return values as rejects, because a field is not what is `expected`: `an object of lists`."""
    return as_rejects(
        values.with_columns(
            column=pl.lit(column),
            check=pl.lit("field_type"),
            message=pl.lit(
                f"The field '{column}' is not {expected}: the layout has changed, or the value is"
                " damaged."
            ),
        )
    )


def _as(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    if frame.is_empty():
        return schema.to_frame()
    missing = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
        if name not in frame.columns
    ]
    printed = [
        fold(pl.col(name))
        for name, dtype in schema.items()
        if dtype == pl.String and name in frame.columns and name not in _NOT_FOLDED
    ]
    return frame.with_columns(*missing, *printed).select(
        pl.col(name).cast(dtype) for name, dtype in schema.items()
    )


def numbered(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield batches whose ordinals, 1-based in each, are counted through the whole dump."""
    before = 0
    for batch in batches:
        shift = pl.col("ordinal") + before
        yield replace(
            batch,
            entries=batch.entries.with_columns(shift),
            people=batch.people.with_columns(shift),
            deletions=batch.deletions.with_columns(shift),
            rejects=batch.rejects.with_columns(shift),
            stated=batch.stated.with_columns(shift),
        )
        before += entry_total(batch)


def entry_total(batch: Batch) -> int:
    """Return how many entries the batch accounts for."""
    frames = (batch.entries, batch.people, batch.deletions, batch.rejects)
    return sum(frame.height for frame in frames)
