"""Which records describe one paper: blocking, evidence, scoring and clustering, put together.

Here: the order of the steps and rulings of people. Not here: which of the compared pairs are
published (`verdicts`), ids of papers (`identity`), what is said of a paper (`survivorship`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import polars as pl

from flows.resolve.blocking import candidates
from flows.resolve.clustering import CONFLICT, EDGE, RULING, cluster, components
from flows.resolve.declared import one_to_one
from flows.resolve.evidence import Comparison, with_venues
from flows.resolve.features import Features, describe, sides
from flows.resolve.rates import learned_rates, rates_table
from flows.resolve.scoring import Rates, with_levels, with_weights
from flows.resolve.venues import learned_lifts, venue_relations
from flows.resolve.verdicts import IS_CONFLICT, published
from schemas.dictionary import polars_schema
from schemas.match import Estimates

# Inside a component of up to this many records every pair is compared.
COMPLETED = 300
# Pairs that are weighed at a time.
BATCH = 200_000


@dataclass(frozen=True)
class Compared:
    """What the comparison of records came to."""

    features: Features
    scored: pl.DataFrame
    """The compared pairs with their evidence, levels and weights, and what was ruled."""
    labels: pl.Series
    """The cluster of each row."""
    rates: Rates
    """What this input taught of its own versions."""
    left_out: int
    """How many pairs that share a blocking key were not looked at under it."""

    def clusters(self) -> pl.DataFrame:
        """Return record_id, cluster (its smallest record_id), and the best link to another record
        of it: matched_by, probability (null where it is alone, or joined through what links
        others)."""
        return _clusters(self.scored, self.features, self.labels)

    def matches(self) -> pl.DataFrame:
        """Return the published evidence, see `schemas.match`."""
        ids = self.features.rows["record_id"]
        return published(self.scored, self.labels, ids, self.rates)

    def estimates(self) -> pl.DataFrame:
        """Return what was learned from this input, see `schemas.match`."""
        counts = {
            "pairs with a common key that were not compared": self.left_out,
            "pairs compared": self.scored.height,
        }
        counted = pl.DataFrame(
            [("blocking", level, float(count), None, None) for level, count in counts.items()],
            schema=polars_schema(Estimates),
            orient="row",
        )
        return pl.concat([counted, rates_table(self.rates)]).sort("name", "level")


def resolve_papers(
    records: pl.DataFrame | Iterable[pl.DataFrame],
    judgements: pl.DataFrame,
    duplicate_free: frozenset[str] = frozenset(),
) -> Compared:
    """Return which records (readable text) are one paper; the order of rows has no effect.

    records: all of them, or batches of them in the order of their record_id, of which only what is
    compared is kept. `judgements` (left, right: record ids; ruling, who, when, why) hold over all
    evidence; of two rulings on one pair the later holds, and those on unknown records wait until
    the records come. `duplicate_free`: the sources that are declared never to have two records of
    one paper.
    """
    features = describe(records)
    columns = sides(features)
    rulings = _rulings(judgements, features)
    found = candidates(features, columns)
    asked = _with_ruled(found.pairs, rulings)
    comparison = Comparison(features, columns, asked)
    lifts: pl.DataFrame | None = None

    def leveled(pairs: pl.DataFrame) -> pl.DataFrame:
        nonlocal lifts
        compared = _in_batches(comparison.compare, pairs)
        lifts = learned_lifts(compared) if lifts is None else lifts
        relation = venue_relations(compared, features.venues, lifts)
        return _in_batches(with_levels, with_venues(compared, relation))

    known = leveled(asked)
    rates = learned_rates(known)

    def weighed(pairs: pl.DataFrame) -> pl.DataFrame:
        return _with_rulings(_in_batches(partial(with_weights, rates=rates), pairs), rulings)

    scored = weighed(known)
    missing = _missing_inside(scored, features.rows.height)
    if not missing.is_empty():
        scored = pl.concat([scored, weighed(leveled(missing))])
    scored = scored.with_columns(bound=one_to_one(scored, features.rows["source"], duplicate_free))
    labels = cluster(features.rows.height, scored.select("left", "right", weight="bound"))
    scored = scored.with_columns(
        is_joined=labels.gather(scored["left"]) == labels.gather(scored["right"])
    )
    return Compared(features, scored, labels, rates, found.left_out)


def _in_batches(
    function: Callable[[pl.DataFrame], pl.DataFrame], pairs: pl.DataFrame
) -> pl.DataFrame:
    """Return what `function` makes of the pairs, batch by batch: no pair depends on another."""
    starts = range(0, max(pairs.height, 1), BATCH)
    return pl.concat([function(pairs.slice(start, BATCH)) for start in starts])


def _with_ruled(pairs: pl.DataFrame, rulings: pl.DataFrame) -> pl.DataFrame:
    """Add the pairs that were ruled on, whether they share a key or not."""
    ruled = rulings.select("left", "right").join(pairs, on=["left", "right"], how="anti")
    return pl.concat([pairs, ruled.with_columns(keys=pl.lit(0, pl.UInt32))])


def _rulings(judgements: pl.DataFrame, features: Features) -> pl.DataFrame:
    """Judgements on two known records as rows (left < right), the latest for each pair."""
    rows = features.rows.select("record_id", "row")
    return (
        judgements.join(rows.rename({"row": "one"}), left_on="left", right_on="record_id")
        .join(rows.rename({"row": "other"}), left_on="right", right_on="record_id")
        .filter(pl.col("one") != pl.col("other"))
        .select(
            "ruling", "who", "when", "why",
            left=pl.min_horizontal("one", "other"),
            right=pl.max_horizontal("one", "other"),
        )
        .sort("left", "right", "when", "ruling", "who", "why")
        .unique(["left", "right"], keep="last", maintain_order=True)
    )  # fmt: skip


def _with_rulings(weighed: pl.DataFrame, rulings: pl.DataFrame) -> pl.DataFrame:
    """Let rulings decide: add what was ruled, and `bound`: the weight, or what is beyond
    weighing."""
    is_ruled = pl.col("ruling").is_not_null()
    is_same = pl.col("ruling") == "same"
    return weighed.join(
        rulings, on=["left", "right"], how="left", maintain_order="left"
    ).with_columns(
        bound=pl.when(is_ruled)
        .then(pl.when(is_same).then(RULING).otherwise(-RULING))
        .when(IS_CONFLICT)
        .then(CONFLICT)
        .otherwise("weight"),
        probability=pl.when(is_ruled).then(is_same.cast(pl.Float64)).otherwise("probability"),
        decided_by=pl.when(is_ruled)
        .then(pl.lit("judgement"))
        .when(pl.col("same_identifier").is_not_null())
        .then(pl.lit("identifier"))
        .otherwise(pl.lit("model")),
    )


def _missing_inside(scored: pl.DataFrame, count: int) -> pl.DataFrame:
    """Return the pairs (left, right) inside components that were not compared yet."""
    near = scored.filter(pl.col("bound") > EDGE)
    labels = components(count, near["left"], near["right"])
    members = (
        pl.DataFrame({"component": labels})
        .with_row_index("row")
        .with_columns(size=pl.len().over("component"))
        .filter((pl.col("size") > 2) & (pl.col("size") <= COMPLETED))
        .select("component", "row")
    )
    return (
        members.join(members, on="component", suffix="_other")
        .filter(pl.col("row") < pl.col("row_other"))
        .select(left="row", right="row_other")
        .join(scored, on=["left", "right"], how="anti")
        .sort("left", "right")
        .with_columns(keys=pl.lit(0, pl.UInt32))
    )


def _clusters(scored: pl.DataFrame, features: Features, labels: pl.Series) -> pl.DataFrame:
    """One row per record: record_id, cluster, and its best link to another record of the
    cluster."""
    joined = scored.filter("is_joined")
    best = (
        pl.concat(
            joined.select("probability", "decided_by", "left", "right", row=side)
            for side in ("left", "right")
        )
        .sort("row", "probability", "left", "right", descending=[False, True, False, False])
        .unique("row", keep="first", maintain_order=True)
        .select("row", "probability", matched_by="decided_by")
    )
    ids = features.rows["record_id"]
    return (
        features.rows.select("row", "record_id")
        .with_columns(cluster=ids.gather(labels))
        .join(best, on="row", how="left", maintain_order="left")
        .select("record_id", "cluster", "matched_by", "probability")
        .sort("record_id")
    )
