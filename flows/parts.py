"""Parts: entries of several files that make one record, put together.

The parts of one source_key are one record. Its place is that of the part with a title, else of the
first by the name of the part; each column is the first that a part gives, lists that add up are
joined. Where a value came from stands in the column `parts`.
"""

from __future__ import annotations

import polars as pl

from schemas import columns as c
from schemas.dictionary import polars_schema
from schemas.record import Records

PART = "part"

_KEY = ["source", "source_key"]
_PLACE = ("record_id", "dump_id", "ordinal", "member", "line_start", "line_end")
_ADDED_UP = ("identifiers", "links", "categories", "related", "warnings")
_RECORDS = polars_schema(Records)
_GIVEN = [name for name in _RECORDS if name not in (*_KEY, *_PLACE, "parts")]


def put_together(parts: pl.DataFrame) -> pl.DataFrame:
    """Return one row of `Records` for each source_key; `parts` has the column `part` besides."""
    if parts.is_empty():
        return parts.select(list(_RECORDS))
    ordered = parts.sort(*_KEY, pl.col("title").is_null(), PART, "dump_id", "ordinal")
    traced = ordered.with_columns(columns=_given_columns()).with_columns(
        parts=pl.struct(field.name for field in c.PART_STRUCT.fields)
    )
    merged = traced.group_by(_KEY, maintain_order=True).agg(
        *(pl.col(name).first() for name in _PLACE),
        *(pl.col(name).drop_nulls().first() for name in _GIVEN if name not in _ADDED_UP),
        *(_added_up(name).alias(name) for name in _ADDED_UP),
        pl.col("parts"),
    )
    return merged.with_columns(
        pl.when(pl.col("parts").list.len() > 1).then("parts").alias("parts"),
        *(
            pl.when(pl.col(name).list.len() > 0).then(pl.col(name)).alias(name)
            for name in _ADDED_UP
        ),
    ).select(pl.col(name).cast(dtype) for name, dtype in _RECORDS.items())


def _added_up(name: str) -> pl.Expr:
    return pl.col(name).drop_nulls().explode(empty_as_null=False).unique(maintain_order=True)


def _given_columns() -> pl.Expr:
    """Return the names of the columns that the record takes from each part."""
    taken = []
    for name in _GIVEN:
        is_given = pl.col(name).is_not_null()
        if name not in _ADDED_UP:
            is_given &= is_given.cast(pl.Int32).cum_sum().over(_KEY) == 1
        taken.append(pl.when(is_given).then(pl.lit(name)))
    return pl.concat_list(taken).list.drop_nulls()
