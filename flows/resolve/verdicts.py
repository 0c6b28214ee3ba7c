"""What is published of the compared pairs, so that every verdict can be explained from it.

Here: which pairs are kept, and what kept two records apart that came near. Not here: the evidence
(`evidence`), its worth and the sentence about it (`scoring`).
"""

from __future__ import annotations

import polars as pl

from flows.resolve.blocking import key_names
from flows.resolve.clustering import CONFLICT
from flows.resolve.levels import EVIDENCE
from flows.resolve.scoring import MATCH, verdict, with_nats
from flows.resolve.weights import Weights
from schemas.dictionary import polars_schema
from schemas.match import Matches

# Non-matches this near are published, and the nearest of every record, to answer "why not".
FLOOR = -7.0
# So many more of every record are published whose titles conflict, begin alike or share rare words.
RELATIVES = 5
RARE_WORDS = 20.0
# Pairs that are put into words at a time.
BATCH = 100_000

# What can decide about a pair.
DECIDED_BY = pl.Enum(["identifier", "model", "judgement"])
# Two records that contradict each other in what a paper has once.
IS_CONFLICT = ~pl.col("same_identifier").fill_null(value=True) | (
    (pl.col("numbers_conflict") | pl.col("notes_conflict"))
    & ~pl.col("same_identifier").fill_null(value=False)
)
IS_RELATED = (
    pl.col("numbers_conflict")
    | pl.col("notes_conflict")
    | pl.col("title_heads_are_equal")
    | pl.col("titles_begin_alike")
    | (pl.col("title_rarity") >= RARE_WORDS).fill_null(value=False)
)


def published(
    scored: pl.DataFrame,
    labels: pl.Series,
    record_ids: pl.Series,
    weights: Weights,
    rulings: pl.DataFrame,
) -> pl.DataFrame:
    """Return the pairs that came near, as `schemas.match` describes them.

    scored: the compared pairs with their verdicts and `is_joined`. labels, record_ids: the cluster
    and the id of each row. rulings: left, right (rows), ruling, who, when, why.
    """
    nearest = _nearest(scored, 1)
    related = _nearest(scored.filter(IS_RELATED), RELATIVES)
    chosen = pl.concat([nearest, related]).unique().with_columns(is_chosen=pl.lit(value=True))
    kept = scored.join(chosen, on=["left", "right"], how="left", maintain_order="left").filter(
        (pl.col("weight") >= FLOOR)
        | pl.col("is_chosen")
        | pl.col("is_joined")
        | (pl.col("decided_by") == "judgement")
    )
    starts = range(0, max(kept.height, 1), BATCH)
    cuts = _cuts(scored, labels, record_ids)
    ruled = rulings.select("left", "right", "ruling", "who", "when", "why")

    def told(part: pl.DataFrame) -> pl.DataFrame:
        named = part.with_columns(
            record_ids.gather(part[side]).alias(f"record_id_{side}") for side in ("left", "right")
        ).join(ruled, on=["left", "right"], how="left", maintain_order="left")
        return _in_words(named, cuts, labels, weights)

    return pl.concat(told(kept.slice(start, BATCH)) for start in starts).sort(
        "record_id_left", "record_id_right"
    )


