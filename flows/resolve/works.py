"""Papers that stay two and belong together: works, and typed relations between papers.

Here: versions of one work (a report, a conference paper, a journal article of one title), what
corrects or retracts a paper, and what sources state of both. Not here: which records are one paper.
"""

from __future__ import annotations

import polars as pl

from flows.resolve.clustering import CONFLICT, cluster
from flows.resolve.papers import Compared
from flows.resolve.stated import STATED, identifier_key
from schemas import TABLES
from schemas.dictionary import empty_frame, polars_schema

# Log-odds of one work from which on two papers are versions of it.
SURE = 2.2
INFERRED = "inferred"
_SCHEMA = polars_schema(TABLES["relations"])
OF_ONE_WORK = ("is_preprint_of", "is_version_of", "extends")


def relations(
    compared: Compared, records: pl.DataFrame, papers: pl.DataFrame, membership: pl.DataFrame
) -> pl.DataFrame:
    """Return the table relations: what sources state, and what the compared pairs show.

    records: readable text. papers: paper_id, publication_date. membership: record_id, paper_id. Of
    one relation of two papers, what a source states counts, the first source by name.
    """
    stated = _stated(records, membership)
    sides = pl.concat(
        [
            stated.select("paper_id_from", "paper_id_to"),
            stated.select(paper_id_from="paper_id_to", paper_id_to="paper_id_from"),
        ]
    )
    # What a source states of two papers, in either direction, is not inferred again.
    versions = _versions(compared, papers, membership).join(
        sides, on=["paper_id_from", "paper_id_to"], how="anti"
    )
    found = pl.concat([stated, versions, _corrections(compared, membership)])
    return (
        found.sort(
            "paper_id_from", "paper_id_to", "relation", pl.col("asserted_by") == INFERRED,
            "asserted_by",
        )
        .unique(["paper_id_from", "paper_id_to", "relation"], keep="first", maintain_order=True)
        .select(pl.col(name).cast(kind) for name, kind in _SCHEMA.items())
    )  # fmt: skip


def work_ids(
    papers: pl.DataFrame,
    related: pl.DataFrame,
    contradictions: pl.DataFrame,
    before: pl.DataFrame,
) -> pl.DataFrame:
    """Return paper_id, work_id: one for all the versions of a work.

    papers: paper_id, first_release. related: the table relations. contradictions: paper_id_from,
    paper_id_to of papers that are two works. before: paper_id, work_id of the release before. A
    work keeps the id that its oldest paper had; where two works would keep one id, the one with the
    older paper does, and the other gets that of its own oldest paper, or a new one.
    """
    ordered = papers.sort("paper_id").with_row_index("place")
    places = ordered.select("paper_id", "place")
    links = _placed(related.filter(pl.col("relation").is_in(OF_ONE_WORK)), places, 1.0)
    against = _placed(contradictions, places, CONFLICT).join(
        # What a source states of two papers holds against what their titles seem to say.
        _placed(related.filter(pl.col("asserted_by") != INFERRED), places, 1.0),
        on=["left", "right"],
        how="anti",
    )
    linked = pl.concat([links.join(against, on=["left", "right"], how="anti"), against])
    told = (
        ordered.with_columns(work=cluster(ordered.height, linked.sort("left", "right")))
        .join(before.select("paper_id", known="work_id"), on="paper_id", how="left")
        .with_columns(own=pl.lit("W") + pl.col("paper_id").str.slice(1))
        .sort("first_release", "paper_id")
    )
    oldest = told.group_by("work", maintain_order=True).agg(
        pl.col("known").drop_nulls().first(), pl.col("own").first()
    )
    kept = pl.when(pl.col("known").is_first_distinct()).then("known")
    claimed = oldest.with_columns(known=kept)
    wanted = claimed.with_columns(
        work_id=pl.when(pl.col("known").is_null() & pl.col("own").is_in(claimed["known"].implode()))
        # Another id that stands for the same paper: its digits from the last to the first.
        .then(pl.lit("W") + pl.col("own").str.slice(1).str.reverse())
        .otherwise(pl.coalesce("known", "own"))
    )
    return told.join(wanted.select("work", "work_id"), on="work").select("paper_id", "work_id")


