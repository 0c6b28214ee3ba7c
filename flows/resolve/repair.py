"""Values that landed in the title: a year, a venue, a list of authors at its end.

Here: for records that lack the value, the part of the title that reads like it is taken out, for
comparison only; the record stays as printed. Not here: lines that glue title and authors together
by their format (`formats`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from flows.normalize.text import match_key
from flows.resolve.kernels.tails import best_tails
from flows.resolve.kernels.words import folded, texts, words
from flows.resolve.weighing import name_log_odds
from schemas.columns import AUTHOR_STRUCT

_YEAR_AT_END = r"[\s,;.(\[]+((?:18|19|20)\d\d)[)\].]*$"
# A venue is known by this many records that print it; longer ones are not looked for.
FEWEST_RECORDS = 3
LONGEST_VENUE = 12
# Nats by which the words at the end must read more like names than like a title.
ENOUGH = 4.0
FEWEST_TITLE_WORDS = 2
_LAST_WORD = r"(\S+)$"
# Initials are hardly ever words of a title.
_INITIAL = r"^\p{Lu}\.(?:-?\p{Lu}\.)*,?$"
INITIAL = 3.0


@dataclass(frozen=True)
class Lost:
    """What may have landed in titles."""

    columns: tuple[str, ...]
    """The columns that most records have: where there is no such value at all, none was lost."""
    venues: pl.Series
    """Venues as `match_key` gives them, of several records, in order."""


def what_is_lost(records: pl.DataFrame) -> Lost:
    """Return what may have landed in the titles of an input, told by its records."""
    usual = tuple(
        name
        for name in ("venue", "publication_date", "authors")
        if 2 * records[name].null_count() < records.height
    )
    return Lost(usual, _known_venues(records))


def repaired(records: pl.DataFrame, lost: Lost) -> pl.DataFrame:
    """Return records (readable text) with what landed in their titles put where it belongs.

    Looked at are only records that lack the year, the venue or the authors, since whose value
    stands in its column has not lost it.
    """
    usual = lost.columns
    lacks = pl.any_horizontal([pl.lit(value=False), *(pl.col(name).is_null() for name in usual)])
    is_open = lacks & pl.col("title").is_not_null()
    numbered = records.with_row_index("row")
    asked = numbered.filter(is_open)
    if asked.is_empty():
        return records
    # Values are appended in any order: each step uncovers the end of the next.
    for name in ("publication_date", "venue") * 2 + ("authors", "publication_date", "venue"):
        if name in usual:
            asked = _STEPS[name](asked, lost.venues)
    return (
        pl.concat([numbered.filter(~is_open), asked])
        .sort("row")
        .drop("row")
        .select(records.columns)
    )


def _known_venues(records: pl.DataFrame) -> pl.Series:
    keyed = records.select(key=match_key(pl.col("venue"))).drop_nulls()
    counts = keyed.group_by("key").len()
    known = counts.filter((pl.col("len") >= FEWEST_RECORDS) & pl.col("key").str.contains(r"\p{L}"))
    return known["key"].sort()


def _year(asked: pl.DataFrame, _: pl.Series) -> pl.DataFrame:
    year = pl.col("title").str.extract(_YEAR_AT_END)
    rest = pl.col("title").str.replace(_YEAR_AT_END, "")
    is_moved = pl.col("publication_date").is_null() & year.is_not_null() & _is_title(rest)
    return asked.with_columns(
        title=pl.when(is_moved).then(rest).otherwise("title"),
        publication_date=pl.when(is_moved)
        .then(pl.date(year.cast(pl.Int32), 1, 1))
        .otherwise("publication_date"),
        date_precision=pl.when(is_moved).then(pl.lit("year")).otherwise("date_precision"),
    )


def _venue(asked: pl.DataFrame, venues: pl.Series) -> pl.DataFrame:
    open_rows = asked.filter(pl.col("venue").is_null())
    if open_rows.is_empty() or venues.is_empty():
        return asked
    last = match_key(pl.col("title").str.tail(40)).str.extract(_LAST_WORD)
    ends_like_one = open_rows.filter(last.is_in(venues.str.extract(_LAST_WORD).unique().implode()))
    if ends_like_one.is_empty():
        return asked
    printed = ends_like_one.select("row", word=pl.col("title").str.split(" "))
    tails = []
    for size in range(1, LONGEST_VENUE + 1):
        longer = printed.filter(pl.col("word").list.len() >= size + FEWEST_TITLE_WORDS)
        tails.append(
            longer.select(
                "row",
                size=pl.lit(size),
                tail=pl.col("word").list.tail(size).list.join(" "),
                rest=pl.col("word").list.head(pl.col("word").list.len() - size).list.join(" "),
            )
            .with_columns(key=match_key(pl.col("tail")))
            .filter(pl.col("key").is_in(venues.implode()))
        )
    found = pl.concat(tails).sort("row", "size").unique("row", keep="last", maintain_order=True)
    return (
        asked.join(found.select("row", "tail", "rest"), on="row", how="left", maintain_order="left")
        .with_columns(venue=pl.coalesce("venue", "tail"), title=pl.coalesce("rest", "title"))
        .drop("tail", "rest")
    )


def _authors(asked: pl.DataFrame, _: pl.Series) -> pl.DataFrame:
    open_rows = asked.filter(pl.col("authors").is_null())
    if open_rows.is_empty():
        return asked
    each = (
        open_rows.select("row", word=pl.col("title").str.split(" "))
        .explode("word")
        .with_columns(key=match_key(pl.col("word")))
    )
    # A word of the print may be several for comparison; the first tells.
    first = words(folded(texts(each["key"].str.extract(r"^(\S+)").fill_null("x"))))
    is_initial = each["word"].str.contains(_INITIAL).to_numpy()
    nats = np.where(is_initial, INITIAL, name_log_odds(first.values))
    nats = np.where(each["key"].is_null().to_numpy(), 0.0, nats)
    rows = each["row"].to_numpy()
    begins = np.flatnonzero(np.concatenate([[True], rows[1:] != rows[:-1]]))
    starts = np.append(begins, len(rows))
    tails, worth = best_tails(nats, starts, FEWEST_TITLE_WORDS)
    found = (
        each.with_columns(place=pl.int_range(pl.len()).over("row"))
        .join(
            pl.DataFrame({"row": rows[begins], "tail": tails, "worth": worth}).filter(
                pl.col("worth") >= ENOUGH
            ),
            on="row",
        )
        .group_by("row", maintain_order=True)
        .agg(
            rest=pl.col("word").filter(pl.col("place") < pl.col("tail")).str.join(" "),
            people=pl.col("word").filter(pl.col("place") >= pl.col("tail")).str.join(" "),
        )
    )
    unknown = [
        pl.lit(None, field.dtype).alias(field.name)
        for field in AUTHOR_STRUCT.fields
        if field.name != "name"
    ]
    names = pl.col("people").str.replace_all(r"(?i) and |;|&", ",").str.split(",")
    listed = names.list.eval(pl.element().str.strip_chars(" .")).list.eval(
        pl.element().filter(pl.element().str.contains(r"\p{L}"))
    )
    told = found.select(
        "row", "rest",
        found_authors=listed.list.eval(pl.struct(pl.element().alias("name"), *unknown)).cast(
            pl.List(AUTHOR_STRUCT)
        ),
    ).filter(pl.col("found_authors").list.len() > 0)  # fmt: skip
    return (
        asked.join(told, on="row", how="left", maintain_order="left")
        .with_columns(
            authors=pl.coalesce("authors", "found_authors"), title=pl.coalesce("rest", "title")
        )
        .drop("rest", "found_authors")
    )


_STEPS = {"publication_date": _year, "venue": _venue, "authors": _authors}


def _is_title(rest: pl.Expr) -> pl.Expr:
    return rest.str.count_matches(r"\p{L}{2,}") >= FEWEST_TITLE_WORDS
