"""The line of glued facts that begins an entry on author pages: `25.3CLMar 15, 2023Code`.

Here too: what entries that begin so have in common, their lines, dates and faults.
"""

from __future__ import annotations

import re

import polars as pl

from flows.formats import Dump
from flows.formats._page import LINES_SCHEMA, Fault, is_blank, read_lines
from flows.normalize.dates import DATE
from flows.normalize.text import fold

_SCORE = r"\d+(?:\.\d+)?"
_CATEGORY = r"[A-Za-z][A-Za-z.\-]*?"
META_LINE = rf"^\s*(?:{_CATEGORY})?{DATE}(?:Code)?\s*$"
SCORED_META_LINE = rf"^\s*{_SCORE}(?:{_CATEGORY})?{DATE}(?:Code)?\s*$"
_BARE = rf"^\s*{DATE}\s*$"
_PARTS = rf"^\s*(?P<score>{_SCORE})?(?P<category>{_CATEGORY})?(?P<date>{DATE})(?P<code>Code)?\s*$"


def parsed_meta_line(text: pl.Expr) -> pl.Expr:
    """Return a struct of score (Float64), category, date_printed and has_code."""
    parts = text.str.extract_groups(_PARTS)
    return pl.struct(
        score=parts.struct.field("score").cast(pl.Float64),
        category=parts.struct.field("category"),
        date_printed=fold(parts.struct.field("date")),
        has_code=parts.struct.field("code").is_not_null(),
    )


def meta_line_share(head: str, pattern: str) -> float:
    """Return the share of the non-blank lines of `head` that match `pattern`, times three, at most
    1: an entry has three lines at least. Bare dates, which other pages print too, count only where
    there is nothing else, and once."""
    lines = [line for line in head.splitlines() if line.strip()]
    found = [line for line in lines if re.match(pattern, line)]
    told = [line for line in found if not re.match(_BARE, line)]
    if told:
        return min(1.0, 3 * len(told) / len(lines))
    return len(found) / len(lines) if 5 * len(found) >= len(lines) > 0 else 0.0


def printed_dates(dump: Dump, pattern: str) -> pl.Series:
    """Return the dates of all meta lines of a page, as printed."""
    dates = [
        lines.filter(pl.col("text").str.contains(pattern)).select(
            parsed_meta_line(pl.col("text")).struct.field("date_printed")
        )
        for lines in read_lines(dump)
    ]
    empty = pl.DataFrame(schema={"date_printed": pl.String})
    return pl.concat([empty, *dates])["date_printed"]


def entry_lines(lines: pl.DataFrame, pattern: str) -> pl.DataFrame:
    """Return the non-blank lines with `entry` (0 before the first meta line) and `place`, the
    0-based number of the line within its entry."""
    assert lines.schema == LINES_SCHEMA
    return (
        lines.filter(~is_blank(pl.col("text")))
        .with_columns(entry=pl.col("text").str.contains(pattern).cum_sum())
        .with_columns(place=pl.int_range(pl.len()).over("entry"))
    )


def faults(second_line: str) -> tuple[Fault, Fault]:
    """Return the faults of an entry: it lies before the first meta line, or ends with its own.

    `second_line` is the column that an entry of more than one line has.
    """
    return (
        Fault(
            pl.col("entry") == 0,
            "recognised_text",
            "Text before the first entry is neither an entry nor known page furniture.",
        ),
        Fault(
            pl.col(second_line).is_null(),
            "whole_entry",
            "The entry ends after its first line: the page is cut here; capture it anew.",
        ),
    )
