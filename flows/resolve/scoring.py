"""From evidence to probability: which level applies, what it is worth, and the sum.

The probability that two records are one paper is that of one work times that of one version, so
that equal titles and authors never buy off a difference between two versions. Not here: what the
levels are (`levels`) and are worth (`weights`), what an input teaches of them (`rates`).
"""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import polars as pl

from flows.resolve.levels import EVIDENCE, Evidence, Question
from flows.resolve.weights import Weights

MATCH = 0.5
POSSIBLE = 0.1
BATCH = 200_000


def with_levels(compared: pl.DataFrame) -> pl.DataFrame:
    """Add for each kind of evidence `level ...`: the number of the first level that applies, from
    1 on; 0 for none."""
    return compared.with_columns(_level(kind).alias(f"level {kind.name}") for kind in EVIDENCE)


def with_weights(leveled: pl.DataFrame, weights: Weights) -> pl.DataFrame:
    """Add to pairs with their levels: work and version, the log-odds of each question; weight and
    probability that both hold. A pair's weight does not depend on the other pairs."""
    share = weights.same_version
    priors: dict[Question, float] = {
        "work": weights.compared, "version": float(np.log(share / (1.0 - share))),
    }  # fmt: skip
    nats = {kind.name: _nats(kind, leveled[f"level {kind.name}"], weights) for kind in EVIDENCE}
    # One after another: `sum_horizontal` adds in an order that depends on the threads.
    summed = leveled.with_columns(
        reduce(
            add,
            (nats[kind.name] for kind in EVIDENCE if kind.question == question),
            pl.lit(prior),
        ).alias(question)
        for question, prior in priors.items()
    )
    # Both factors are kept away from 0 and 1 in log space: 1 + e^-x of each, multiplied.
    odds_against = (
        (-pl.col("work")).exp() + (-pl.col("version")).exp()
        + (-pl.col("work") - pl.col("version")).exp()
    )  # fmt: skip
    return summed.with_columns(weight=-odds_against.log()).with_columns(
        probability=1.0 / (1.0 + (-pl.col("weight")).exp())
    )


def with_nats(leveled: pl.DataFrame, weights: Weights) -> pl.DataFrame:
    """Add to pairs with their levels what each kind of evidence is worth: `nats ...`."""
    return leveled.with_columns(
        _nats(kind, leveled[f"level {kind.name}"], weights).alias(f"nats {kind.name}")
        for kind in EVIDENCE
    )


def verdict(probability: pl.Expr) -> pl.Expr:
    """Return match, possible or non_match."""
    return (
        pl.when(probability >= MATCH)
        .then(pl.lit("match"))
        .when(probability >= POSSIBLE)
        .then(pl.lit("possible"))
        .otherwise(pl.lit("non_match"))
    )


def _level(kind: Evidence) -> pl.Expr:
    level: pl.Expr = pl.lit(0, pl.UInt8)
    for number, known in reversed(list(enumerate(kind.levels, 1))):
        level = pl.when(known.when).then(pl.lit(number, pl.UInt8)).otherwise(level)
    return level


def _nats(kind: Evidence, levels: pl.Series, weights: Weights) -> pl.Expr:
    """Return the worth of the level of each pair."""
    table = np.array([0.0, *weights.nats(kind)])
    nats: pl.Expr = pl.lit(pl.Series(table[levels.to_numpy()]))
    for number, level in enumerate(kind.levels, 1):
        if level.of_pair is not None:
            applies = pl.col(f"level {kind.name}") == number
            nats = pl.when(applies).then(level.of_pair).otherwise(nats)
    return nats.cast(pl.Float64)
