"""From evidence to probability: which level applies, what it is worth, and the sum.

The probability that two records are one paper is that of one work times that of one version, so
that equal titles and authors never buy off a difference between two versions. Not here: what the
levels are (`weights`), what an input teaches of them (`rates`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add

import numpy as np
import polars as pl

from flows.resolve.weights import EVIDENCE, SAME_VERSION, WORK_PRIOR, Evidence, Question, Rate

MATCH = 0.5
POSSIBLE = 0.1
BATCH = 200_000

Rates = Mapping[str, tuple[float, ...]]
"""By kind of evidence: for each of its levels, how often it is found among records of one version.
"prior" has one: the share of the records of one work that are of one version."""


def frozen_rates() -> Rates:
    """Return the rates that hold where an input teaches nothing."""
    return {"prior": (SAME_VERSION,)} | {
        kind.name: tuple(
            level.worth.match if isinstance(level.worth, Rate) else 1.0 for level in kind.levels
        )
        for kind in EVIDENCE
    }


def with_levels(compared: pl.DataFrame) -> pl.DataFrame:
    """Add for each kind of evidence `level ...`: the number of the first level that applies, from
    1 on; 0 for none."""
    return compared.with_columns(_level(kind).alias(f"level {kind.name}") for kind in EVIDENCE)


def with_weights(leveled: pl.DataFrame, rates: Rates) -> pl.DataFrame:
    """Add to pairs with their levels: work and version, the log-odds of each question; weight and
    probability that both hold. A pair's weight does not depend on the other pairs."""
    share = rates["prior"][0]
    priors: dict[Question, float] = {
        "work": WORK_PRIOR, "version": float(np.log(share / (1.0 - share))),
    }  # fmt: skip
    nats = {kind.name: _nats(kind, leveled[f"level {kind.name}"], rates) for kind in EVIDENCE}
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


def with_nats(leveled: pl.DataFrame, rates: Rates) -> pl.DataFrame:
    """Add to pairs with their levels what each kind of evidence is worth: `nats ...`."""
    return leveled.with_columns(
        _nats(kind, leveled[f"level {kind.name}"], rates).alias(f"nats {kind.name}")
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


def worth_of(kind: Evidence, rates: Rates) -> list[float]:
    """Return what the levels of a kind of evidence are worth in nats, 0 for those that depend on
    the pair."""
    return [
        float(np.log(match / level.worth.other))
        if isinstance(level.worth, Rate)
        else level.worth
        if isinstance(level.worth, float)
        else 0.0
        for level, match in zip(kind.levels, rates[kind.name], strict=True)
    ]


def _level(kind: Evidence) -> pl.Expr:
    level: pl.Expr = pl.lit(0, pl.UInt8)
    for number, known in reversed(list(enumerate(kind.levels, 1))):
        level = pl.when(known.when).then(pl.lit(number, pl.UInt8)).otherwise(level)
    return level


def _nats(kind: Evidence, levels: pl.Series, rates: Rates) -> pl.Expr:
    """Return the worth of the level of each pair."""
    table = np.array([0.0, *worth_of(kind, rates)])
    nats: pl.Expr = pl.lit(pl.Series(table[levels.to_numpy()]))
    for number, level in enumerate(kind.levels, 1):
        if isinstance(level.worth, pl.Expr):
            applies = pl.col(f"level {kind.name}") == number
            nats = pl.when(applies).then(level.worth).otherwise(nats)
    return nats.cast(pl.Float64)
