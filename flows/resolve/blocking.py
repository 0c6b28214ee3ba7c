"""Which pairs of records are compared: those that share at least one key and are near.

Here: the keys, one entry each in `KEYS`, and how a block of records with one key becomes pairs. Not
here: how alike the two records are (`evidence`). Keys are equi-joinable, so the same step runs as a
join in any engine. No block is dropped: a large one is split by a second key, the first author's
surname, and each record is linked with its next neighbours in it, so the pairs grow with the
records, never with their square; how many are left out is counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from flows.resolve.features import Features
from flows.resolve.kernels.blocks import (
    BY_ABSTRACT,
    BY_LETTERS,
    BY_WORDS,
    EXACT,
    pairs_beside,
    pairs_within,
    reaches,
    repeated,
    smallest,
    word_pairs,
)
from flows.resolve.kernels.compiled import in_parts
from flows.resolve.kernels.likeness import Sides
from flows.resolve.kernels.rarity import rarest
from flows.resolve.kernels.words import Array

# Up to this size all pairs of a block are compared.
SMALL_BLOCK = 12
EXACT_NEIGHBOURS = 10
LOOSE_NEIGHBOURS = 3

RARE_TITLE_WORDS = 4
RARE_WORDS = 6
ABSTRACT_KEYS = 4
# Keys that are sorted at a time.
BATCH = 8_000_000
_LEAST_BLOCKS = 5_000
_LEAST_ROWS = 5_000
# Orders of a large block: what splits it, and what brings like records together in it. The first is
# for every key.
ORDERS = (
    ("surname", ("surname", "year", "title")),
    ("venue", ("venue", "year", "surname", "title")),
    ("first_page", ("first_page", "venue", "surname")),
)
_ORDERED_BY = ("surname", "year", "title", "venue", "first_page")

Keyed = tuple[Array, Array]
"""Rows, and a 64-bit key of each; a row may have several."""


@dataclass(frozen=True)
class Key:
    """A blocking key: `values` gives row and key for the records that have it."""

    name: str
    values: Callable[[Features], Keyed]
    neighbours: int
    kind: int
    """What makes records that share it near: EXACT is enough by itself."""


def doi(features: Features) -> Keyed:
    """Key on the DOI."""
    return _column(features, _hashed(pl.col("doi")))


def arxiv_id(features: Features) -> Keyed:
    """Key on the arXiv id."""
    return _column(features, _hashed(pl.col("arxiv_id")))


def other_identifier(features: Features) -> Keyed:
    """Any further identifier, with its scheme."""
    listed = features.rows.filter(pl.col("identifiers").is_not_null())
    each = listed.select("row", key="identifiers").explode("key").drop_nulls()
    keys = each.select(
        "row",
        key=_hashed(
            pl.col("key").struct.field("scheme") + ":" + pl.col("key").struct.field("value")
        ),
    ).drop_nulls()
    return keys["row"].to_numpy(), keys["key"].to_numpy()


def title(features: Features) -> Keyed:
    """All letters of the title."""
    return _column(features, pl.col("title_hash"))


def title_head(features: Features) -> Keyed:
    """Key on the title before its colon (or the whole title) with the first author's surname."""
    head = pl.when(pl.col("head_hash") > 0).then("head_hash").otherwise("title_hash")
    whole = pl.when(pl.col("head_hash") > 0).then("title_hash").otherwise(0)
    parts = [_column(features, _with(part, pl.col("surname"))) for part in (head, whole)]
    rows, keys = zip(*parts, strict=True)
    return np.concatenate(rows), np.concatenate(keys)


def title_opening(features: Features) -> Keyed:
    """Key on the first twelve letters of the title, for titles with a typo in their rare words."""
    return _column(features, pl.col("title_opening"))


def title_name(features: Features) -> Keyed:
    """Key on the first word of a short name before the colon, without its number."""
    return _column(features, pl.when("is_name").then(pl.col("opening").cast(pl.UInt64)))


def author_and_year(features: Features) -> Keyed:
    """Key on the first author's surname, the year and the first letters of the title."""
    is_known = (pl.col("surname") > 0) & pl.col("year").is_not_null()
    by_title = _with(pl.col("title_start"), pl.col("surname"))
    return _column(
        features, pl.when(is_known).then(_with(by_title, pl.col("year").cast(pl.UInt64)))
    )


