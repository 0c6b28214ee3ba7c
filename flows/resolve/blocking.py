"""Which pairs of records are compared: those that share at least one key and are near.

Here: the keys, one entry each in `KEYS`, and how a block of records with one key becomes pairs. Not
here: how alike the two records are (`evidence`). Keys are equi-joinable, so the same step runs as a
join in any engine. No block is dropped: a large one is split by a second key (`ORDERS`:
the first author's surname, for exact keys also venue and first page), and each record is linked
with its next neighbours in it, so the pairs grow with the records, never with their square; how
many pairs of large blocks are left out is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl

from flows.resolve.features import Features, Words
from flows.resolve.kernels.blocks import (
    BY_ABSTRACT,
    BY_LETTERS,
    BY_WORDS,
    EXACT,
    HALF,
    are_near,
    pairs_beside,
    pairs_within,
    reaches,
    repeated,
    smallest,
    word_pairs,
    words_shared,
)
from flows.resolve.kernels.compiled import in_parts
from flows.resolve.kernels.likeness import Sides
from flows.resolve.kernels.rarity import rarest
from flows.resolve.kernels.words import Array
from flows.resolve.stated import identifier_key

# Up to this size all pairs of a block are compared.
SMALL_BLOCK = 12
EXACT_NEIGHBOURS = 10
LOOSE_NEIGHBOURS = 3

RARE_TITLE_WORDS = 4
RARE_WORDS = 6
# Of so many of the rarest words, so many have to be common: two are by chance, in a large input.
RARE_LOOKED_AT = 8
FEWEST_SHARED = 3
ABSTRACT_KEYS = 4
# Keys that are sorted at a time.
BATCH = 8_000_000
_LEAST_PAIRS = 5_000
# Orders of a large block: what splits it, and what brings like records together in it. The first is
# for every key.
ORDERS = (
    ("surname", ("surname", "year", "title")),
    ("venue", ("venue", "year", "surname", "title")),
    ("first_page", ("first_page", "venue", "surname")),
)
_ORDERED_BY = ("surname", "year", "title", "venue", "first_page")


class Keyed(NamedTuple):
    """Rows, and a 64-bit key of each; a row may have several."""

    rows: Array
    keys: Array
    words: Array | None = None
    """Where many pairs share a key by chance: words of each row (0: none), of which FEWEST_SHARED
    have to be common to two rows."""


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
    """Any identifier, with its scheme; also that of a record's preprint or publication, as stated
    by its source."""
    listed = [
        features.rows.filter(pl.col(name).is_not_null()).select("row", key=name).explode("key")
        for name in ("identifiers", "preprint_ties")
    ]
    listed[0] = listed[0].drop_nulls().with_columns(identifier_key(pl.col("key")).alias("key"))
    keys = pl.concat(listed).select("row", key=_hashed(pl.col("key"))).drop_nulls().unique()
    return Keyed(keys["row"].to_numpy(), keys["key"].to_numpy())


def title(features: Features) -> Keyed:
    """All letters of the title."""
    return _column(features, pl.col("title_hash"))


def title_head(features: Features) -> Keyed:
    """Key on the title before its colon (or the whole title) with the first author's surname."""
    head = pl.when(pl.col("head_hash") > 0).then("head_hash").otherwise("title_hash")
    whole = pl.when(pl.col("head_hash") > 0).then("title_hash").otherwise(0)
    parts = [_column(features, _with(part, pl.col("surname"))) for part in (head, whole)]
    return Keyed(*(np.concatenate([part[side] for part in parts]) for side in (0, 1)))


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
    return Keyed(*smallest(features.shingles.values, features.shingles.starts, ABSTRACT_KEYS))


def rare_title_words(features: Features) -> Keyed:
    """Pairs of the rarest words of the title."""
    words = features.title_words
    chosen = rarest((words.lists,), (_known(words),), RARE_LOOKED_AT)
    return Keyed(*word_pairs(chosen[:, :RARE_TITLE_WORDS]), chosen)


def rare_words(features: Features) -> Keyed:
    """Pairs of the rarest words of title and authors."""
    both = (features.title_words, features.name_words)
    lists = tuple(words.lists for words in both)
    chosen = rarest(lists, tuple(map(_known, both)), RARE_LOOKED_AT)
    return Keyed(*word_pairs(chosen[:, :RARE_WORDS]), chosen)


def _known(words: Words) -> Array:
    """Return the rarity of the words that another record has, too; 0 for the others."""
    return np.where(words.is_shared, words.rarity, np.float32(0))


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
        pairs, missed = _pairs(key, features, sides)
        found.append(
            pl.DataFrame(
                {
                    "left": (pairs >> np.uint64(32)).astype(np.uint32),
                    "right": (pairs & np.uint64(HALF)).astype(np.uint32),
                }
            ).with_columns(keys=pl.lit(1 << bit, pl.UInt32))
        )
        left_out += missed
    summed = pl.concat(found).group_by("left", "right").agg(pl.col("keys").sum())
    return Candidates(summed.sort("left", "right"), left_out)


