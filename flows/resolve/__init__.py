"""The room where records become papers, mentions become authors, and both get lasting ids.

In order: `succession`, `papers` (with `features`, `blocking`, `evidence`, `venues`, `levels`,
`weights`, `rates`, `scoring`, `declared`, `clustering`, `verdicts`), `identity`, `survivorship`,
`works`, `authors`, `people`, `organizations`, `metrics`; apart from them `learning`. Reading and
validating come before, writing after; nothing here opens a file but its own shipped figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from flows.normalize.digest import with_id
from flows.normalize.text import readable
from flows.resolve.authors import (
    author_mentions,
    place_profiles,
    profile_mentions,
    resolve_authors,
)
from flows.resolve.identity import Releases, keep_ids
from flows.resolve.metrics import metrics_table
from flows.resolve.organizations import (
    organization_members,
    organization_names,
    organization_tables,
    organizations_before,
)
from flows.resolve.papers import resolve_papers
from flows.resolve.people import author_members, author_tables, authors_before
from flows.resolve.succession import succeed, successors
from flows.resolve.survivorship import author_list_records, survive
from flows.resolve.weights import Weights
from flows.resolve.works import contradictions, relations, work_ids
from schemas import TABLES
from schemas.dictionary import empty_frame, polars_schema

if TYPE_CHECKING:
    from flows.collect import Validated

_CONSULTED = (
    "papers", "paper_records", "authors", "author_aliases", "authorships", "organizations",
    "organization_aliases", "metrics", "records", "redirects",
)  # fmt: skip


def resolve(
    validated: Validated,
    judgements: pl.DataFrame,
    previous: Mapping[str, pl.DataFrame],
    release_id: str,
    previous_release_id: str | None,
    weights: Weights | None = None,
) -> dict[str, pl.DataFrame]:
    """Return the resolved tables of a release, each in its published form and order.

    judgements: left, right (record or paper ids), ruling, who, when, why. previous: the tables of
    the release before, by name (none at first): ids are taken over from it and nothing else.
    weights: what evidence is worth, by default as shipped.
    """
    before = {name: previous.get(name, empty_frame(TABLES[name])) for name in _CONSULTED}
    heirs = successors(before["records"], validated.records)
    before |= {name: succeed(before[name], heirs) for name in ("paper_records", "authorships")}
    releases = Releases(release_id, previous_release_id)
    records = readable_records(validated.records)
    named = _named(records)
    declared = validated.dumps.filter("duplicate_free")["source"]
    compared = resolve_papers(
        records,
        on_records(judgements, records, before["paper_records"]),
        frozenset(declared),
        weights,
    )
    clusters = compared.clusters()
    paper_members = (
        clusters.join(named, on="record_id")
        .sort("source", "source_key")
        .with_row_index("place")
        .select("place", "own_id", thing="cluster", member="record_id")
    )
    paper_ids, paper_redirects = keep_ids(
        paper_members,
        before["paper_records"].select(
            member="record_id", id="paper_id", stood=pl.col("matched_by") == "founder"
        ),
        before["papers"].select("first_release", id="paper_id"),
        _redirects_of(before, "paper"),
        entity_type="paper",
        prefix="P",
        releases=releases,
    )
    paper_records = _paper_records(clusters, named, paper_ids, before["paper_records"])
    membership = paper_records.select("record_id", "paper_id")
    said = survive(records, membership)
    dated = said["papers"].join(paper_ids.select("first_release", paper_id="id"), on="paper_id")
    related = relations(compared, records, dated, membership)
    two_works = contradictions(compared, membership)
    papers = _papers(dated, work_ids(dated, related, two_works, before["papers"]))

    mentions = author_mentions(records, membership)
    mentions = mentions.with_columns(person=resolve_authors(mentions))
    profiles = place_profiles(mentions, profile_mentions(validated.stated, validated.dumps))
    author_ids, author_redirects = keep_ids(
        author_members(mentions, profiles),
        authors_before(mentions, profiles, before),
        before["authors"].select("first_release", id="author_id"),
        _redirects_of(before, "author"),
        entity_type="author",
        prefix="A",
        releases=releases,
    )
    names = organization_names(records)
    organization_ids, organization_redirects = keep_ids(
        organization_members(names),
        organizations_before(before["organization_aliases"]),
        before["organizations"].select("first_release", id="organization_id"),
        _redirects_of(before, "organization"),
        entity_type="organization",
        prefix="O",
        releases=releases,
    )
    heads = profiles.join(author_ids.select(person="thing", author_id="id"), on="person")
    lists = author_list_records(records, membership)
    return {
        **said,
        "papers": papers,
        "paper_records": paper_records,
        "matches": compared.matches(),
        "estimates": compared.estimates(),
        **author_tables(mentions, profiles, author_ids, papers, lists),
        "relations": related,
        **organization_tables(names, organization_ids),
        "metrics": metrics_table(validated.stated, membership, heads),
        "redirects": pl.concat([author_redirects, organization_redirects, paper_redirects]),
    }


def readable_records(records: pl.DataFrame) -> pl.DataFrame:
    """Return records with the markup in their texts resolved, as they are compared and shown."""
    return records.with_columns(
        readable(records["title"]),
        readable(records["abstract"]),
        readable(records["venue"]),
        readable_names(records["authors"]),
    )


def readable_names(authors: pl.Series) -> pl.Series:
    """Return author lists with the markup in their names resolved."""
    lists = authors.to_frame("authors").with_row_index("row")
    listed = lists.explode("authors", empty_as_null=False).drop_nulls("authors").unnest("authors")
    # A name that is nothing but markup stays as printed.
    named = listed.with_columns(name=pl.coalesce(readable(listed["name"]), listed["name"]))
    if named["name"].equals(listed["name"], null_equal=True):
        return authors
    rebuilt = named.group_by("row", maintain_order=True).agg(authors=pl.struct(pl.exclude("row")))
    return (
        lists.select("row")
        .join(rebuilt, on="row", how="left", maintain_order="left")
        .select(pl.coalesce(pl.col("authors").cast(authors.dtype), authors).alias(authors.name))
        .to_series()
    )


def on_records(
    judgements: pl.DataFrame, records: pl.DataFrame, paper_records: pl.DataFrame
) -> pl.DataFrame:
    """Return judgements on papers told of the records that found them; those on records stay.

    paper_records: of the release that the judgements were made on.
    """
    founders = pl.concat(
        [
            _named(records).select("record_id", id="own_id"),
            paper_records.filter(pl.col("matched_by") == "founder").select(
                "record_id", id="paper_id"
            ),
        ]
    ).unique("id", keep="first", maintain_order=True)
    told = judgements
    for side in ("left", "right"):
        told = told.join(
            founders.rename({"id": side, "record_id": f"{side}_record"}),
            on=side, how="left", maintain_order="left",
        )  # fmt: skip
    return told.with_columns(
        left=pl.coalesce("left_record", "left"), right=pl.coalesce("right_record", "right")
    ).select(judgements.columns)


def _named(records: pl.DataFrame) -> pl.DataFrame:
    """Return record_id, source, source_key, and the id of a paper that the record would found."""
    return with_id(records, "own_id", "P", ["source", "source_key"]).select(
        "record_id", "source", "source_key", "own_id"
    )


def _redirects_of(before: Mapping[str, pl.DataFrame], entity_type: str) -> pl.DataFrame:
    return before["redirects"].filter(pl.col("entity_type") == entity_type)


def _paper_records(
    clusters: pl.DataFrame, named: pl.DataFrame, ids: pl.DataFrame, before: pl.DataFrame
) -> pl.DataFrame:
    """Return the table paper_records.

    The founder is the record that the id was minted from; where that is gone, the one that stood
    for it before, else the first by source and source_key.
    """
    stood = before.filter(pl.col("matched_by") == "founder").select(
        "record_id", "paper_id", stood=pl.lit(value=True)
    )
    joined = (
        clusters.join(named, on="record_id")
        .join(ids.select(cluster="thing", paper_id="id"), on="cluster")
        .join(stood, on=["record_id", "paper_id"], how="left")
        .sort(
            "paper_id", pl.col("own_id") != pl.col("paper_id"), pl.col("stood").is_null(), "source",
            "source_key",
        )
        .with_columns(is_founder=pl.int_range(pl.len()).over("paper_id") == 0)
    )  # fmt: skip
    return (
        joined.with_columns(
            matched_by=pl.when("is_founder")
            .then(pl.lit("founder"))
            .otherwise(pl.col("matched_by").fill_null("model")),
            # Joined through what links others only: as sure as a join has to be.
            probability=pl.when("is_founder")
            .then(1.0)
            .otherwise(pl.col("probability").fill_null(0.5)),
        )
        .select(polars_schema(TABLES["paper_records"]).names())
        .sort("record_id")
    )


def _papers(dated: pl.DataFrame, works: pl.DataFrame) -> pl.DataFrame:
    """Return the table papers, with the work that each is a version of."""
    schema = polars_schema(TABLES["papers"])
    return (
        dated.join(works, on="paper_id")
        .select(pl.col(name).cast(dtype) for name, dtype in schema.items())
        .sort("paper_id")
    )