def author_venue_year(features: Features) -> Keyed:
    """Key on the first author's surname, the venue and the year, for titles full of typos."""
    is_known = (pl.col("surname") > 0) & pl.col("year").is_not_null()
    issue = _with(pl.col("venue").cast(pl.UInt64) + 1, pl.col("year").cast(pl.UInt64))
    return _column(features, pl.when(is_known).then(_with(issue, pl.col("surname"))))


def abstract_opening(features: Features) -> Keyed:
    """Key on the first letters of the abstract."""
    return _column(features, pl.col("abstract_opening"))


def abstract_ending(features: Features) -> Keyed:
    """Key on the last letters of the abstract."""
    return _column(features, pl.col("abstract_ending"))


def abstract_words(features: Features) -> Keyed:
    """Key on runs of three words of the abstract, the smallest by hash (min-wise sampling), so that
    retitled and title-less records meet."""
    return smallest(features.shingles.values, features.shingles.starts, ABSTRACT_KEYS)


def rare_title_words(features: Features) -> Keyed:
    """Pairs of the rarest words of the title."""
    words = features.title_words
    return word_pairs(
        rarest((words.lists,), (np.where(words.is_shared, words.rarity, 0),), RARE_TITLE_WORDS)
    )


def rare_words(features: Features) -> Keyed:
    """Pairs of the rarest words of title and authors."""
    both = (features.title_words, features.name_words)
    weights = tuple(np.where(words.is_shared, words.rarity, 0) for words in both)
    return word_pairs(rarest(tuple(words.lists for words in both), weights, RARE_WORDS))


KEYS: tuple[Key, ...] = (
    Key("doi", doi, EXACT_NEIGHBOURS, EXACT),
    Key("arxiv_id", arxiv_id, EXACT_NEIGHBOURS, EXACT),
    Key("other_identifier", other_identifier, EXACT_NEIGHBOURS, EXACT),
    Key("title", title, EXACT_NEIGHBOURS, EXACT),
    Key("title_head", title_head, EXACT_NEIGHBOURS, EXACT),
    Key("title_opening", title_opening, LOOSE_NEIGHBOURS, BY_LETTERS),
    Key("title_name", title_name, LOOSE_NEIGHBOURS, BY_WORDS),
    Key("author_and_year", author_and_year, LOOSE_NEIGHBOURS, BY_LETTERS),
    Key("author_venue_year", author_venue_year, LOOSE_NEIGHBOURS, BY_LETTERS),
    Key("abstract_opening", abstract_opening, LOOSE_NEIGHBOURS, BY_ABSTRACT),
    Key("abstract_ending", abstract_ending, LOOSE_NEIGHBOURS, BY_ABSTRACT),
    Key("abstract_words", abstract_words, LOOSE_NEIGHBOURS, BY_ABSTRACT),
    Key("rare_title_words", rare_title_words, LOOSE_NEIGHBOURS, BY_WORDS),
    Key("rare_words", rare_words, LOOSE_NEIGHBOURS, BY_WORDS),
)


@dataclass(frozen=True)
class Candidates:
    """The pairs to compare, and what large blocks leave out."""

    pairs: pl.DataFrame
    """left < right (rows), `keys` (bits of KEYS)."""
    left_out: int
    """How many pairs of records with a common key were not looked at under that key."""


def candidates(features: Features, sides: Sides) -> Candidates:
    """Return the pairs of records that share a key and are near."""
    found = []
    left_out = 0
    for bit, key in enumerate(KEYS):
        pairs, missed = _pairs(*key.values(features), key, features, sides)
        found.append(pairs.unique().with_columns(keys=pl.lit(1 << bit, pl.UInt32)))
        left_out += missed
    pairs = (
        pl.concat(found).group_by("left", "right").agg(pl.col("keys").sum()).sort("left", "right")
    )
    return Candidates(pairs, left_out)


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


