"""Crossref's dates: lists of year, month and day, as far as each is known.

A work has several: in print, online, posted. When the DOI was made or its metadata deposited is not
when the work came out, and never taken for it.
"""

from __future__ import annotations

import polars as pl

from flows.formats._crossref import DATES
from schemas.columns import EARLIEST_PUBLICATION, LATEST_PUBLICATION

_UNKNOWN = 99
"""Ranks a month or day that is not known behind all that are."""


def dates(works: pl.DataFrame) -> pl.DataFrame:
    """Return publication_date, what belongs to it, and impossible: dates that are none, as printed.

    The date is the earliest of `DATES`, else the day of issue; of two that agree as far as both go,
    the one that says more.
    """
    names = (*DATES, "issued")
    known = works.select(part for name in names for part in _parts(name))
    possible = known.with_columns(_is_possible(name).alias(f"{name} possible") for name in names)
    ranks = possible.select(_rank(name) for name in names)
    flaws = possible.select(_flaw(name) for name in names)
    chosen = ranks.select(rank=pl.coalesce(pl.min_horizontal(DATES), "issued"))
    rank = pl.col("rank")
    month, day = (pl.when(part != _UNKNOWN).then(part) for part in (rank // 100 % 100, rank % 100))
    is_known = rank.is_not_null()
    impossible = pl.concat_list(pl.all()).list.drop_nulls().list.unique(maintain_order=True)
    return chosen.select(
        publication_date=_as_date(rank // 10_000, month, day),
        date_precision=pl.when(day.is_not_null())
        .then(pl.lit("day"))
        .when(month.is_not_null())
        .then(pl.lit("month"))
        .when(is_known)
        .then(pl.lit("year")),
        date_basis=pl.when(is_known).then(pl.lit("printed")),
        date_printed=pl.when(is_known).then(_joined(rank // 10_000, month, day)),
    ).hstack(
        flaws.select(impossible=pl.when(impossible.list.len() > 0).then(impossible.list.join(", ")))
    )


def _parts(name: str) -> list[pl.Expr]:
    """Return year, month and day of a date; a month or day of 0 is none."""
    parts = pl.col(name).struct.field("date-parts").list.first().list
    year, month, day = (parts.get(number, null_on_oob=True) for number in range(3))
    return [
        year.alias(f"{name} year"),
        month.replace(0, None).alias(f"{name} month"),
        pl.when(month != 0).then(day.replace(0, None)).alias(f"{name} day"),
    ]


def _numbers(name: str) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    return pl.col(f"{name} year"), pl.col(f"{name} month"), pl.col(f"{name} day")


def _is_possible(name: str) -> pl.Expr:
    date = _as_date(*_numbers(name))
    return date.is_between(EARLIEST_PUBLICATION, LATEST_PUBLICATION).fill_null(value=False)


def _rank(name: str) -> pl.Expr:
    """Return a number ascending in time, null where the date is none."""
    year, month, day = _numbers(name)
    rank = year * 10_000 + month.fill_null(_UNKNOWN) * 100 + day.fill_null(_UNKNOWN)
    return pl.when(f"{name} possible").then(rank).alias(name)


def _flaw(name: str) -> pl.Expr:
    """Return the date as printed where it is impossible."""
    year, month, day = _numbers(name)
    is_impossible = ~pl.col(f"{name} possible") & (year != 0)
    return pl.when(is_impossible).then(_joined(year, month, day)).alias(name)


def _as_date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    # Through a text: a date made of impossible numbers is an error, not null.
    return _joined(year, month.fill_null(1), day.fill_null(1)).str.to_date("%Y-%m-%d", strict=False)


def _joined(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    return pl.when(year.is_not_null()).then(
        pl.concat_str(year, month, day, separator="-", ignore_nulls=True)
    )
