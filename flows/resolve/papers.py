"""Which records describe one paper: blocking, evidence, scoring and clustering, put together.

Here: the order of the steps, rulings of people, and the published evidence. Not here: ids of papers
(`identity`), what is said of a paper (`survivorship`).
"""

from __future__ import annotations

import polars as pl

from flows.resolve.blocking import candidate_pairs, exact_bits, key_names
from flows.resolve.clustering import CONFLICT, EDGE, RULING, cluster, components
from flows.resolve.evidence import compare
from flows.resolve.features import Features, describe
from flows.resolve.scoring import score
from schemas.dictionary import polars_schema
from schemas.match import Matches

# Non-matches this near are published, and the nearest of every record, to answer "why not".
FLOOR = -7.0
# Inside a component of up to this many records every pair is compared.
COMPLETED = 300


def resolve_papers(
    records: pl.DataFrame, judgements: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (matches, clusters) of `records` (readable text); the order of rows has no effect.

    matches: the published evidence, see `schemas.match`. clusters: record_id, cluster (its smallest
    record_id), and the best link to another record of it: matched_by, probability (null where it is
    alone, or joined through what links others). `judgements` (left, right: record ids; ruling, who,
    when, why) hold over all evidence; of two rulings on one pair the later holds, and those on
    unknown records wait until the records come.
    """
    features = describe(records)
    rulings = _rulings(judgements, features)
    candidates = candidate_pairs(features)
    judged = rulings.join(candidates, on=["left", "right"], how="anti")
    scored = score(
        compare(
            pl.concat([candidates, _unblocked(judged.select("left", "right"))]),
            features,
            exact_bits(),
        )
    )
    scored = _with_rulings(scored, rulings)
    missing = _missing_inside(scored, features.rows.height)
    if not missing.is_empty():
        completed = score(compare(_unblocked(missing), features, exact_bits()))
        scored = pl.concat([scored, _with_rulings(completed, rulings)])
    labels = cluster(features.rows.height, scored.select("left", "right", weight="bound"))
    scored = scored.with_columns(
        is_joined=labels.gather(scored["left"]) == labels.gather(scored["right"])
    )
    return _published(scored), _clusters(scored, features, labels)


def _unblocked(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs that no key brought together, but that are to be compared in full."""
    return pairs.select(
        "left", "right", keys=pl.lit(0, pl.UInt32), shared=pl.lit(COMPLETED, pl.UInt32)
    )


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


def _with_rulings(scored: pl.DataFrame, rulings: pl.DataFrame) -> pl.DataFrame:
    """Let rulings decide, and add `bound`: the weight, or what is beyond weighing."""
    is_ruled = pl.col("ruling").is_not_null()
    is_same = pl.col("ruling") == "same"
    is_conflict = ~pl.col("same_identifier").fill_null(value=True) | (
        (pl.col("numbers_conflict") | pl.col("notes_conflict"))
        & ~pl.col("same_identifier").fill_null(value=False)
    )
    said = pl.concat_str(
        pl.lit("Ruled "), pl.col("ruling"), pl.lit(" by "), pl.col("who").fill_null("someone"),
        pl.lit(" on ") + pl.col("when"), pl.lit(": ") + pl.col("why"), pl.lit("."),
        ignore_nulls=True,
    )  # fmt: skip
    return (
        scored.join(rulings, on=["left", "right"], how="left", maintain_order="left")
        .with_columns(
            bound=pl.when(is_ruled)
            .then(pl.when(is_same).then(RULING).otherwise(-RULING))
            .when(is_conflict)
            .then(CONFLICT)
            .otherwise("weight"),
            probability=pl.when(is_ruled).then(is_same.cast(pl.Float64)).otherwise("probability"),
            verdict=pl.when(is_ruled)
            .then(pl.when(is_same).then(pl.lit("match")).otherwise(pl.lit("non_match")))
            .when(is_conflict & (pl.col("verdict") == "match"))
            .then(pl.lit("possible"))
            .otherwise("verdict"),
            decided_by=pl.when(is_ruled).then(pl.lit("judgement")).otherwise("decided_by"),
            reason=pl.when(is_ruled).then(said).otherwise("reason"),
        )
        .drop("ruling", "who", "when", "why")
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
    )


def _published(scored: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs that came near, as `schemas.match` describes them."""
    ends = pl.concat(
        scored.select("left", "right", "weight", record=side) for side in ("left", "right")
    )
    nearest = (
        ends.sort("record", "weight", "left", "right", descending=[False, True, False, False])
        .unique("record", keep="first", maintain_order=True)
        .select("left", "right", is_nearest=pl.lit(value=True))
        .unique()
    )
    kept = scored.join(nearest, on=["left", "right"], how="left").filter(
        (pl.col("weight") >= FLOOR)
        | pl.col("is_nearest")
        | pl.col("is_joined")
        | (pl.col("decided_by") == "judgement")
    )
    names = key_names(pl.col("keys"))
    schema = polars_schema(Matches)
    return (
        kept.with_columns(
            blocked_by=pl.when(pl.col("keys") > 0)
            .then(names)
            .when(pl.col("decided_by") == "judgement")
            .then(pl.lit("judgement"))
            .otherwise(pl.lit("component")),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in schema.items())
        .sort("record_id_left", "record_id_right")
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
