"""Dates as pages print them: `Dec 20, 2022`, or `Jan 13` in the year of the capture."""

from __future__ import annotations

import datetime as dt

import polars as pl

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTH_DAY = rf"(?:{'|'.join(MONTHS)})\s\d{{1,2}}"
DATE = rf"{MONTH_DAY}(?:,\s\d{{4}})?"


def printed_year(date: pl.Expr) -> pl.Expr:
    """Return the year printed in a date (Int16); null where none is printed."""
    return date.str.extract(r",\s(\d{4})$").cast(pl.Int16)


def month_and_day(date: pl.Expr) -> pl.Expr:
    """Return month times 100 plus day of a printed date (Int16), for comparison within a year."""
    month = date.str.slice(0, 3).replace_strict(
        {name: number for number, name in enumerate(MONTHS, start=1)},
        default=None,
        return_dtype=pl.Int16,
    )
    return month * 100 + date.str.extract(r"^\w{3}\s(\d{1,2})").cast(pl.Int16)


def infer_capture_year(printed: pl.Series, header: str | None) -> int | None:
    """Return the year a page was captured in, from the dates on it; null if nothing tells.

    Pages leave the year out of dates of the current year, so every printed year is earlier: the
    capture year is the first after them that makes a 29 February without a year a real day. A page
    header that prints its year tells it outright.
    """
    named = [] if header is None else [header]
    dates = pl.DataFrame({"date": [*printed, *named]}, schema={"date": pl.String}).select(
        "date", year=printed_year(pl.col("date")), day=month_and_day(pl.col("date"))
    )
    if header is not None:
        stated = pl.select(printed_year(pl.lit(header))).item()
        if stated is not None:
            return int(stated)
    latest = dates["year"].max()
    if latest is None:
        return None
    year = int(latest) + 1  # type: ignore[arg-type]
    leap_day = dates.filter(pl.col("year").is_null() & (pl.col("day") == 229)).height > 0
    while leap_day and not _is_leap(year):
        year += 1
    return year


def capture_date(header: str | None, year: int | None) -> dt.date | None:
    """Return the day that a page header such as `Oct 31` names in `year`; null if unknown."""
    if header is None or year is None:
        return None
    day: dt.date | None = pl.select(_as_date(pl.lit(header), pl.lit(year, pl.Int16))).item()
    return day


def with_dates(
    entries: pl.DataFrame, capture_year: int | None, captured_on: dt.date | None
) -> pl.DataFrame:
    """Return `entries` with publication_date, date_precision and date_basis from `date_printed`.

    A date without a year takes the capture year, or the year before where it would lie after the
    day of capture (and the day after it, for time zones); without a capture year it stays null.
    A date that is printed in full but is no day of the calendar has a basis and no date, which
    validation rejects.
    """
    printed = pl.col("date_printed")
    own_year = printed_year(printed)
    default = pl.lit(capture_year, pl.Int16)
    if captured_on is not None:
        bound = min(captured_on + dt.timedelta(days=1), dt.date(captured_on.year, 12, 31))
        after = month_and_day(printed) > bound.month * 100 + bound.day
        default = pl.when(after).then(default - 1).otherwise(default)
    year = own_year.fill_null(default)
    known = printed.is_not_null() & year.is_not_null()
    return entries.with_columns(
        publication_date=_as_date(printed, year),
        date_precision=pl.when(known).then(pl.lit("day")),
        date_basis=pl.when(known).then(
            pl.when(own_year.is_not_null())
            .then(pl.lit("printed"))
            .otherwise(pl.lit("inferred_year"))
        ),
    )


def _as_date(printed: pl.Expr, year: pl.Expr) -> pl.Expr:
    text = pl.concat_str(
        [printed.str.extract(rf"^({MONTH_DAY})"), year.cast(pl.String)], separator=" "
    ).str.replace_all(r"\s", " ")
    return text.str.to_date("%b %d %Y", strict=False)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
