"""Which record of this release is an entry that the release before knew under another key.

A page that is captured again prints another count, score or date in an entry; a source without keys
of its own then gives the entry a new key, though it tells of the same paper. Here: who follows whom
among the records of one source. Not here: what the ids do about it (`identity`).
"""

from __future__ import annotations

import polars as pl

from flows.normalize.text import match_key
from flows.resolve.features import describe

# What the words of a title must weigh by rarity to name an entry: with the same authors, without.
RARE_WITH_AUTHORS = 12.0
RARE_ALONE = 25.0
# With fewer words an abstract tells no two entries apart.
FEWEST_WORDS = 8

SUCCESSION = pl.Schema({"record_id": pl.String, "successor": pl.String})


def successors(before: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Return record_id (of `before`, gone from `records`) and successor (new in `records`).

    One to one, within a source: entries with equal words in title (or printed byline) and abstract,
    in their order; then those whose title alone is telling, where authors do not speak against it.
    """
    gone = before.join(records, on="record_id", how="anti")
    new = records.join(before, on="record_id", how="anti")
    new = new.join(gone, on="source", how="semi")
    if new.is_empty():
        return pl.DataFrame(schema=SUCCESSION)
    told = _told(pl.concat([gone.select(_READ), new.select(_READ)]))
    old_side, new_side = (told.join(side, on="record_id", how="semi") for side in (gone, new))
    equal = _paired(old_side, new_side, ["source", "line", "abstract_key"])
    left = old_side.join(equal, on="record_id", how="anti")
    fresh = new_side.join(equal, left_on="record_id", right_on="successor", how="anti")
    titled = _paired(left, fresh, ["source", "title_key"], only_alone=True)
    sides = titled.join(told, on="record_id").join(
        told, left_on="successor", right_on="record_id", suffix="_new"
    )
    people, people_new = pl.col("people"), pl.col("people_new")
    is_telling = (
        pl.when(people == people_new)
        .then(pl.col("rarity") >= RARE_WITH_AUTHORS)
        .when(people.is_null() | people_new.is_null())
        .then(pl.col("rarity") >= RARE_ALONE)
        .otherwise(pl.lit(value=False))
    )
    chosen = sides.filter(is_telling).select("record_id", "successor")
    return pl.concat([equal, chosen]).sort("record_id")


def succeed(table: pl.DataFrame, heirs: pl.DataFrame) -> pl.DataFrame:
    """Return a table of the release before with the successors in the place of its records."""
    return (
        table.join(heirs, on="record_id", how="left", maintain_order="left")
        .with_columns(record_id=pl.coalesce("successor", "record_id"))
        .drop("successor")
    )


_READ = (
    "record_id", "source", "version", "ordinal", "title", "byline_printed", "abstract", "authors",
    "authors_complete", "author_count", "doi", "arxiv_id", "identifiers", "related",
    "publication_date", "date_precision", "date_basis", "venue", "volume", "issue", "pages",
)  # fmt: skip


def _told(records: pl.DataFrame) -> pl.DataFrame:
    """Return what an entry is known by: record_id, source, ordinal, keys, rarity of the title."""
    features = describe(records)
    weighed = features.rows.select(
        "record_id",
        title_key=pl.when(pl.col("title_hash") > 0).then("title_hash"),
        people=pl.when(pl.col("people_hash") > 0).then("people_hash"),
    ).with_columns(rarity=features.title_words.total)
    return (
        records.select(
            "record_id", "source", "ordinal",
            line=match_key(pl.coalesce("byline_printed", "title")).fill_null(""),
            abstract_key=match_key(pl.col("abstract")),
        )
        .with_columns(
            abstract_key=pl.when(
                pl.col("abstract_key").str.count_matches(" ") + 1 >= FEWEST_WORDS
            ).then("abstract_key")
        )
        .join(weighed, on="record_id")
    )  # fmt: skip


def _paired(
    old: pl.DataFrame, new: pl.DataFrame, keys: list[str], *, only_alone: bool = False
) -> pl.DataFrame:
    """Return record_id, successor of equal keys, the first with the first; nulls pair with none.

    only_alone: where a key stands for several entries on a side, none of them is paired.
    """
    numbered = [
        side.drop_nulls(keys)
        .sort(*keys, "ordinal", "record_id")
        .with_columns(place=pl.int_range(pl.len()).over(keys), alike=pl.len().over(keys))
        .filter((pl.col("alike") == 1) if only_alone else pl.lit(value=True))
        .select("record_id", "place", *keys)
        for side in (old, new)
    ]
    return (
        numbered[0]
        .join(numbered[1].rename({"record_id": "successor"}), on=[*keys, "place"])
        .select("record_id", "successor")
    )
