"""Which venues are one, as this input shows: two names are one venue where papers say so.

Here: the relation of two venue names. A name is learned to be another one's equal, or never to be,
by how often the two stand in records that are surely one paper, against chance (lift). Not here:
what is read out of a printed venue (`publication`).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from flows.resolve.evidence import degree
from flows.resolve.kernels.venues import venues_alike
from flows.resolve.kernels.words import texts
from schemas.dictionary import polars_schema
from schemas.match import Estimates

# Lift, in nats, from which on two names are one, and below which they are never one.
ONE, NEVER = 0.7, -1.0
# Fewer occurrences of a name among sure pairs teach nothing.
FEWEST = 5.0
BELIEVED = 2.0
ALIKE = 0.75


@dataclass(frozen=True)
class Seen:
    """How often venues stand in records that are surely one paper, in millionths of pairs."""

    alone: pl.DataFrame
    """venue, times; of the venues that occur often enough to teach something."""
    together: pl.DataFrame
    """low < high, times."""
    total: int


def venue_relations(pairs: pl.DataFrame, names: pl.Series, seen: Seen) -> pl.Series:
    """Return for each pair 1 where the venues are one, -1 where they never are, 0 where their names
    are unlike and nothing is known; null where one is absent.

    pairs: venue_left, venue_right: numbers of `names`.
    """
    numbered = _ordered(pairs).with_columns(kinds_differ=pairs["kinds_differ"])
    both = numbered.select("low", "high").drop_nulls().unique().sort("low", "high")
    column = texts(names)
    alike = venues_alike(
        column.data, column.starts, both["low"].to_numpy(), both["high"].to_numpy()
    )
    known = both.with_columns(alike=alike, lift=_lift(both, seen))
    relation = (
        pl.when(pl.col("low") == pl.col("high"))
        .then(1)
        .when(pl.col("lift") > ONE)
        .then(1)
        .when(pl.col("lift") < NEVER)
        .then(-1)
        .when(pl.col("alike") >= ALIKE)
        .then(1)
        .otherwise(0)
        .cast(pl.Int8)
    )
    told = known.select("low", "high", relation=relation)
    joined = numbered.join(told, on=["low", "high"], how="left", maintain_order="left")
    # `Journal of X` and `Workshop on X` are not one for what their names share.
    is_named_alike = (pl.col("relation") == 1) & pl.col("kinds_differ").fill_null(value=False)
    return joined.select(
        pl.when(is_named_alike).then(pl.lit(0, pl.Int8)).otherwise("relation")
    ).to_series()


def venues_seen(pairs: pl.DataFrame) -> Seen:
    """Return how often venues stand in one paper, by the pairs that surely are one.

    pairs: venue_left, venue_right, and the evidence that tells such pairs.
    """
    sure = pairs.filter(
        (pl.col("title_similarity") >= 0.95)
        & (pl.col("title_rarity") >= 20)
        & (pl.col("author_similarity") >= 0.85)
        & (pl.col("year_gap") == 0)
        & pl.col("venue_left").is_not_null()
        & pl.col("venue_right").is_not_null()
    )
    # Millionths, since sums of whole numbers are the same in any order.
    sure = sure.with_columns(times=(1e6 / degree(sure)).round().cast(pl.Int64))
    # Each pair is seen from both sides.
    alone = pl.concat(sure.select("times", venue=f"venue_{side}") for side in ("left", "right"))
    enough = (
        alone.group_by("venue").agg(pl.col("times").sum()).filter(pl.col("times") >= FEWEST * 1e6)
    )
    apart = _ordered(sure).hstack([sure["times"]]).filter(pl.col("low") != pl.col("high"))
    together = apart.group_by("low", "high").agg(pl.col("times").sum())
    return Seen(enough, together, int(alone["times"].sum()))


def venues_table(seen: Seen, names: pl.Series) -> pl.DataFrame:
    """Return the venues that this input shows to be one, see `schemas.match`."""
    both = seen.together.select("low", "high").sort("low", "high")
    told = both.with_columns(lift=_lift(both, seen)).filter(pl.col("lift") > ONE)
    level = names.gather(told["low"]) + " = " + names.gather(told["high"])
    kinds = polars_schema(Estimates)
    return told.select(
        name=pl.lit("venues that are one"), level=level, value="lift",
        frozen=pl.lit(None), other=pl.lit(None),
    ).cast(kinds)  # fmt: skip


def _lift(both: pl.DataFrame, seen: Seen) -> pl.Series:
    """Return the log of how often two venues (low, high) stand in one paper, against chance; null
    where one of them occurs too seldom to tell."""
    alone = seen.alone.with_columns(pl.col("times") / 1e6)
    chance = pl.col("times_high") * 1e6 / max(seen.total, 1)
    return (
        both.join(seen.together, on=["low", "high"], how="left", maintain_order="left")
        .join(alone, left_on="low", right_on="venue", how="left", suffix="_low",
              maintain_order="left")
        .join(alone, left_on="high", right_on="venue", how="left", suffix="_high",
              maintain_order="left")
        .select(
            (
                (pl.col("times").fill_null(0) / 1e6 + BELIEVED * chance)
                / ((pl.col("times_low") + BELIEVED) * chance)
            ).log()
        )
        .to_series()
    )  # fmt: skip


def _ordered(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the two venues of each pair as low and high; null where one is absent."""
    one, other = pl.col("venue_left"), pl.col("venue_right")
    return pairs.select(
        low=pl.when(one <= other).then(one).when(other < one).then(other),
        high=pl.when(one <= other).then(other).when(other < one).then(one),
    )
