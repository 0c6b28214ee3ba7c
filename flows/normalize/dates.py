"""Dates as pages print them: `Dec 20, 2022`, or `Jan 13` in the year of the capture."""

from __future__ import annotations

import datetime as dt

import polars as pl

from schemas.columns import EARLIEST_PUBLICATION, LATEST_PUBLICATION

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    "|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
MONTH_DAY = rf"{_MONTH}\s\d{{1,2}}"
DATE = rf"{MONTH_DAY}(?:,\s\d{{4}})?"

LEAP_DAY = 229
"""29 February, as `month_and_day` tells it."""

LONGEST_PAUSE = 5
"""Years that a page may leave out; a single date beyond them looks like a misprint."""
LIVELY = 5
"""So many dates in the last two of the other years show that the page was kept until then."""


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
    return month * 100 + date.str.extract(r"^\w+\s(\d{1,2})").cast(pl.Int16)


def infer_capture_year(printed: pl.Series, header: str | None) -> int | None:
    """Return the year a page was captured in, from the dates on it; null if nothing tells surely.

    Pages leave the year out of dates of the current year, so the capture year is the one after the
    last printed year. A page header that prints its year tells it outright.

    A last year that is printed once, more than `LONGEST_PAUSE` years after all others, is no
    evidence: it is a misprint where the page is lively up to the others, and the year follows
    these; else there is no telling. Nor is there where the header is a 29 February that the year
    does not have. A date of an entry is too little to move all others: see `with_dates`.
    """
    if header is not None:
        stated = pl.select(printed_year(pl.lit(header))).item()
        if stated is not None:
            return int(stated)
    dates = pl.DataFrame({"date": printed}, schema={"date": pl.String})
    years = dates.select(printed_year(pl.col("date"))).to_series().drop_nulls().sort().to_list()
    trusted = len(years)
    while trusted > 1 and years[trusted - 1] - years[trusted - 2] > LONGEST_PAUSE:
        trusted -= 1
    is_lively = sum(year >= years[trusted - 1] - 1 for year in years[:trusted]) >= LIVELY
    if not years or (trusted < len(years) and not is_lively):
        return None
    year = int(years[trusted - 1]) + 1
    is_leap_day = header is not None and pl.select(month_and_day(pl.lit(header))).item() == LEAP_DAY
    return None if is_leap_day and not _is_leap(year) else year


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
    day of capture (and the day after it, for time zones); without a capture year it stays null,
    and so does a 29 February in a year that has none: of which year it is, nobody can tell.
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
    date = _as_date(printed, year)
    is_misfit = own_year.is_null() & (month_and_day(printed) == LEAP_DAY) & date.is_null()
    known = printed.is_not_null() & year.is_not_null() & ~is_misfit
    return entries.with_columns(
        publication_date=date,
        date_precision=pl.when(known).then(pl.lit("day")),
        date_basis=pl.when(known).then(
            pl.when(own_year.is_not_null())
            .then(pl.lit("printed"))
            .otherwise(pl.lit("inferred_year"))
        ),
    )


def _as_date(printed: pl.Expr, year: pl.Expr) -> pl.Expr:
    month, day = printed.str.slice(0, 3), printed.str.extract(r"^\w+\s(\d{1,2})")
    text = pl.concat_str([month, day, year.cast(pl.String)], separator=" ")
    return text.str.to_date("%b %d %Y", strict=False)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def iso_date(printed: pl.Expr) -> pl.Expr:
    """Return a struct of publication_date and date_precision of `2017`, `2017-06` or `2017-06-12`,
    whatever stands between the numbers and behind them; nulls for what is no day of the calendar.

    Numbers of one digit are read, and a year written as `2017.0`.
    """
    text = printed.str.strip_chars().str.replace(r"^(\d{4})\.0+$", "$1")
    year = text.str.extract(r"^(\d{4})(?:\D|$)")
    month = text.str.extract(r"^\d{4}[-/. ](\d{1,2})(?:\D|$)")
    day = text.str.extract(r"^\d{4}[-/. ]\d{1,2}[-/. ](\d{1,2})(?:\D|$)")
    date = pl.concat_str(
        [year, month.fill_null("1"), day.fill_null("1")], separator="-"
    ).str.to_date("%Y-%m-%d", strict=False)
    date = pl.when(date.is_between(EARLIEST_PUBLICATION, LATEST_PUBLICATION)).then(date)
    precision = (
        pl.when(day.is_not_null())
        .then(pl.lit("day"))
        .when(month.is_not_null())
        .then(pl.lit("month"))
        .otherwise(pl.lit("year"))
    )
    return pl.struct(
        publication_date=date, date_precision=pl.when(date.is_not_null()).then(precision)
    )
