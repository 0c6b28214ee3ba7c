"""Which pairs of records are compared: those that share at least one key.

Here: the keys, one entry each in `KEYS`, and how a block of records with one key becomes pairs. Not
here: how alike the two records are (`evidence`). Keys are equi-joinable, so the same step runs as a
join in any engine. No block is dropped: a large one is sorted, and each record is linked with its
next neighbours, so the pairs grow with the records, never with their square.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from flows.resolve.features import KEY_LETTERS, Features

# Up to this size all pairs of a block are compared.
SMALL_BLOCK = 12
EXACT_NEIGHBOURS = 10
LOOSE_NEIGHBOURS = 3

RARE_TITLE_WORDS = 4
LONGEST_NAME = 20
RARE_WORDS = 6
# An abstract with fewer letters is too often a formula like "No abstract available".
SHORTEST_ABSTRACT = 60


@dataclass(frozen=True)
class Key:
    """A blocking key: `values` gives row and key for the records that have it."""

    name: str
    values: Callable[[Features], pl.DataFrame]
    neighbours: int
    is_exact: bool
    """Sharing an exact key is reason enough for a comparison in full."""


def doi(features: Features) -> pl.DataFrame:
    """Key on the DOI."""
    return _column(features, pl.col("doi"))


def arxiv_id(features: Features) -> pl.DataFrame:
    """Key on the arXiv id."""
    return _column(features, pl.col("arxiv_id"))


def other_identifier(features: Features) -> pl.DataFrame:
    """Any further identifier, with its scheme."""
    each = features.rows.select("row", key="identifiers").explode("key").drop_nulls()
    return each.select(
        "row",
        key=pl.col("key").struct.field("scheme") + ":" + pl.col("key").struct.field("value"),
    ).drop_nulls()


def title(features: Features) -> pl.DataFrame:
    """All letters of the title."""
    return _column(features, pl.col("title_letters"))


def title_head(features: Features) -> pl.DataFrame:
    """Key on the title before its colon (or the whole title) with the first author's surname."""
    head = pl.coalesce("head_letters", "title_letters")
    whole = pl.when(pl.col("head_letters").is_not_null()).then("title_letters")
    author = pl.col("surname").fill_null("")
    return pl.concat(
        _column(features, pl.concat_str(part, author, separator="|")) for part in (head, whole)
    )


def title_opening(features: Features) -> pl.DataFrame:
    """Key on the first twelve letters of the title, for titles with a typo in their rare words."""
    return _column(
        features,
        pl.when(pl.col("title_letters").str.len_chars() >= 12).then(
            pl.col("title_letters").str.head(12)
        ),
    )


def title_name(features: Features) -> pl.DataFrame:
    """Key on the first word of a short name before the colon, without its number."""
    is_name = pl.col("head_letters").str.len_chars() <= LONGEST_NAME
    return _column(features, pl.when(is_name).then("opening"))


def author_and_year(features: Features) -> pl.DataFrame:
    """Key on the first author's surname, the year and the first four letters of the title."""
    return _column(
        features,
        pl.concat_str(
            "surname", pl.col("year").cast(pl.String), pl.col("title_letters").str.head(4),
            separator="|",
        ),
    )  # fmt: skip


def abstract_opening(features: Features) -> pl.DataFrame:
    """Key on the first letters of the abstract."""
    return _column(features, _abstract_letters().str.head(KEY_LETTERS))


def abstract_ending(features: Features) -> pl.DataFrame:
    """Key on the last letters of the abstract."""
    return _column(features, _abstract_letters().str.tail(KEY_LETTERS))


def rare_title_words(features: Features) -> pl.DataFrame:
    """Pairs of the rarest words of the title."""
    return _pairs_of_rarest(features.title_words, RARE_TITLE_WORDS)


def rare_abstract_words(features: Features) -> pl.DataFrame:
    """Pairs of the rarest words of the abstract, so that retitled and title-less records meet."""
    return _pairs_of_rarest(features.abstract_words, RARE_WORDS)


def rare_words(features: Features) -> pl.DataFrame:
    """Pairs of the rarest words of title and authors."""
    return _pairs_of_rarest(pl.concat([features.title_words, features.name_words]), RARE_WORDS)


