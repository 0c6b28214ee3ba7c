"""How common words are, as shipped: in titles and in names of authors."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from flows.resolve.kernels.rarity import Counts, count_of, table_of
from flows.resolve.kernels.words import Array, texts, words

WORD_COUNTS = Path(__file__).parent / "data" / "word_counts.parquet"
TITLES_COUNTED = 66_149
NAMES_COUNTED = 93_954
UNKNOWN = 0.6


@cache
def known_counts(column: str) -> Counts:
    """Return the shipped word frequencies of `titles` or `names`."""
    shipped = pl.read_parquet(WORD_COUNTS)
    hashes = words(texts(shipped["word"])).values
    return table_of(hashes, shipped[column].to_numpy())


def name_log_odds(hashes: Array) -> Array:
    """Return for hashed words how much likelier, in nats, they are in a name than in a title.

    Rates are per word, a title having about nine and a name two.

    Words in neither list are a little likelier in a name, where spellings have no end.
    """
    in_titles = count_of(hashes, known_counts("titles"))
    in_names = count_of(hashes, known_counts("names"))
    rates = ((in_names + 0.5) / (2 * NAMES_COUNTED)) / ((in_titles + 0.5) / (9 * TITLES_COUNTED))
    log_odds: Array = np.where(in_titles + in_names > 0, np.log(rates), UNKNOWN)
    return log_odds