def _pairs(
    rows: Array, keys: Array, key: Key, features: Features, sides: Sides
) -> tuple[pl.DataFrame, int]:
    """Return the near pairs of rows with one key, and how many pairs were not looked at."""
    parts = len(keys) // BATCH + 1
    share = keys % np.uint64(parts) if parts > 1 else np.zeros(len(keys), np.uint64)
    found = []
    left_out = 0
    for part in range(parts):
        chosen = share == part
        pairs, missed = _pairs_of_part(rows[chosen], keys[chosen], key, features, sides)
        found.append(pairs)
        left_out += missed
    return pl.concat(found), left_out


def _pairs_of_part(
    rows: Array, keys: Array, key: Key, features: Features, sides: Sides
) -> tuple[pl.DataFrame, int]:
    may_repeat = repeated(keys)
    rows, keys = rows[may_repeat], keys[may_repeat]
    order = np.argsort(keys)
    rows, keys = rows[order], keys[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    sizes = np.diff(np.append(starts, len(keys)))
    is_small = (sizes > 1) & (sizes <= SMALL_BLOCK)
    is_large = sizes > SMALL_BLOCK
    made = [
        *_small(rows, starts[is_small], sizes[is_small], key, sides),
        *_large(rows, starts[is_large], sizes[is_large], key, features, sides),
    ]
    frames = [pl.DataFrame({"left": left, "right": right}) for left, right, _ in made]
    possible = sizes.astype(np.int64) * (sizes - 1) // 2
    looked = sum(looked for _, _, looked in made)
    return pl.concat([_NONE, *frames]), int(possible.sum()) - looked


_NONE = pl.DataFrame(schema={"left": pl.UInt32, "right": pl.UInt32})


def _small(
    rows: Array, starts: Array, sizes: Array, key: Key, sides: Sides
) -> list[tuple[Array, Array, int]]:
    packed, edges = _packed(rows, starts, sizes)
    return in_parts(
        len(sizes),
        _LEAST_BLOCKS,
        lambda start, end: pairs_within(packed, edges[start : end + 1], sides, key.kind),
    )


def _large(
    rows: Array, starts: Array, sizes: Array, key: Key, features: Features, sides: Sides
) -> list[tuple[Array, Array, int]]:
    packed, _ = _packed(rows, starts, sizes)
    blocks = pl.DataFrame(
        {"block": np.repeat(np.arange(len(sizes)), sizes), "row": packed},
        schema_overrides={"row": pl.UInt32},
    ).join(features.rows.select("row", *_ORDERED_BY), on="row")
    made = []
    for second, order in ORDERS if key.kind == EXACT else ORDERS[:1]:
        ordered = blocks.filter(pl.col(second).is_not_null()).sort("block", *order, "row")
        made += _beside(ordered, second, key, sides)
    return made


def _beside(
    ordered: pl.DataFrame, second: str, key: Key, sides: Sides
) -> list[tuple[Array, Array, int]]:
    """Return the near pairs of neighbours in blocks that are in order."""
    rows = ordered["row"].to_numpy()
    split = ordered[second].rank("dense").to_numpy()
    reach = reaches(ordered["block"].to_numpy(), split, SMALL_BLOCK, key.neighbours)
    return in_parts(
        len(rows),
        _LEAST_ROWS,
        lambda start, end: pairs_beside(rows, reach, start, end, sides, key.kind),
    )


def _packed(rows: Array, starts: Array, sizes: Array) -> tuple[Array, Array]:
    """Return the rows of some blocks one after another, and where each block begins, and the
    end."""
    edges = np.concatenate([[0], np.cumsum(sizes)])
    places = np.arange(edges[-1]) + np.repeat(starts - edges[:-1], sizes)
    return rows[places], edges


def _column(features: Features, key: pl.Expr) -> Keyed:
    """Row and key of the records whose key is neither null nor 0."""
    keyed = features.rows.select("row", key=key.cast(pl.UInt64)).filter(pl.col("key") > 0)
    return keyed["row"].to_numpy(), keyed["key"].to_numpy()


def _hashed(text: pl.Expr) -> pl.Expr:
    return pl.when(text.is_not_null()).then(text.hash(0))


def _with(key: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Return two keys as one, null where the first is 0."""
    both = pl.struct(key.alias("key"), other.cast(pl.UInt64).alias("other")).hash(0)
    return pl.when(key > 0).then(both)
