"""Values as columns that several JSON readers make: moments, and lists gathered from many places.

What a value means is the reader's business.
"""

from __future__ import annotations

import polars as pl

from flows.formats._lists import in_lists
from flows.normalize.text import fold

_IDENTIFIER = pl.Struct({"scheme": pl.String, "value": pl.String})


def moment(printed: pl.Expr) -> pl.Expr:
    """Return the UTC time of `2022-01-02T00:22:35.180390`, with or without Z, or of a bare day;
    null for anything else."""
    second = printed.str.replace(r"^(\d{4}-\d\d-\d\d)$", "${1}T00:00:00").str.extract(
        r"^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?)\d*(?:Z|\+00:?00)?$"
    )
    return (
        second.str.replace(" ", "T", literal=True)
        .str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
        .dt.replace_time_zone("UTC")
    )


def gathered(places: list[pl.DataFrame], row_count: int) -> pl.Series:
    """Return a list column of the distinct texts of `places`: frames of `row` and `value`.

    Of each row first what the first frame has, then the next; blank texts are left out, and a list
    without any is null.
    """
    lists = _in_order([place.select("row", value=fold(pl.col("value"))) for place in places])
    by_row = lists.group_by("row", maintain_order=True).agg("value")
    rows = pl.DataFrame({"row": pl.int_range(row_count, dtype=pl.UInt32, eager=True)})
    return rows.join(by_row, on="row", how="left", maintain_order="left")["value"]


def gathered_identifiers(places: list[pl.DataFrame], row_count: int) -> pl.Series:
    """Return a list column of distinct identifiers, like `gathered`; the frames have `scheme`."""
    printed = [place.select("row", "scheme", value=fold(pl.col("value"))) for place in places]
    return in_lists(_in_order(printed), row_count, _IDENTIFIER)


def _in_order(frames: list[pl.DataFrame]) -> pl.DataFrame:
    together = pl.concat(frames).drop_nulls("value")
    return together.unique(maintain_order=True).sort("row", maintain_order=True)


def printed_values(frame: pl.DataFrame, value: pl.Expr) -> pl.DataFrame:
    """Return `row`, 0-based, and `value`: a text of each row."""
    return frame.select(row=pl.int_range(pl.len(), dtype=pl.UInt32), value=value)
