"""Records of papers with corrupted copies, of any number, the same for the same seed.

Words of titles and names are drawn by the frequencies that bibmill ships, so that common words,
frequent names and their homonyms are as common as they are in print. Abstracts begin and end with
phrases that very many share. About half of the papers have copies: with typos, initials,
`Last, F.`, a cut list, a year more or less, no abstract or an edited one, no subtitle.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from flows.normalize.digest import with_id
from flows.resolve.weighing import WORD_COUNTS
from schemas import TABLES
from schemas.columns import AUTHOR_STRUCT
from schemas.dictionary import polars_schema

BATCH = 25_000
COPIES = (0.55, 0.25, 0.15, 0.05)
"""Shares of papers with no copy, one, two and three."""
OPENINGS = (
    "In this paper, we propose a novel approach to", "We present a new method for",
    "This paper addresses the problem of", "Recent advances in machine learning have led to",
    "In recent years, there has been growing interest in", "We study",
)  # fmt: skip
ENDINGS = (
    "Extensive experiments show that our method outperforms the state of the art.",
    "We release our code and data to the public.", "The results demonstrate the effectiveness.",
    "All rights reserved.",
)  # fmt: skip


def batches(count: int, seed: int = 1) -> Iterator[pl.DataFrame]:
    """Yield about `count` records, as validation gives them, with `paper`, the true one."""
    papers = int(count / np.dot(COPIES, (1, 2, 3, 4)))
    for number, first in enumerate(range(0, papers, BATCH)):
        size = min(BATCH, papers - first)
        yield _batch(np.random.default_rng((seed, number)), first, size)


def _batch(draw: np.random.Generator, first: int, size: int) -> pl.DataFrame:
    counts = pl.read_parquet(WORD_COUNTS)
    venues = np.array(
        [
            f"{kind} {topic}"
            for kind in ("Journal of", "Conference on", "Transactions on", "Workshop on")
            for topic in _chosen(np.random.default_rng(0), counts, "titles", 60)
        ]
    )
    words = draw.integers(5, 13, size)
    titles = _sentences(draw, counts, words)
    has_subtitle = draw.random(size) < 0.3
    subtitles = _sentences(draw, counts, draw.integers(3, 7, size))
    people = draw.integers(1, 7, size)
    names = _names(draw, counts, people)
    papers = pl.DataFrame(
        {
            "paper": np.arange(first, first + size),
            "title": titles,
            "subtitle": pl.Series(subtitles).set(pl.Series(~has_subtitle), None),
            "names": names,
            "venue": venues[draw.integers(0, len(venues), size)],
            "year": draw.integers(1990, 2025, size),
            "abstract": _abstracts(draw, counts, size),
        }
    ).with_columns(
        title=pl.concat_str(pl.col("title"), pl.lit(": ") + pl.col("subtitle"), ignore_nulls=True)
    )
    copies = draw.choice(len(COPIES), size, p=COPIES)
    copied = _corrupted(draw, papers[np.repeat(np.arange(size), copies)])
    columns = ["paper", "title", "names", "venue", "year", "abstract", "cut"]
    every = pl.concat(
        [papers.with_columns(cut=pl.lit(value=False)).select(columns), copied.select(columns)]
    )
    return _records(every, first)


def _chosen(draw: np.random.Generator, counts: pl.DataFrame, column: str, size: int) -> list[str]:
    known = counts.filter(pl.col(column) > 0)
    weight = known[column].to_numpy().astype(float)
    return known["word"].gather(draw.choice(len(weight), size, p=weight / weight.sum())).to_list()


def _sentences(draw: np.random.Generator, counts: pl.DataFrame, lengths: np.ndarray) -> pl.Series:
    """Return runs of words, their first letter a capital."""
    known = counts.filter(pl.col("titles") > 0)
    weight = np.cumsum(known["titles"].to_numpy().astype(float))
    places = np.searchsorted(weight, draw.random(int(lengths.sum())) * weight[-1])
    run = np.repeat(np.arange(len(lengths)), lengths)
    text = (
        pl.DataFrame({"run": run, "word": known["word"].gather(places)})
        .group_by("run", maintain_order=True)
        .agg(pl.col("word").str.join(" "))
    )["word"]
    return text.str.head(1).str.to_uppercase() + text.str.slice(1)


def _abstracts(draw: np.random.Generator, counts: pl.DataFrame, size: int) -> pl.Series:
    text = _sentences(draw, counts, draw.integers(60, 220, size))
    opening = pl.Series(np.array(OPENINGS)[draw.integers(0, len(OPENINGS), size)])
    ending = pl.Series(np.array(ENDINGS)[draw.integers(0, len(ENDINGS), size)])
    abstract = opening + " " + text + ". " + ending
    return abstract.set(pl.Series(draw.random(size) < 0.1), None)


def _names(draw: np.random.Generator, counts: pl.DataFrame, people: np.ndarray) -> pl.Series:
    known = counts.filter((pl.col("names") > 0) & (pl.col("word").str.len_chars() > 1))
    weight = np.cumsum(known["names"].to_numpy().astype(float))
    total = int(people.sum())
    given, family = (
        known["word"]
        .gather(np.searchsorted(weight, draw.random(total) * weight[-1]))
        .str.to_titlecase()
        for _ in range(2)
    )
    return (
        pl.DataFrame(
            {"run": np.repeat(np.arange(len(people)), people), "name": given + " " + family}
        )
        .group_by("run", maintain_order=True)
        .agg("name")
    )["name"]


def _corrupted(draw: np.random.Generator, papers: pl.DataFrame) -> pl.DataFrame:
    """Return the papers as careless people would type them."""
    size = papers.height

    def some(share: float) -> pl.Series:
        return pl.Series(draw.random(size) < share)

    # Two letters change places, or one is lost, at one or two places of the title.
    place, other = (draw.random(size) for _ in range(2))
    letters = pl.col("title").str.len_chars()
    at, at_other = (pl.lit(pl.Series(where)) * letters for where in (place, other))
    swapped = _swapped(_swapped(pl.col("title"), at), at_other)
    lost = _lost(pl.col("title"), at)
    title = pl.when(some(0.35)).then(swapped).when(some(0.3)).then(lost).otherwise("title")
    title = pl.when(some(0.1)).then(title.str.replace(r":.*$", "")).otherwise(title)
    title = pl.when(some(0.15)).then(title.str.to_lowercase()).otherwise(title)
    element = pl.element()
    initials = element.str.head(1) + ". " + element.str.extract(r"(\S+)$")
    reversed_names = element.str.extract(r"(\S+)$") + ", " + element.str.head(1) + "."
    cut = some(0.12)
    names = (
        pl.when(cut)
        .then(pl.col("names").list.head(1))
        .when(some(0.3))
        .then(pl.col("names").list.eval(initials))
        .when(some(0.2))
        .then(pl.col("names").list.eval(reversed_names))
        .otherwise("names")
    )
    edited = pl.col("abstract").str.replace(r"^(\S+ ){8}", "").str.replace(r"( \S+){5}$", "")
    abstract = pl.when(some(0.4)).then(None).when(some(0.3)).then(edited).otherwise("abstract")
    return papers.with_columns(
        title=title,
        names=names,
        cut=cut,
        abstract=abstract,
        venue=pl.when(some(0.15)).then(None).otherwise("venue"),
        year=pl.when(some(0.1))
        .then(None)
        .otherwise(
            pl.col("year") + pl.lit(pl.Series(draw.choice([-1, 0, 0, 0, 0, 0, 0, 0, 1], size)))
        ),
    )


def _swapped(title: pl.Expr, at: pl.Expr) -> pl.Expr:
    place = at.cast(pl.Int64)
    return pl.concat_str(
        title.str.slice(0, place), title.str.slice(place + 1, 1), title.str.slice(place, 1),
        title.str.slice(place + 2),
    )  # fmt: skip


def _lost(title: pl.Expr, at: pl.Expr) -> pl.Expr:
    place = at.cast(pl.Int64)
    return pl.concat_str(title.str.slice(0, place), title.str.slice(place + 1))


def _records(papers: pl.DataFrame, first: int) -> pl.DataFrame:
    """Return papers in the form of records."""
    schema = polars_schema(TABLES["records"])
    unknown = [
        pl.lit(None, field.dtype).alias(field.name)
        for field in AUTHOR_STRUCT.fields
        if field.name != "name"
    ]
    told = papers.with_row_index("ordinal", offset=first * 4 + 1).select(
        "paper", "title", "abstract", "venue",
        pl.col("ordinal").cast(pl.Int64),
        source=pl.lit("here"),
        source_key=pl.col("ordinal").cast(pl.String),
        dump_id=pl.lit("D" + "0" * 20),
        version=pl.lit("unknown"),
        authors=pl.col("names").list.eval(pl.struct(pl.element().alias("name"), *unknown)),
        authors_complete=~pl.col("cut"),
        publication_date=pl.date(pl.col("year"), 1, 1),
        date_precision=pl.when(pl.col("year").is_not_null()).then(pl.lit("year")),
        date_basis=pl.when(pl.col("year").is_not_null()).then(pl.lit("printed")),
    )  # fmt: skip
    absent = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
        if name not in told.columns
    ]
    with_all = with_id(told.with_columns(absent), "record_id", "R", ["source", "source_key"])
    return with_all.select(*(pl.col(name).cast(dtype) for name, dtype in schema.items()), "paper")
