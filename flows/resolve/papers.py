"""Which records describe one paper: blocking, evidence, scoring and clustering, put together.

Here: the order of the steps and rulings of people. Not here: which of the compared pairs are
published (`verdicts`), ids of papers (`identity`), what is said of a paper (`survivorship`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from flows.resolve.blocking import candidates
from flows.resolve.clustering import CONFLICT, EDGE, RULING, cluster, components
from flows.resolve.declared import one_to_one
from flows.resolve.evidence import Comparison, with_venues
from flows.resolve.features import Features, describe, sides
from flows.resolve.kernels.compiled import return_large_arrays
from flows.resolve.levels import EVIDENCE
from flows.resolve.rates import learned_rates, rates_table
from flows.resolve.scoring import with_levels, with_weights
from flows.resolve.venues import Seen, venue_relations, venues_seen, venues_table
from flows.resolve.verdicts import DECIDED_BY, IS_CONFLICT, published
from flows.resolve.weights import Weights, shipped_weights
from schemas.dictionary import polars_schema
from schemas.match import LEFT_OUT, Estimates

# Inside a component of up to this many records every pair is compared.
COMPLETED = 300
# Pairs that are weighed at a time.
BATCH = 200_000
# So many pairs teach what is learned of an input. Rows are in the order of record ids, which are
# hashes, so the first pairs are a fair sample.
SAMPLE = 500_000
# What is kept of a pair once it is weighed.
KEPT = (
    "left", "right", "keys", "title_similarity", "title_rarity", "title_containment",
    "title_heads_are_equal", "titles_begin_alike", "numbers_conflict", "notes_conflict",
    "one_is_correction", "one_is_retraction", "note_is_left", "author_similarity",
    "abstract_similarity", "people_of_title", "years_of_title", "same_identifier", "year_gap",
    *(f"level {kind.name}" for kind in EVIDENCE), "work", "version", "weight", "probability",
    "bound", "decided_by",
)  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """What the comparison of records came to."""

    features: Features
    scored: pl.DataFrame
    """The compared pairs with their evidence, levels and weights, and what was ruled."""
    labels: pl.Series
    """The cluster of each row."""
    weights: Weights
    """What evidence is worth, with what this input taught of its own versions."""
    frozen: Weights
    """The same before this input was looked at."""
    seen: Seen
    """What this input taught of its venues."""
    rulings: pl.DataFrame
    """What people ruled: left < right (rows), ruling, who, when, why."""
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
        return published(self.scored, self.labels, ids, self.weights, self.rulings)

    def estimates(self) -> pl.DataFrame:
        """Return what was learned from this input, see `schemas.match`."""
        counts = {
            LEFT_OUT: self.left_out,
            "pairs compared": self.scored.height,
        }
        counted = pl.DataFrame(
            [("blocking", level, float(count), None, None) for level, count in counts.items()],
            schema=polars_schema(Estimates),
            orient="row",
        )
        venues = venues_table(self.seen, self.features.venues)
        return pl.concat([counted, rates_table(self.weights, self.frozen), venues]).sort(
            "name", "level"
        )


def resolve_papers(
    records: pl.DataFrame | Iterable[pl.DataFrame],
    judgements: pl.DataFrame,
    duplicate_free: frozenset[str] = frozenset(),
    frozen: Weights | None = None,
) -> Compared:
    """Return which records (readable text) are one paper; the order of rows has no effect.

    records: all of them, or batches of them in the order of their record_id, of which only what is
    compared is kept. `judgements` (left, right: record ids; ruling, who, when, why) hold over all
    evidence; of two rulings on one pair the later holds, and those on unknown records wait until
    the records come. `duplicate_free`: the sources that are declared never to have two records of
    one paper. `frozen`: what evidence is worth, by default as shipped.
    """
    return_large_arrays()
    frozen = frozen or shipped_weights()
    features = describe(records)
    columns = sides(features)
    rulings = _rulings(judgements, features)
    found = candidates(features, columns)
    asked = _with_ruled(found.pairs, rulings)
    comparison = Comparison(features, columns, asked)
    sample = comparison.compare(asked.head(SAMPLE))
    seen = venues_seen(sample)

    def leveled(compared: pl.DataFrame) -> pl.DataFrame:
        relation = venue_relations(compared, features.venues, seen)
        return with_levels(with_venues(compared, relation))

    known = leveled(sample)
    weights = learned_rates(known, frozen)

    def weighed(pairs: pl.DataFrame) -> pl.DataFrame:
        return _with_rulings(with_weights(pairs, weights), rulings).select(KEPT)

    def scored_of(pairs: pl.DataFrame) -> Iterator[pl.DataFrame]:
        # No pair depends on another, and of most little is kept.
        for batch in pairs.iter_slices(BATCH):
            yield weighed(leveled(comparison.compare(batch)))

    scored = pl.concat([weighed(known), *scored_of(asked[SAMPLE:])])
    scored = pl.concat([scored, *scored_of(_missing_inside(scored, features.rows.height))])
    bound = one_to_one(scored, features.rows["source"], duplicate_free)
    labels = cluster(features.rows.height, scored.select("left", "right", weight=bound))
    scored = scored.with_columns(
        bound=bound, is_joined=labels.gather(scored["left"]) == labels.gather(scored["right"])
    )
    return Compared(features, scored, labels, weights, frozen, seen, rulings, found.left_out)


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
    """Let rulings decide: probability, and `bound`: the weight, or what is beyond weighing."""
    ruled = weighed.select("left", "right").join(
        rulings, on=["left", "right"], how="left", maintain_order="left"
    )["ruling"]
    is_ruled, is_same = pl.lit(ruled.is_not_null()), pl.lit(ruled == "same")
    return weighed.with_columns(
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
        .otherwise(pl.lit("model"))
        .cast(DECIDED_BY),
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
        .select("row", "probability", matched_by=pl.col("decided_by").cast(pl.String))
    )
    ids = features.rows["record_id"]
    return (
        features.rows.select("row", "record_id")
        .with_columns(cluster=ids.gather(labels))
        .join(best, on="row", how="left", maintain_order="left")
        .select("record_id", "cluster", "matched_by", "probability")
        .sort("record_id")
    )