KEYS: tuple[Key, ...] = (
    Key("doi", doi, EXACT_NEIGHBOURS, is_exact=True),
    Key("arxiv_id", arxiv_id, EXACT_NEIGHBOURS, is_exact=True),
    Key("other_identifier", other_identifier, EXACT_NEIGHBOURS, is_exact=True),
    Key("title", title, EXACT_NEIGHBOURS, is_exact=True),
    Key("title_head", title_head, EXACT_NEIGHBOURS, is_exact=True),
    Key("title_opening", title_opening, LOOSE_NEIGHBOURS, is_exact=False),
    Key("title_name", title_name, LOOSE_NEIGHBOURS, is_exact=False),
    Key("author_and_year", author_and_year, LOOSE_NEIGHBOURS, is_exact=False),
    Key("abstract_opening", abstract_opening, EXACT_NEIGHBOURS, is_exact=True),
    Key("abstract_ending", abstract_ending, EXACT_NEIGHBOURS, is_exact=True),
    Key("rare_title_words", rare_title_words, LOOSE_NEIGHBOURS, is_exact=False),
    Key("rare_abstract_words", rare_abstract_words, LOOSE_NEIGHBOURS, is_exact=False),
    Key("rare_words", rare_words, LOOSE_NEIGHBOURS, is_exact=False),
)


def candidate_pairs(features: Features) -> pl.DataFrame:
    """Return the pairs to compare: left < right (rows), `keys` (bits of KEYS), `shared` (how
    many)."""
    order = features.rows.select("row", "surname", "year", "title_letters")
    found = []
    for bit, key in enumerate(KEYS):
        pairs = _pairs(key.values(features), order, key.neighbours)
        found.append(
            pairs.group_by("left", "right")
            .agg(shared=pl.len())
            .with_columns(keys=pl.lit(1 << bit, pl.UInt32))
        )
    return (
        pl.concat(found)
        .group_by("left", "right")
        .agg(pl.col("keys").sum(), pl.col("shared").sum())
        .sort("left", "right")
    )


def key_names(keys: pl.Expr) -> pl.Expr:
    """Return the names of the keys in the bits of `keys`, comma separated."""
    return pl.concat_str(
        [
            pl.when(keys & pl.lit(1 << bit, pl.UInt32) > 0).then(pl.lit(key.name))
            for bit, key in enumerate(KEYS)
        ],
        separator=", ",
        ignore_nulls=True,
    )


def exact_bits() -> int:
    """Return the bits of the exact keys."""
    return sum(1 << bit for bit, key in enumerate(KEYS) if key.is_exact)


def _pairs(values: pl.DataFrame, order: pl.DataFrame, neighbours: int) -> pl.DataFrame:
    """Return left < right for the records that share a key; once for each key they share."""
    # A hash instead of the text: blocks are compared, never read, and texts of a million keys are
    # large.
    hashed = values.select("row", key=pl.col("key").hash(0)).unique()
    blocks = hashed.with_columns(size=pl.len().over("key")).filter(pl.col("size") > 1)
    small = blocks.filter(pl.col("size") <= SMALL_BLOCK).select("key", "row")
    paired = [
        small.select("key", left="row")
        .join(small.select("key", right="row"), on="key")
        .filter(pl.col("left") < pl.col("right"))
        .select("left", "right")
    ]
    large = (
        blocks.filter(pl.col("size") > SMALL_BLOCK)
        .join(order, on="row")
        .sort("key", "surname", "year", "title_letters", "row")
    )
    for step in range(1, neighbours + 1 if large.height else 1):
        following = large.select(
            "key",
            left="row",
            right=pl.col("row").shift(-step),
            other=pl.col("key").shift(-step),
        ).filter(pl.col("key") == pl.col("other"))
        paired.append(
            following.select(
                left=pl.min_horizontal("left", "right"), right=pl.max_horizontal("left", "right")
            )
        )
    return pl.concat(paired)


def _pairs_of_rarest(postings: pl.DataFrame, words: int) -> pl.DataFrame:
    """Row and key for each pair of a row's rarest words; words of one record alone are no keys."""
    rarest = (
        postings.filter(pl.col("rarity") > 0)
        .with_columns(count=pl.len().over("word"))
        .filter(pl.col("count") > 1)
        .sort("row", "rarity", "word", descending=[False, True, False])
        .with_columns(place=pl.int_range(pl.len()).over("row"))
        .filter(pl.col("place") < words)
        .select("row", "place", word=pl.col("word").hash(0))
    )
    # Order does not matter, so that two records with the words in another order of rarity still
    # meet.
    return (
        rarest.join(rarest, on="row", suffix="_2")
        .filter(pl.col("place") < pl.col("place_2"))
        .select(
            "row",
            key=pl.concat_str(
                pl.min_horizontal("word", "word_2"), pl.max_horizontal("word", "word_2"),
                separator="|",
            ),
        )
    )  # fmt: skip


def _abstract_letters() -> pl.Expr:
    letters = pl.col("abstract_key").str.replace_all(" ", "", literal=True)
    return pl.when(letters.str.len_chars() >= SHORTEST_ABSTRACT).then(letters)


def _column(features: Features, key: pl.Expr) -> pl.DataFrame:
    return features.rows.select("row", key=key).drop_nulls()