def contradictions(compared: Compared, membership: pl.DataFrame) -> pl.DataFrame:
    """Return paper_id_from, paper_id_to of papers whose records contradict each other in numbers:
    two works."""
    apart = compared.scored.filter(~pl.col("is_joined") & pl.col("numbers_conflict"))
    return (
        _of_papers(apart, compared, membership)
        .select(paper_id_from="one", paper_id_to="other")
        .filter(pl.col("paper_id_from") != pl.col("paper_id_to"))
        .unique()
        .sort("paper_id_from", "paper_id_to")
    )


def _placed(pairs: pl.DataFrame, places: pl.DataFrame, weight: float) -> pl.DataFrame:
    """Return left < right (places of papers) and a weight, for pairs of papers."""
    return (
        pairs.join(places, left_on="paper_id_from", right_on="paper_id")
        .join(places, left_on="paper_id_to", right_on="paper_id", suffix="_to")
        .select(
            left=pl.min_horizontal("place", "place_to"),
            right=pl.max_horizontal("place", "place_to"),
            weight=pl.lit(weight),
        )
        .unique(["left", "right"])
        .sort("left", "right")
    )


def _stated(records: pl.DataFrame, membership: pl.DataFrame) -> pl.DataFrame:
    """Return what records state of papers that are known by the identifier they name."""
    homes = records.select("record_id", "source", "identifiers", "related").join(
        membership, on="record_id"
    )
    named = (
        homes.select("paper_id", identifier="identifiers")
        .explode("identifier")
        .drop_nulls()
        .select(key=identifier_key(pl.col("identifier")), other="paper_id")
        .unique()
    )
    # An identifier that stands in several papers names none of them.
    named = named.filter(pl.len().over("key") == 1)
    said = (
        homes.select("source", "paper_id", related="related")
        .explode("related")
        .drop_nulls("related")
        .with_columns(key=identifier_key(pl.col("related")))
        .unnest("related")
        .filter(pl.col("relation").is_in(list(STATED)))
        .with_columns(
            relation=pl.col("relation").replace_strict({k: v[0] for k, v in STATED.items()}),
            is_told_back=pl.col("relation").replace_strict(
                {k: v[1] for k, v in STATED.items()}, return_dtype=pl.Boolean
            ),
        )
        .join(named, on="key")
        .filter(pl.col("paper_id") != pl.col("other"))
    )
    one, other = pl.col("paper_id"), pl.col("other")
    return said.select(
        paper_id_from=pl.when("is_told_back").then(other).otherwise(one),
        paper_id_to=pl.when("is_told_back").then(one).otherwise(other),
        relation="relation",
        asserted_by="source",
        probability=pl.lit(1.0),
    )


def _versions(compared: Compared, papers: pl.DataFrame, membership: pl.DataFrame) -> pl.DataFrame:
    """Return the papers that are surely one work, and not one version of it."""
    apart = compared.scored.filter(~pl.col("is_joined") & (pl.col("work") >= SURE))
    weighed = (
        _of_papers(apart, compared, membership)
        .group_by("one", "other")
        .agg(pl.col("work").max())
        .join(
            contradictions(compared, membership),
            left_on=["one", "other"], right_on=["paper_id_from", "paper_id_to"], how="anti",
        )
    )  # fmt: skip
    dated = papers.select("paper_id", "publication_date").join(
        _kinds(compared, membership), on="paper_id", how="left"
    )
    sided = weighed.join(dated, left_on="one", right_on="paper_id").join(
        dated, left_on="other", right_on="paper_id", suffix="_other"
    )
    is_later = (pl.col("publication_date") > pl.col("publication_date_other")).fill_null(
        pl.col("one") > pl.col("other")
    )
    later_kind = pl.when(is_later).then("kind").otherwise("kind_other")
    earlier_kind = pl.when(is_later).then("kind_other").otherwise("kind")
    from_preprint = (pl.col("kind") == "preprint").fill_null(value=False)
    other_preprint = (pl.col("kind_other") == "preprint").fill_null(value=False)
    is_one_preprint = from_preprint != other_preprint
    # A preprint points to its publication, a later version to the earlier one.
    from_one = pl.when(is_one_preprint).then(from_preprint).otherwise(is_later)
    extends = ((later_kind == "journal") & (earlier_kind == "proceedings")).fill_null(value=False)
    return sided.select(
        paper_id_from=pl.when(from_one).then("one").otherwise("other"),
        paper_id_to=pl.when(from_one).then("other").otherwise("one"),
        relation=pl.when(is_one_preprint)
        .then(pl.lit("is_preprint_of"))
        .when(extends)
        .then(pl.lit("extends"))
        .otherwise(pl.lit("is_version_of")),
        asserted_by=pl.lit(INFERRED),
        probability=1.0 / (1.0 + (-pl.col("work")).exp()),
    )


