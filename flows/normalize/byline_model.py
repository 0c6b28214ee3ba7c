"""How much a string reads like a name or like a title: frequencies, and what they say of a text.

Here: the shipped frequencies and the log-probabilities computed from them. Not here: where a byline
may be cut (`byline`), what else speaks for a cut (`byline_clues`).
The frequencies were counted on public paper lists; `data/README.md` says how.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from flows.normalize.text import match_key

DATA = Path(__file__).parent / "data"
LONGEST_NGRAM = 4
# Words are read up to this letter: no word or name is longer, a URL or a formula may be.
LONGEST_WORD = 40
# Pseudo-counts: how strongly a frequency is drawn to its more general neighbour.
UNSEEN_WORDS = 600.0
UNSEEN_AT_POSITION = 300.0
# Nats lost with each letter of context given up, and the value of a letter never seen at all.
BACKOFF = 1.0
UNKNOWN_LETTER = -9.0

NAME_PARTS = ("given", "middle", "family")
COUNTS = ("title", "final", *NAME_PARTS)


@dataclass(frozen=True)
class BylineModel:
    """The frequencies as they are joined."""

    words: pl.DataFrame  # word; how often as title word, title's last word, given, middle, family
    ngrams: pl.DataFrame  # ngram; log-probability of its last letter in a name, in a title


def load_model(folder: Path) -> BylineModel:
    """Read the frequency tables of `folder`."""
    ngrams = pl.read_parquet(folder / "byline_ngrams.parquet")
    return BylineModel(
        words=pl.read_parquet(folder / "byline_words.parquet"),
        ngrams=ngrams.with_columns(pl.col("name", "title").cast(pl.Float64) / -10),
    )


@cache
def shipped_model() -> BylineModel:
    """Return the model that ships with bibmill, read once."""
    return load_model(DATA)


def pieces(text: pl.Expr) -> pl.Expr:
    """Cut text at blanks, hyphens and slashes."""
    return text.str.replace_all(r"[\s\-‐‑–—/]+", " ").str.strip_chars().str.split(" ")


def text_words(texts: pl.DataFrame) -> pl.DataFrame:
    """One row per word of each unique `text`: text, word (its key), place, places (how many)."""
    key = match_key(pl.col("word")).str.replace_all(" ", "", literal=True)
    return (
        texts.select("text", word=pieces(pl.col("text")))
        .explode("word")
        .with_columns(word=key.str.head(LONGEST_WORD))
        .drop_nulls("word")
        .with_columns(place=pl.int_range(pl.len()).over("text"), places=pl.len().over("text"))
    )


def spelling_scores(words: pl.DataFrame, ngrams: pl.DataFrame) -> pl.DataFrame:
    """Log-probability of the letters of each unique `word`: word, in_name, in_title.

    A letter is judged after the three before it, or after as many of them as were ever seen.
    """
    digits_alike = pl.col("word").str.replace_all(r"\p{N}", "0")
    spelled = (
        words.select("word", spelling="^" * (LONGEST_NGRAM - 1) + digits_alike + "$")
        .with_columns(end=pl.int_ranges(LONGEST_NGRAM, pl.col("spelling").str.len_chars() + 1))
        .explode("end")
    )
    lengths = range(LONGEST_NGRAM, 0, -1)
    for length in lengths:
        spelled = spelled.with_columns(
            ngram=pl.col("spelling").str.slice(pl.col("end") - length, length)
        ).join(
            ngrams.rename({"name": f"name{length}", "title": f"title{length}"}),
            on="ngram",
            how="left",
            maintain_order="left",
        )

    def longest_known(text: str) -> pl.Expr:
        known = (pl.col(f"{text}{n}") - BACKOFF * (LONGEST_NGRAM - n) for n in lengths)
        return pl.coalesce(*known, UNKNOWN_LETTER)

    return spelled.group_by("word", maintain_order=True).agg(
        in_name=longest_known("name").sum(), in_title=longest_known("title").sum()
    )


def word_scores(words: pl.DataFrame, model: BylineModel) -> pl.DataFrame:
    """Log-probability of each unique `word` at each place of a title or a name.

    Columns: word, as_title, as_final, as_given, as_middle, as_family, in_titles and in_names (was
    it ever seen there). A frequency is smoothed by its more general neighbour: a part of a name by
    names as a whole, these by their spelling; so with titles.
    """
    total = {column: float(model.words[column].sum()) for column in COUNTS}
    count = {column: pl.col(column).fill_null(0).cast(pl.Float64) for column in COUNTS}
    names_count = pl.sum_horizontal(count[part] for part in NAME_PARTS)
    names_total = sum(total[part] for part in NAME_PARTS)

    def smoothed(seen: pl.Expr, out_of: float, general: pl.Expr, strength: float) -> pl.Expr:
        return (seen + strength * general) / (out_of + strength)

    in_name = smoothed(names_count, names_total, pl.col("in_name").exp(), UNSEEN_WORDS)
    in_title = smoothed(count["title"], total["title"], pl.col("in_title").exp(), UNSEEN_WORDS)
    return (
        words.join(
            spelling_scores(words, model.ngrams), on="word", how="left", maintain_order="left"
        )
        .join(model.words, on="word", how="left", maintain_order="left")
        .select(
            "word",
            as_title=in_title.log(),
            as_final=smoothed(count["final"], total["final"], in_title, UNSEEN_AT_POSITION).log(),
            **{
                f"as_{part}": smoothed(count[part], total[part], in_name, UNSEEN_AT_POSITION).log()
                for part in NAME_PARTS
            },
            in_titles=count["title"] > 0,
            in_names=names_count > 0,
        )
    )


def text_scores(texts: pl.Series, model: BylineModel) -> pl.DataFrame:
    """Say how each unique text reads by the frequencies: as a title, a title's end, a name.

    Columns: text; as_title, as_ending, as_name (log-probabilities of the whole); last_word,
    last_in_titles; as_given (log-probability of the first word as a given name), given_gain and
    family_gain (how much better the first and the last word read in a name than in a title),
    first_in_names, last_in_names.
    """
    words = text_words(pl.DataFrame({"text": texts.unique(maintain_order=True)}))
    scores = word_scores(words.select(pl.col("word").unique(maintain_order=True)), model)
    is_first = pl.col("place") == 0
    is_last = pl.col("place") == pl.col("places") - 1
    # The hyphenated first word of a name is one given name: Yee-Whye, Ming-Hsuan.
    given_pieces = pieces(pl.col("text").str.split(" ").list.first()).list.len()
    name_part = (
        pl.when(is_last & ~is_first)
        .then("as_family")
        .when(pl.col("place") < given_pieces)
        .then("as_given")
        .otherwise("as_middle")
    )
    return (
        words.join(scores, on="word", how="left", maintain_order="left")
        .group_by("text", maintain_order=True)
        .agg(
            pl.col("as_title").sum(),
            pl.when(is_last).then("as_final").otherwise("as_title").sum().alias("as_ending"),
            name_part.sum().alias("as_name"),
            last_word=pl.col("word").last(),
            last_in_titles=pl.col("in_titles").last(),
            as_given=pl.col("as_given").first(),
            given_gain=(pl.col("as_given") - pl.col("as_title")).first(),
            family_gain=(pl.col("as_family") - pl.col("as_title")).last(),
            first_in_names=pl.col("in_names").first(),
            last_in_names=pl.col("in_names").last(),
        )
    )