def _in_words(
    kept: pl.DataFrame, cuts: pl.DataFrame, labels: pl.Series, weights: Weights
) -> pl.DataFrame:
    schema = polars_schema(Matches)
    return (
        _with_cuts(_told(with_nats(kept, weights)), cuts, labels)
        .with_columns(
            blocked_by=pl.when(pl.col("keys") > 0)
            .then(key_names(pl.col("keys")))
            .when(pl.col("decided_by") == "judgement")
            .then(pl.lit("judgement"))
            .otherwise(pl.lit("component")),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    )


# How the sentence about a pair begins, as a pattern.
OPENING = r"^(?:One paper|Perhaps one paper|Two papers): "


def _told(kept: pl.DataFrame) -> pl.DataFrame:
    """Add verdict, evidence and reason: what the levels say and are worth, in words."""
    is_ruled = pl.col("ruling").is_not_null()
    said = pl.concat_str(
        pl.lit("Ruled "), pl.col("ruling"), pl.lit(" by "), pl.col("who").fill_null("someone"),
        pl.lit(" on ") + pl.col("when"), pl.lit(": ") + pl.col("why"), pl.lit("."),
        ignore_nulls=True,
    )  # fmt: skip
    by_model = verdict(pl.col("probability"))
    opening = (
        pl.when(by_model == "match")
        .then(pl.lit("One paper: "))
        .when(by_model == "possible")
        .then(pl.lit("Perhaps one paper: "))
        .otherwise(pl.lit("Two papers: "))
    )
    told = kept.with_row_index("pair")
    return (
        told.join(_evidence(told), on="pair", how="left", maintain_order="left")
        .with_columns(
            verdict=pl.when(IS_CONFLICT & (by_model == "match") & ~is_ruled)
            .then(pl.lit("possible"))
            .otherwise(by_model),
            evidence=pl.col("evidence").fill_null([]),
            reason=pl.when(is_ruled)
            .then(said)
            .otherwise(opening + pl.col("sentence").fill_null("") + "."),
        )
        .drop("pair", "sentence")
    )


def _evidence(told: pl.DataFrame) -> pl.DataFrame:
    """Return pair, evidence (a list, in the order of `EVIDENCE`) and the sentence that says it."""
    each = []
    for place, kind in enumerate(EVIDENCE):
        says = pl.Series([None, *(level.says for level in kind.levels)], dtype=pl.String)
        spoken = told.filter(pl.col(f"level {kind.name}") > 0)
        each.append(
            spoken.select(
                "pair",
                place=pl.lit(place, pl.UInt8),
                question=pl.lit(kind.question),
                evidence=pl.lit(kind.name),
                says=says.gather(spoken[f"level {kind.name}"].cast(pl.UInt32)),
                nats=pl.col(f"nats {kind.name}").cast(pl.Float64).round(4),
            )
        )
    worth = pl.col("nats").round(1)
    sign = pl.when(worth > 0).then(pl.lit(" (+")).otherwise(pl.lit(" ("))
    return (
        pl.concat(each)
        .sort("pair", "place")
        .group_by("pair", maintain_order=True)
        .agg(
            sentence=(pl.col("says") + sign + worth.cast(pl.String) + ")").str.join(", "),
            evidence=pl.struct("question", "evidence", "says", "nats"),
        )
    )


def _nearest(scored: pl.DataFrame, count: int) -> pl.DataFrame:
    """Return for each record the pairs (left, right) with the nearest so many others."""
    ends = pl.concat(
        scored.select("left", "right", "weight", record=side) for side in ("left", "right")
    )
    return (
        ends.sort("record", "weight", "left", "right", descending=[False, True, False, False])
        .filter(pl.int_range(pl.len()).over("record") < count)
        .select("left", "right")
        .unique()
    )


def _cuts(scored: pl.DataFrame, labels: pl.Series, record_ids: pl.Series) -> pl.DataFrame:
    """Return for two clusters that are kept apart the pair that does it, and the cause."""
    cutting = _by_clusters(scored.filter(pl.col("bound") <= CONFLICT), labels)
    first = cutting.sort("cluster", "cluster_other", "bound", "left", "right").unique(
        ["cluster", "cluster_other"], keep="first", maintain_order=True
    )
    return first.select(
        "cluster", "cluster_other", cause=_cause(),
        cut_left=record_ids.gather(first["left"]), cut_right=record_ids.gather(first["right"]),
    )  # fmt: skip


def _with_cuts(kept: pl.DataFrame, cuts: pl.DataFrame, labels: pl.Series) -> pl.DataFrame:
    """Let a reason begin with what kept a pair apart, or joined it, against its own evidence."""
    own = pl.col("bound") <= CONFLICT
    between = pl.concat_str(
        "cause", pl.lit(" of "), "cut_left", pl.lit(" and "), "cut_right", ignore_nulls=False
    )
    said = pl.coalesce(pl.when(own).then(_cause()), between, pl.lit("what their other records say"))
    is_ruled = pl.col("decided_by") == "judgement"
    is_cut = ~pl.col("is_joined") & (pl.col("probability") >= MATCH) & ~is_ruled
    is_drawn = pl.col("is_joined") & (pl.col("probability") < MATCH) & ~is_ruled
    evidence = pl.col("reason").str.replace(OPENING, "")
    return (
        _by_clusters(kept, labels)
        .join(cuts, on=["cluster", "cluster_other"], how="left", maintain_order="left")
        .with_columns(
            reason=pl.when(is_cut)
            .then(pl.lit("Kept apart by ") + said + ", else one paper: " + evidence)
            .when(is_drawn)
            .then(pl.lit("Joined through other records; by itself: ") + evidence)
            .otherwise("reason")
        )
    )


def _by_clusters(pairs: pl.DataFrame, labels: pl.Series) -> pl.DataFrame:
    ends = [labels.gather(pairs[side]) for side in ("left", "right")]
    return pairs.with_columns(
        cluster=pl.min_horizontal(*map(pl.lit, ends)),
        cluster_other=pl.max_horizontal(*map(pl.lit, ends)),
    )


def _cause() -> pl.Expr:
    """Return what makes a pair contradict itself."""
    return (
        pl.when(pl.col("decided_by") == "judgement")
        .then(pl.lit("the ruling"))
        .when(~pl.col("same_identifier"))
        .then(pl.lit("the conflicting identifiers"))
        .when("numbers_conflict")
        .then(pl.lit("the different numbers or marks in the titles"))
        .when("notes_conflict")
        .then(pl.lit("the note about a paper, which is not that paper"))
        .otherwise(pl.lit("the declaration of their sources as free of duplicates"))
    )