def _kinds(compared: Compared, membership: pl.DataFrame) -> pl.DataFrame:
    """Return paper_id, kind: of the publication its records tell of, a preprint only where all
    do."""
    rows = compared.features.rows.select(
        "record_id",
        kind=pl.when(pl.col("version") == "preprint")
        .then(pl.lit("preprint"))
        .otherwise(pl.col("kind").cast(pl.String)),
    )
    return (
        rows.join(membership, on="record_id")
        .sort(pl.col("kind").is_null(), pl.col("kind") == "preprint", "kind")
        .group_by("paper_id", maintain_order=True)
        .agg(pl.col("kind").first())
    )


def _corrections(compared: Compared, membership: pl.DataFrame) -> pl.DataFrame:
    """Return the corrections and retractions that name a paper in their title."""
    notes = compared.scored.filter(
        pl.col("one_is_correction") & ~pl.col("is_joined") & (pl.col("title_containment") >= 0.95)
    )
    if notes.is_empty():
        return empty_frame(TABLES["relations"])
    ends = _of_papers(notes, compared, membership)
    # What the authors say counts, and that the whole title is named.
    log_odds = (
        compared.weights.compared + 5.0
        + pl.when(pl.col("title_rarity") >= 20).then(1.0).otherwise(-2.0)
        + pl.when(pl.col("author_similarity") >= 0.6).then(3.0)
        .when(pl.col("author_similarity").is_not_null()).then(-3.0)
        .otherwise(0.0)
    )  # fmt: skip
    is_from_one = pl.col("note_is_left") == pl.col("left_is_one")
    return (
        ends.with_columns(probability=1.0 / (1.0 + (-log_odds).exp()))
        .filter(pl.col("probability") > 0.5)
        .select(
            paper_id_from=pl.when(is_from_one).then("one").otherwise("other"),
            paper_id_to=pl.when(is_from_one).then("other").otherwise("one"),
            relation=pl.when("one_is_retraction").then(pl.lit("retracts"))
            .otherwise(pl.lit("corrects")),
            asserted_by=pl.lit(INFERRED),
            probability="probability",
        )
        .sort("probability", descending=True)
        .unique(["paper_id_from", "paper_id_to", "relation"], keep="first", maintain_order=True)
    )  # fmt: skip


def _of_papers(pairs: pl.DataFrame, compared: Compared, membership: pl.DataFrame) -> pl.DataFrame:
    """Add one and other (paper_id, one before other), and whether the left record is of one."""
    ids = compared.features.rows.select("row", "record_id").join(membership, on="record_id")
    sides = pairs.join(
        ids.select(left="row", paper_left="paper_id"), on="left", how="left", maintain_order="left"
    ).join(
        ids.select(right="row", paper_right="paper_id"),
        on="right", how="left", maintain_order="left",
    )  # fmt: skip
    return sides.with_columns(
        one=pl.min_horizontal("paper_left", "paper_right"),
        other=pl.max_horizontal("paper_left", "paper_right"),
        left_is_one=pl.col("paper_left") < pl.col("paper_right"),
    )
