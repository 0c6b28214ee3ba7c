"""Dates in the free forms of reference managers.

Which field holds a date is the reader's business.
"""

from __future__ import annotations

import polars as pl

from flows.normalize.dates import MONTHS, iso_date


def free_date(printed: pl.Expr) -> pl.Expr:
    """Return publication_date and date_precision, as `iso_date` does, of `2019/03/21/`,
    `2019///Fall`, `March 2019`, `21 Mar 2019`; of other text its one year.

    Which number of `03/04/2019` is the month, nobody can tell: only its year is read.
    """
    month = printed.str.extract(rf"(?i)\b({'|'.join(MONTHS)})").str.to_titlecase()
    number = month.replace_strict(
        {name: f"{place:02}" for place, name in enumerate(MONTHS, start=1)},
        default=None,
        return_dtype=pl.String,
    )
    year = printed.str.extract(r"(?:^|\D)(\d{4})(?:\D|$)")
    day = printed.str.extract(r"(?:^|[^\d-])(\d{1,2})(?:st|nd|rd|th)?(?:[^\d-]|$)")
    named = pl.concat_str(year, number, day, separator="-", ignore_nulls=True)
    begins_with_year = printed.str.contains(r"^\s*\d{4}(?:\D|$)")
    return iso_date(
        pl.when(number.is_not_null() & year.is_not_null())
        .then(named)
        .when(begins_with_year)
        .then(printed)
        .otherwise(year)
    )