def shared_keys(features: Features, group_of: Mapping[str, str]) -> list[str]:
    """Return the names of the keys that records of two groups have in common.

    features: of these records alone. group_of: the group of each record_id.
    """
    groups = features.rows["record_id"].replace_strict(group_of).rank("dense").to_numpy()
    shared = []
    for key in KEYS:
        keyed = key.values(features)
        told = pl.DataFrame({"key": keyed.keys, "group": groups[keyed.rows]})
        if told.group_by("key").agg(pl.col("group").n_unique())["group"].max() == 2:
            shared.append(key.name)
    return shared


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


def _pairs(key: Key, features: Features, sides: Sides) -> tuple[Array, int]:
    """Return the near pairs of rows with one key (as numbers, see `kernels.blocks`), and how many
    were not looked at."""
    rows, keys, words = _repeated(key.values(features))
    parts = len(keys) // BATCH + 1
    share = (keys % np.uint64(parts)).astype(np.uint8)
    found = []
    left_out = 0
    for part in range(parts):
        chosen = share == part
        pairs, missed = _pairs_of_part(rows[chosen], keys[chosen], key, features)
        if words is not None:
            pairs = _chosen(pairs, partial(words_shared, words=words, fewest=FEWEST_SHARED))
        if key.kind != EXACT:
            pairs = _chosen(pairs, partial(are_near, sides=sides, kind=key.kind))
        found.append(pairs)
        left_out += missed
    return _unique(np.concatenate(found)), left_out


def _repeated(keyed: Keyed) -> Keyed:
    """Return what has a key that may stand more than once."""
    may_repeat = repeated(keyed.keys)
    return Keyed(keyed.rows[may_repeat], keyed.keys[may_repeat], keyed.words)


def _pairs_of_part(rows: Array, keys: Array, key: Key, features: Features) -> tuple[Array, int]:
    """Return the pairs of rows with one key that are looked at, and how many are not."""
    order = np.argsort(keys)
    rows, keys = rows[order], keys[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    sizes = np.diff(np.append(starts, len(keys)))
    is_small = (sizes > 1) & (sizes <= SMALL_BLOCK)
    is_large = sizes > SMALL_BLOCK
    within = pairs_within(*_packed(rows, starts[is_small], sizes[is_small]))
    beside = _unique(np.concatenate(_large(rows, starts[is_large], sizes[is_large], key, features)))
    large = sizes[is_large].astype(np.int64)
    left_out = int((large * (large - 1) // 2).sum()) - len(beside)
    # In order, what is known of a row is fetched once for its pairs.
    return _unique(np.concatenate([within, beside])), left_out


def _unique(pairs: Array) -> Array:
    """Return each pair once, in order: sorting is faster than the table of `numpy.unique`."""
    ordered = np.sort(pairs)
    is_first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    unique: Array = ordered[is_first]
    return unique


def _chosen(pairs: Array, choice: Callable[[Array], Array]) -> Array:
    """Return the pairs that a kernel chooses, run on all cores."""
    parts = in_parts(len(pairs), _LEAST_PAIRS, lambda start, end: choice(pairs[start:end]))
    chosen: Array = pairs[np.concatenate(parts)]
    return chosen


def _large(rows: Array, starts: Array, sizes: Array, key: Key, features: Features) -> list[Array]:
    """Return the pairs of neighbours in large blocks, once for each order."""
    packed, _ = _packed(rows, starts, sizes)
    blocks = pl.DataFrame(
        {"block": np.repeat(np.arange(len(sizes)), sizes), "row": packed},
        schema_overrides={"row": pl.UInt32},
    ).join(features.rows.select("row", *_ORDERED_BY), on="row")
    made = []
    for second, order in ORDERS if key.kind == EXACT else ORDERS[:1]:
        ordered = blocks.filter(pl.col(second).is_not_null()).sort("block", *order, "row")
        split = ordered[second].rank("dense").to_numpy()
        reach = reaches(ordered["block"].to_numpy(), split, SMALL_BLOCK, key.neighbours)
        made.append(pairs_beside(ordered["row"].to_numpy(), reach))
    return made


def _packed(rows: Array, starts: Array, sizes: Array) -> tuple[Array, Array]:
    """Return the rows of some blocks one after another, and where each block begins, and the
    end."""
    edges = np.concatenate([[0], np.cumsum(sizes)])
    places = np.arange(edges[-1]) + np.repeat(starts - edges[:-1], sizes)
    return rows[places], edges


def _column(features: Features, key: pl.Expr) -> Keyed:
    """Row and key of the records whose key is neither null nor 0."""
    keyed = features.rows.select("row", key=key.cast(pl.UInt64)).filter(pl.col("key") > 0)
    return Keyed(keyed["row"].to_numpy(), keyed["key"].to_numpy())


def _hashed(text: pl.Expr) -> pl.Expr:
    return pl.when(text.is_not_null()).then(text.hash(0))


def _with(key: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Return two keys as one, null where the first is 0."""
    both = pl.struct(key.alias("key"), other.cast(pl.UInt64).alias("other")).hash(0)
    return pl.when(key > 0).then(both)
