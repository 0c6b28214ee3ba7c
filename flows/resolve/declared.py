"""Sources declared free of duplicates: each of their records has one partner in another at most.

Here: what such a declaration (`duplicate_free` in source.toml) adds to the evidence. Two records of
the source are two papers; of two sources, the surest pairs are taken first, one to one, and since a
partner that is not there cannot be taken for another, less evidence is enough.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from flows.resolve.clustering import CONFLICT, RULING

# Log-odds from which on a partner without a rival is one, if the version does not speak against it.
ENOUGH = -5.0
# Rivals whose weights differ by less are as likely: neither is taken on little evidence.
TIE = 0.01
TAKEN = 1.0


def one_to_one(
    pairs: pl.DataFrame, sources: pl.Series, duplicate_free: frozenset[str]
) -> pl.Series:
    """Return `bound` of the pairs with what the declarations add.

    pairs: left, right, weight, version (log-odds), bound. sources: the source of each row.
    """
    if not duplicate_free:
        return pairs["bound"]
    one, other = (sources.gather(pairs[side]).cast(pl.String) for side in ("left", "right"))
    is_declared = one.is_in(duplicate_free) & other.is_in(duplicate_free)
    told = pairs.select("left", "right", "weight", "version", "bound").with_columns(
        place=pl.int_range(pl.len()), one=one, other=other, is_declared=is_declared
    )
    across = told.filter(pl.col("is_declared") & (pl.col("one") != pl.col("other")))
    partners = _partners(across)
    is_open = pl.col("bound").abs() < -CONFLICT
    is_within = pl.col("is_declared") & (pl.col("one") == pl.col("other"))
    is_across = pl.col("is_declared") & (pl.col("one") != pl.col("other"))
    is_partner = pl.col("place").is_in(partners.implode())
    return told.select(
        bound=pl.when(is_within & (pl.col("bound") < RULING))
        .then(pl.min_horizontal("bound", pl.lit(CONFLICT)))
        .when(is_across & is_partner & is_open)
        .then(pl.max_horizontal("bound", pl.lit(TAKEN)))
        .when(is_across & is_open)
        .then(CONFLICT)
        .otherwise("bound")
    ).to_series()


def _partners(across: pl.DataFrame) -> pl.Series:
    """Return the places of the pairs taken, the surest first, each record once for each source."""
    open_pairs = across.filter(
        (pl.col("bound") >= RULING)
        | (
            (pl.col("bound") > CONFLICT)
            & ((pl.col("weight") > 0) | ((pl.col("weight") > ENOUGH) & (pl.col("version") > 0)))
        )
    ).sort("bound", "weight", "left", "right", descending=[True, True, False, False])
    rivals = pl.concat(
        open_pairs.select("place", "weight", record=side, source=source)
        for side, source in (("left", "other"), ("right", "one"))
    ).with_columns(
        is_tied=(
            ((pl.col("weight").max() - pl.col("weight")) < TIE).sum().over("record", "source") > 1
        )
    )
    tied = rivals.filter("is_tied")["place"].unique()
    sure = open_pairs.filter(
        (pl.col("weight") > 0)
        | (pl.col("bound") >= RULING)
        | ~pl.col("place").is_in(tied.implode())
    )
    taken: set[tuple[int, str]] = set()
    partners = []
    # A loop over pairs of declared sources: whether one is free depends on those before it.
    for place, left, right, one, other in sure.select(
        "place", "left", "right", "one", "other"
    ).iter_rows():
        if (left, other) not in taken and (right, one) not in taken:
            taken |= {(left, other), (right, one)}
            partners.append(place)
    return pl.Series("place", np.array(partners, np.int64))
