"""What an input teaches of its own versions, without labels.

How often records of one version agree in year, venue, kind, pages and volume differs from input to
input: typed citations are off by years, a library's own records never are. These rates are learned
by expectation and maximisation over the pairs that are surely one work; how versions of a work
differ is frozen (`weights`), since where there are no versions it could not be learned.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from flows.resolve.evidence import degree
from flows.resolve.kernels.words import Array
from flows.resolve.levels import EVIDENCE
from flows.resolve.scoring import with_nats, with_weights
from flows.resolve.weights import Rate, Weights
from schemas.dictionary import polars_schema
from schemas.match import Estimates

ROUNDS = 6
# So many pairs' worth of the frozen rates are believed besides what is seen.
BELIEVED = 40.0
# Titles of fewer rare words recur; titles of one author over more years are columns.
RARE_ENOUGH = 20.0
MOST_YEARS = 2


def learned_rates(leveled: pl.DataFrame, frozen: Weights) -> Weights:
    """Return the weights with the rates of this input; leveled: its pairs with their evidence and
    levels.

    A pair counts as much as it is likely one work, and less the more pairs its records are in, so
    that a paper with many copies does not drown the others.
    """
    safe = with_nats(with_weights(leveled, frozen), frozen).filter(
        (pl.col("title_rarity") >= RARE_ENOUGH)
        & (pl.col("title_similarity") >= 0.9)
        & (pl.col("years_of_title") <= MOST_YEARS)
        & (pl.col("work") > 0)
        & ~pl.col("has_preprint")
    )
    if safe.is_empty():
        return frozen
    degrees = degree(safe).to_numpy()
    importance = 1.0 / (1.0 + np.exp(-safe["work"].to_numpy())) / degrees
    learned = [
        kind
        for kind in EVIDENCE
        if any(isinstance(level, Rate) for level in frozen.worth[kind.name])
    ]
    fixed = sum(
        safe[f"nats {kind.name}"].to_numpy()
        for kind in EVIDENCE
        if kind.question == "version" and kind not in learned
    )
    levels = {kind.name: safe[f"level {kind.name}"].to_numpy() for kind in learned}
    learned_here = frozen
    for _ in range(ROUNDS):
        share = learned_here.same_version
        logit = np.log(share / (1.0 - share)) + fixed
        for kind in learned:
            logit = logit + np.array([0.0, *learned_here.nats(kind)])[levels[kind.name]]
        expected = importance / (1.0 + np.exp(-logit))
        believed = BELIEVED * frozen.same_version
        share = float((expected.sum() + believed) / (importance.sum() + BELIEVED))
        learned_here = replace(
            frozen,
            same_version=share,
            worth={
                **frozen.worth,
                **{
                    kind.name: _seen(levels[kind.name], expected, frozen.worth[kind.name])
                    for kind in learned
                },
            },
        )
    return learned_here


def _seen(
    levels: Array, expected: Array, frozen: tuple[float | Rate, ...]
) -> tuple[float | Rate, ...]:
    """Return the levels of a kind, with how often each is seen among records of one version.

    expected: how much each pair counts as one version.
    """
    is_rate = np.array([isinstance(level, Rate) for level in frozen])
    seen = np.bincount(levels, expected, len(frozen) + 1)[1:] * is_rate
    known = np.array([level.same if isinstance(level, Rate) else 0.0 for level in frozen])
    total = seen.sum() + BELIEVED * known.sum()
    same = (seen + BELIEVED * known) / total * known.sum()
    return tuple(
        replace(level, same=float(rate)) if isinstance(level, Rate) else level
        for level, rate in zip(frozen, same, strict=True)
    )


def rates_table(learned: Weights, frozen: Weights) -> pl.DataFrame:
    """Return the rates that an input taught beside the frozen ones, see `schemas.match`."""
    rows: list[tuple[str, str, float, float, float | None]] = [
        ("same version", "", learned.same_version, frozen.same_version, None)
    ]
    for kind in EVIDENCE:
        worths = zip(kind.levels, learned.worth[kind.name], frozen.worth[kind.name], strict=True)
        rows += [
            (kind.name, level.says, here.same, there.same, there.other)
            for level, here, there in worths
            if isinstance(here, Rate) and isinstance(there, Rate)
        ]
    return pl.DataFrame(rows, schema=polars_schema(Estimates), orient="row")
