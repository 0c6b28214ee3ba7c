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
    candidates = [_candidate(works, name) for name in (*DATES, "issued")]
    ranks = pl.DataFrame([rank.alias(str(number)) for number, (rank, _) in enumerate(candidates)])
    flaws = pl.DataFrame([flaw.alias(str(number)) for number, (_, flaw) in enumerate(candidates)])
    chosen = ranks.select(
        rank=pl.coalesce(pl.min_horizontal(pl.exclude(str(len(DATES)))), pl.col(str(len(DATES))))
    )
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


def _candidate(works: pl.DataFrame, name: str) -> tuple[pl.Series, pl.Series]:
    """Return the rank of a date, ascending in time and null where it is none; and the date as
    printed where it is impossible."""
    parts = pl.col(name).struct.field("date-parts").list.first().list
    year = parts.get(0, null_on_oob=True)
    month, day = (
        pl.when(parts.get(number, null_on_oob=True) != 0).then(parts.get(number, null_on_oob=True))
        for number in (1, 2)
    )
    known = works.select(year=year, month=month, day=pl.when(month.is_not_null()).then(day))
    is_possible = (
        _as_date(pl.col("year"), pl.col("month"), pl.col("day"))
        .is_between(EARLIEST_PUBLICATION, LATEST_PUBLICATION)
        .fill_null(value=False)
    )
    told = known.select(
        rank=pl.when(is_possible).then(
            pl.col("year") * 10_000
            + pl.col("month").fill_null(_UNKNOWN) * 100
            + pl.col("day").fill_null(_UNKNOWN)
        ),
        flaw=pl.when(~is_possible & (pl.col("year") != 0)).then(
            _joined(pl.col("year"), pl.col("month"), pl.col("day"))
        ),
    )
    return told["rank"], told["flaw"]


def _as_date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    # Through a text: a date made of impossible numbers is an error, not null.
    return _joined(year, month.fill_null(1), day.fill_null(1)).str.to_date("%Y-%m-%d", strict=False)


def _joined(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    return pl.when(year.is_not_null()).then(
        pl.concat_str(year, month, day, separator="-", ignore_nulls=True)
    )
