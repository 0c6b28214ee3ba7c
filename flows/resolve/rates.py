"""What an input teaches of its own versions, without labels.

How often records of one version agree in year, venue, kind, pages and volume differs from input to
input: typed citations are off by years, a library's own records never are. These rates are learned
by expectation and maximisation over the pairs that are surely one work; how versions of a work
differ is frozen (`weights`), since where there are no versions it could not be learned.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from flows.resolve.scoring import Rates, frozen_rates, with_nats, with_weights, worth_of
from flows.resolve.weights import EVIDENCE, Rate
from schemas.dictionary import polars_schema
from schemas.match import Estimates

ROUNDS = 6
# So many pairs' worth of the frozen rates are believed besides what is seen.
BELIEVED = 40.0
# Titles of fewer rare words recur; titles of one author over more years are columns.
RARE_ENOUGH = 20.0
MOST_YEARS = 2
# More pairs than these teach nothing new; records are numbered by hashes, so the first are a fair
# sample.
SAMPLE = 300_000


def learned_rates(leveled: pl.DataFrame) -> Rates:
    """Return the rates of this input; leveled: its pairs with their evidence and levels.

    A pair counts as much as it is likely one work, and less the more pairs its records are in, so
    that a paper with many copies does not drown the others.
    """
    frozen = frozen_rates()
    sample = leveled.head(SAMPLE)
    safe = with_nats(with_weights(sample, frozen), frozen).filter(
        (pl.col("title_rarity") >= RARE_ENOUGH)
        & (pl.col("title_similarity") >= 0.9)
        & (pl.col("years_of_title") <= MOST_YEARS)
        & (pl.col("work") > 0)
        & ~pl.col("has_preprint")
    )
    if safe.is_empty():
        return frozen
    degrees = np.maximum(
        *(safe.select(pl.len().over(side)).to_series().to_numpy() for side in ("left", "right"))
    )
    importance = 1.0 / (1.0 + np.exp(-safe["work"].to_numpy())) / degrees
    learned = [
        kind for kind in EVIDENCE if any(isinstance(level.worth, Rate) for level in kind.levels)
    ]
    fixed = sum(
        safe[f"nats {kind.name}"].to_numpy()
        for kind in EVIDENCE
        if kind.question == "version" and kind not in learned
    )
    levels = {kind.name: safe[f"level {kind.name}"].to_numpy() for kind in learned}
    rates = dict(frozen)
    for _ in range(ROUNDS):
        share = rates["prior"][0]
        logit = np.log(share / (1.0 - share)) + fixed
        for kind in learned:
            logit = logit + np.array([0.0, *worth_of(kind, rates)])[levels[kind.name]]
        expected = importance / (1.0 + np.exp(-logit))
        believed = BELIEVED * frozen["prior"][0]
        rates["prior"] = (float((expected.sum() + believed) / (importance.sum() + BELIEVED)),)
        for kind in learned:
            is_rate = np.array([isinstance(level.worth, Rate) for level in kind.levels])
            seen = np.bincount(levels[kind.name], expected, len(kind.levels) + 1)[1:] * is_rate
            known = np.array(frozen[kind.name]) * is_rate
            total = seen.sum() + BELIEVED * known.sum()
            match = (seen + BELIEVED * known) / total * known.sum()
            rates[kind.name] = tuple(float(rate) for rate in np.where(is_rate, match, 1.0))
    return rates


def rates_table(rates: Rates) -> pl.DataFrame:
    """Return the rates beside the frozen ones, see `schemas.match`."""
    frozen = frozen_rates()
    rows: list[tuple[str, str, float, float, float | None]] = [
        ("same version", "", rates["prior"][0], frozen["prior"][0], None)
    ]
    rows += [
        (kind.name, level.says, rates[kind.name][place], level.worth.match, level.worth.other)
        for kind in EVIDENCE
        for place, level in enumerate(kind.levels)
        if isinstance(level.worth, Rate)
    ]
    return pl.DataFrame(rows, schema=polars_schema(Estimates), orient="row")
