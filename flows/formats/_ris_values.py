"""RIS values: what stands under tags of a record, its people and its date.

Which tags fill which column is the reader's business.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from flows.formats._dates import free_date
from flows.formats._values import gathered
from flows.formats._warnings import Doubt, with_warnings
from flows.normalize.text import fold

_CUT = r"(?i)^(?:and\s+)?(?:et\.?\s*al\.?|others)$"
_SUFFIX = r"(?i)^(?:jr|sr)\.?$|^(?:ii|iii|iv|v)$"


def _of(fields: pl.DataFrame, tags: Sequence[str]) -> pl.DataFrame:
    """Return the fields with one of the tags, in the order of `tags`, row by row."""
    ranks = {tag: number for number, tag in enumerate(tags)}
    rank = pl.col("tag").replace_strict(ranks, default=None, return_dtype=pl.Int64)
    return fields.with_columns(rank=rank).drop_nulls("rank").sort("row", "rank", "field")


def first(fields: pl.DataFrame, tags: Sequence[str], height: int) -> pl.Series:
    """Return the first value of each of `height` records under the tags, the first tag first."""
    return listed(fields, tags, height).list.first()


def listed(fields: pl.DataFrame, tags: Sequence[str], height: int) -> pl.Series:
    """Return the distinct values of each record under the tags."""
    return gathered([_of(fields, tags)], height)


def joined(fields: pl.DataFrame, tags: Sequence[str], height: int) -> pl.Series:
    """Return what stands under the tags as one text."""
    return listed(fields, tags, height).list.join(" ")


def people(fields: pl.DataFrame, tags: Sequence[str]) -> pl.DataFrame:
    """Return the people under the tags in the order printed, with their row; is_cut: not a person,
    but 'et al.'.

    A name is printed `Family, Given, Suffix`; some programs print several in one line, between
    semicolons, or between 'and' where names have commas.
    """
    apart = (
        pl.when(pl.col("value").str.count_matches(",") > 1)
        .then(pl.col("value").str.replace_all(r"\s+(?:and|&)\s+", ";"))
        .otherwise("value")
        .str.split(";")
    )
    printed = (
        fields.filter(pl.col("tag").is_in(tags))
        .select("row", "tag", name=apart)
        .explode("name", empty_as_null=False)
        .with_columns(name=fold(pl.col("name")))
        .filter(pl.col("name").str.contains(r"\p{L}"))
        # Some programs print the list again under another tag; namesakes stand under one tag.
        .filter(pl.col("tag") == pl.col("tag").first().over("row", "name"))
    )
    parts = pl.col("name").str.split(",")
    second = fold(parts.list.get(1, null_on_oob=True))
    third = fold(parts.list.slice(2).list.join(","))
    # `Doe, Jr., Jane` is printed as well as `Doe, Jane, Jr.`.
    is_turned = second.str.contains(_SUFFIX) & third.is_not_null()
    named = printed.with_columns(
        family=fold(parts.list.get(0)),
        given=pl.when(is_turned).then(third).otherwise(second),
        suffix=pl.when(is_turned).then(second).otherwise(third),
    )
    family = pl.concat_str("family", "suffix", separator=" ", ignore_nulls=True)
    is_parted = pl.col("family").is_not_null() & pl.col("given").is_not_null()
    bare = pl.col("name").str.strip_chars(" ,")
    return named.select(
        "row",
        name=pl.when(is_parted).then(pl.concat_str("given", family, separator=" ")).otherwise(bare),
        given_name=pl.when(is_parted).then("given"),
        family_name=pl.when(is_parted).then(family),
        is_cut=bare.str.contains(_CUT),
    )


def dated(entries: pl.DataFrame, fields: pl.DataFrame) -> pl.DataFrame:
    """Return the entries with their date and warnings.

    The year is that of PY or Y1; DA, which may be another date, or else Y1 tells month and day
    where it is of that year or names none, and stands in where there is no year.
    """
    height = entries.height
    tags = {"day": ("DA", "Y1"), "year": ("PY", "Y1", "YR")}
    printed = pl.DataFrame({name: first(fields, tags[name], height) for name in tags})
    dates = printed.select(
        own=free_date(pl.col("year")),
        full=free_date(
            pl.when(pl.col("day").str.contains(r"\d{4}"))
            .then("day")
            .otherwise(
                pl.concat_str(pl.col("day"), pl.col("year").str.extract(r"(\d{4})"), separator=" ")
            )
        ),
    )
    own, full = (pl.col(name).struct for name in ("own", "full"))
    day = pl.col("full_date")
    told = (
        printed.hstack(dates)
        .select(
            "day",
            "year",
            own_date=own.field("publication_date"),
            own_precision=own.field("date_precision"),
            full_date=full.field("publication_date"),
            full_precision=full.field("date_precision"),
        )
        .with_columns(
            is_full=day.is_not_null()
            & (pl.col("own_date").is_null() | (day.dt.year() == pl.col("own_date").dt.year()))
            & (pl.col("own_precision").is_null() | (pl.col("own_precision") == "year"))
        )
    )
    chosen = told.select(
        publication_date=pl.when("is_full").then("full_date").otherwise("own_date"),
        date_precision=pl.when("is_full").then("full_precision").otherwise("own_precision"),
        date_printed=pl.when("is_full")
        .then("day")
        .when(pl.col("own_date").is_not_null())
        .then("year"),
        impossible=pl.coalesce(
            pl.when(pl.col("own_date").is_null(), pl.col("year").str.contains(r"\w")).then("year"),
            pl.when(day.is_null(), pl.col("day").str.contains(r"\d{4}")).then("day"),
        ),
    )
    return with_warnings(
        entries.hstack(chosen).with_columns(
            date_basis=pl.when(pl.col("publication_date").is_not_null()).then(pl.lit("printed"))
        ),
        Doubt(
            "publication_date",
            "possible_date",
            "The date of publication is no day of the calendar.",
            pl.col("impossible"),
        ),
    )
