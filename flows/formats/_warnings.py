"""Warnings: values of an entry that cannot be right, kept with what was printed."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from flows.formats._lists import in_lists
from schemas.columns import WARNING_STRUCT


@dataclass(frozen=True)
class Doubt:
    """What is wrong with a column of some entries: those where `printed` is not null."""

    column: str
    check: str
    message: str
    printed: pl.Expr


def with_warnings(frame: pl.DataFrame, *doubts: Doubt) -> pl.DataFrame:
    """Return the frame with `warnings`, a list of the doubts about each row; null where none."""
    printed = {f"doubt_{number}": doubt.printed for number, doubt in enumerate(doubts)}
    doubted = frame.select(**printed).with_row_index("row")
    rows = [
        doubted.filter(pl.col(name).is_not_null()).select(
            "row",
            column=pl.lit(doubt.column),
            check=pl.lit(doubt.check),
            message=pl.lit(doubt.message),
            printed=name,
        )
        for name, doubt in zip(printed, doubts, strict=True)
    ]
    listed = pl.concat(rows).sort("row", maintain_order=True)
    return frame.with_columns(warnings=in_lists(listed, frame.height, WARNING_STRUCT))
