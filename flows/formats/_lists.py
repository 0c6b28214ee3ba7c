"""Lists as columns: values worked on in one long column, then cut into lists again.

Much faster than expressions inside lists. What the values mean is the reader's business.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa


def elements(values: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return `row`, 0-based, and `column`: the elements, not null, of a list column."""
    return (
        values.select(column)
        .with_row_index("row")
        .filter(pl.col(column).list.len() > 0)
        .explode(column)
        .filter(pl.col(column).is_not_null())
    )


def in_lists(rows: pl.DataFrame, row_count: int, inner: pl.Struct) -> pl.Series:
    """Return a list column of `row_count` rows: the columns of `rows` as structs like `inner`.

    `row`, ascending, says which list a struct belongs to. A field that `rows` lacks is null, and so
    is a list without any struct.
    """
    fields = [
        pl.col(field.name) if field.name in rows.columns else pl.lit(None).alias(field.name)
        for field in inner.fields
    ]
    structs = rows.select(*fields).cast(dict(inner)).to_struct("structs").rechunk().to_arrow()
    lengths = np.bincount(rows["row"].to_numpy(), minlength=row_count)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    lists = pa.LargeListArray.from_arrays(pa.array(offsets), structs, mask=pa.array(lengths == 0))
    return pl.Series("lists", lists, dtype=pl.List(inner))


def split_text(text: pl.Expr, separator: str) -> pl.Expr:
    """Return the parts of a text between separators, without those that are blank; null if none."""
    parts = text.str.split(separator).list.eval(
        pl.element().str.strip_chars().filter(pl.element().str.contains(r"\S"))
    )
    return pl.when(parts.list.len() > 0).then(parts)
