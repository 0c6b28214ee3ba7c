"""Check digits: of ISBN and ISSN (weighted sums, ISO 2108 and ISO 3297)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

Step = Callable[[pl.Expr], pl.Expr]


def weighted(digits: pl.Expr, weights: Sequence[int]) -> pl.Expr:
    """Return the weighted sum of the first digits, as many as there are weights."""

    def sums(numbers: pl.Series) -> pl.Series:
        number = numbers.to_frame("n").select(pl.col("n").cast(pl.Int64, strict=False))
        places = range(len(weights) - 1, -1, -1)
        weighted = (
            pl.col("n") // 10**place % 10 * weight
            for place, weight in zip(places, weights, strict=True)
        )
        total = pl.sum_horizontal(*weighted, ignore_nulls=False)
        return number.select(total).to_series()

    # On the column: in one expression the number would be read anew for each of its digits.
    first = digits.str.head(len(weights))
    return first.map_batches(sums, return_dtype=pl.Int64, is_elementwise=True)


def adds_up(weights: Sequence[int], modulus: int, remainder: int) -> Step:
    """Return the rule that the weighted digits and the last one leave `remainder`; all zeros are
    no identifier."""

    def rule(value: pl.Expr) -> pl.Expr:
        digits = value.str.replace_all("-", "", literal=True)
        total = weighted(digits, weights)
        last = digits.str.slice(len(weights), 1).str.replace("X", "10", literal=True)
        return ((total + last.cast(pl.Int64, strict=False)) % modulus == remainder) & (total > 0)

    return rule


_ISBN_13 = (1, 3) * 6
_has_right_isbn_10 = adds_up(range(10, 1, -1), 11, 0)
_has_right_isbn_13 = adds_up(_ISBN_13, 10, 0)


def has_right_isbn(value: pl.Expr) -> pl.Expr:
    """Tell whether the last digit of a bare ISBN, of 10 or 13 digits, is right."""
    is_long = value.str.len_bytes() == 13
    return pl.when(is_long).then(_has_right_isbn_13(value)).otherwise(_has_right_isbn_10(value))


def isbn_13(value: pl.Expr) -> pl.Expr:
    """Return a bare ISBN with 13 digits; one of 10 gets the prefix 978 and a new check digit."""
    body = pl.lit("978") + value.str.head(9)
    digit = (10 - weighted(body, _ISBN_13) % 10) % 10
    is_long = value.str.len_bytes() == 13
    return pl.when(is_long).then(value).otherwise(body + digit.cast(pl.String))
