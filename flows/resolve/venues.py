"""Which venues are one, as this input shows: two names are one venue where papers say so.

Here: the relation of two venue names. A name is learned to be another one's equal, or never to be,
by how often the two stand in records that are surely one paper, against chance (lift). Not here:
what is read out of a printed venue (`publication`).
"""

from __future__ import annotations

import polars as pl

from flows.resolve.kernels.venues import venues_alike
from flows.resolve.kernels.words import texts

# Lift, in nats, from which on two names are one, and below which they are never one.
ONE, NEVER = 0.7, -1.0
# Fewer occurrences of a name among sure pairs teach nothing.
FEWEST = 5.0
BELIEVED = 2.0
ALIKE = 0.75


def venue_relations(pairs: pl.DataFrame, names: pl.Series, lifts: pl.DataFrame) -> pl.Series:
    """Return for each pair 1 where the venues are one, -1 where they never are, 0 where their names
    are unlike and nothing is known; null where one is absent.

    pairs: venue_left, venue_right: numbers of `names`. lifts: see `learned_lifts`.
    """
    numbered = _ordered(pairs).with_columns(kinds_differ=pairs["kinds_differ"])
    both = numbered.select("low", "high").drop_nulls().unique().sort("low", "high")
    column = texts(names)
    alike = venues_alike(
        column.data, column.starts, both["low"].to_numpy(), both["high"].to_numpy()
    )
    known = both.with_columns(alike=alike).join(
        lifts, on=["low", "high"], how="left", maintain_order="left"
    )
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


def learned_lifts(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return low, high, lift: log of how often two venues stand in one paper, against chance; of
    the venues that occur often enough, all combinations that were compared.

    pairs: venue_left, venue_right, and the evidence that tells pairs that are surely one paper.
    """
    sure = pairs.filter(
        (pl.col("title_similarity") >= 0.95)
        & (pl.col("title_rarity") >= 20)
        & (pl.col("author_similarity") >= 0.85)
        & (pl.col("year_gap") == 0)
        & pl.col("venue_left").is_not_null()
        & pl.col("venue_right").is_not_null()
    ).with_columns(
        # Millionths, since sums of whole numbers are the same in any order.
        share=(1e6 / pl.max_horizontal(pl.len().over("left"), pl.len().over("right")))
        .round()
        .cast(pl.Int64)
    )
    # Each pair is seen from both sides.
    seen = pl.concat(
        [
            sure.select("share", one="venue_left", other="venue_right"),
            sure.select("share", one="venue_right", other="venue_left"),
        ]
    )
    total = float(seen["share"].sum()) / 1e6
    of_one = (
        seen.group_by("one")
        .agg(of_one=pl.col("share").sum() / 1e6)
        .filter(pl.col("of_one") >= FEWEST)
    )
    together = seen.group_by("one", "other").agg(together=pl.col("share").sum() / 1e6)
    compared = _ordered(pairs).drop_nulls().unique()
    lift = (
        (pl.col("together").fill_null(0.0) + BELIEVED * pl.col("chance"))
        / ((pl.col("of_one") + BELIEVED) * pl.col("chance"))
    ).log()
    return (
        compared.filter(pl.col("low") != pl.col("high"))
        .rename({"low": "one", "high": "other"})
        .join(of_one, on="one")
        .join(of_one.rename({"one": "other", "of_one": "of_other"}), on="other")
        .join(together, on=["one", "other"], how="left")
        .with_columns(chance=pl.col("of_other") / total)
        .select(low="one", high="other", lift=lift)
    )


def _ordered(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the two venues of each pair as low and high; null where one is absent."""
    one, other = pl.col("venue_left"), pl.col("venue_right")
    return pairs.select(
        low=pl.when(one <= other).then(one).when(other < one).then(other),
        high=pl.when(one <= other).then(other).when(other < one).then(one),
    )
