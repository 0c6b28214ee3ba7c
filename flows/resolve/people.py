"""The tables of authors: authors, author_aliases, authorships.

Here: what is published of the persons that `authors` finds. Not here: who is one person.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from flows.normalize.digest import with_id
from flows.normalize.names import split_name
from schemas.author import AuthorAliases, Authors, Authorships
from schemas.dictionary import polars_schema


def author_members(mentions: pl.DataFrame, profiles: pl.DataFrame) -> pl.DataFrame:
    """Return the members of persons for `identity.keep_ids`: thing, member, own_id, place.

    A mention would found an author by source, source_key and position; a page's head by its source
    and the printed name.
    """
    listed = with_id(mentions, "own_id", "A", ["source", "source_key", "position"]).select(
        thing="person",
        member=_mention_member(),
        own_id="own_id",
        founder=pl.struct(rank=pl.lit(0), source="source", key="source_key", number="position"),
    )
    heads = (
        with_id(
            profiles.with_columns(kind=pl.lit("profile")),
            "own_id", "A", ["source", "kind", "printed_name"],
        )
        .select(
            thing="person",
            member=_profile_member(),
            own_id="own_id",
            founder=pl.struct(
                rank=pl.lit(1), source="source", key="printed_name",
                number=pl.lit(0, pl.Int32),
            ),
        )
        .unique("member", maintain_order=True)
    )  # fmt: skip
    return (
        pl.concat([listed, heads])
        .with_columns(place=pl.col("founder").rank("ordinal"))
        .drop("founder")
    )


def authors_before(
    mentions: pl.DataFrame, profiles: pl.DataFrame, previous: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Return member, id, stood: which author of the release before each mention belongs to.

    A record that the paper's author list was not taken from has no authorships; its mentions are
    recognised by the aliases of the paper's authors. A name that was corrected at its place keeps
    its author too.
    """
    then = previous["authorships"].select("paper_id", "position", "record_id", "author_id")
    papers = previous["paper_records"].select("record_id", "paper_id")
    aliases = previous["author_aliases"].select("author_id", printed_name="alias")
    here = mentions.select("record_id", "position", "printed_name")
    listed = here.join(then.drop("paper_id"), on=["record_id", "position"])
    certain = listed.join(aliases, on=["author_id", "printed_name"], how="semi")
    named = (
        here.join(certain, on=["record_id", "position"], how="anti")
        .join(papers, on="record_id")
        .join(then.select("paper_id", "author_id").unique(), on="paper_id")
        .join(aliases, on=["author_id", "printed_name"])
        # A name that two authors of the paper share tells nothing.
        .filter((pl.len() == 1).over("record_id", "position"))
        .filter((pl.len() == 1).over("record_id", "author_id"))
    )
    told = pl.concat(
        found.select("record_id", "position", "author_id") for found in (certain, named)
    )
    corrected = listed.join(told, on=["record_id", "position"], how="anti").join(
        told, on=["record_id", "author_id"], how="anti"
    )
    heads = previous["metrics"].filter(pl.col("subject_type") == "author")
    profiled = (
        heads.select(author_id="subject_id")
        .unique()
        .join(aliases, on="author_id")
        .join(profiles.select("source", "printed_name").unique(), on="printed_name")
        .sort("source", "printed_name", "author_id")
        .unique(["source", "printed_name"], keep="first", maintain_order=True)
    )
    return pl.concat(
        [
            pl.concat([told, corrected.select(told.columns)]).select(
                member=_mention_member(), id="author_id"
            ),
            profiled.select(member=_profile_member(), id="author_id"),
        ]
    ).with_columns(stood=pl.lit(value=False))


def author_tables(
    mentions: pl.DataFrame,
    profiles: pl.DataFrame,
    ids: pl.DataFrame,
    papers: pl.DataFrame,
    lists: pl.DataFrame,
) -> dict[str, pl.DataFrame]:
    """Return the tables authors, author_aliases, authorships.

    mentions, profiles: with `person`. ids: thing (person), id, first_release. papers: the table.
    lists: paper_id, record_id: whose author list is the paper's.
    """
    known = ids.select(person="thing", author_id="id", first_release="first_release")
    mentions = mentions.join(known, on="person")
    profiles = profiles.join(known, on="person")
    aliases = _aliases(mentions, profiles)
    authorships = (
        mentions.join(
            lists.select(paper="paper_id", record_id="record_id"),
            on=["paper", "record_id"],
            how="semi",
        )
        .rename({"paper": "paper_id"})
        .select(_typed(polars_schema(Authorships)))
        .sort("paper_id", "position")
    )
    return {
        "authors": _authors(mentions, known, aliases, papers),
        "author_aliases": aliases,
        "authorships": authorships,
    }


def _aliases(mentions: pl.DataFrame, profiles: pl.DataFrame) -> pl.DataFrame:
    """Every printed form; preferred is a full name in given order, the most frequent, the
    longest."""
    printed = pl.concat(
        [
            mentions.select("author_id", "is_full", alias="printed_name"),
            profiles.select("author_id", "is_full", alias="printed_name"),
        ]
    )
    letters = pl.col("alias").str.replace_all(r"\P{L}", "")
    return (
        printed.group_by("author_id", "alias", "is_full")
        .agg(occurrence_count=pl.len())
        .sort(
            "author_id",
            ~pl.col("is_full"),
            letters == letters.str.to_uppercase(),
            pl.col("alias").str.contains(",", literal=True),
            -pl.col("occurrence_count").cast(pl.Int64),
            -pl.col("alias").str.len_chars().cast(pl.Int64),
            "alias",
        )
        .with_columns(is_preferred=pl.int_range(pl.len()).over("author_id") == 0)
        .select(_typed(polars_schema(AuthorAliases)))
        .sort("author_id", "alias")
    )


def _authors(
    mentions: pl.DataFrame, known: pl.DataFrame, aliases: pl.DataFrame, papers: pl.DataFrame
) -> pl.DataFrame:
    years = papers.select(paper="paper_id", year="publication_year")
    facts = (
        mentions.join(years, on="paper", how="left")
        .sort("author_id", "orcid", nulls_last=True)
        .group_by("author_id")
        .agg(
            orcid=pl.col("orcid").first(),
            paper_count=pl.col("paper").n_unique(),
            first_year=pl.col("year").min(),
            last_year=pl.col("year").max(),
        )
    )
    return (
        known.join(facts, on="author_id", how="left")
        .join(aliases.filter("is_preferred").select("author_id", name="alias"), on="author_id")
        .with_columns(pl.col("paper_count").fill_null(0), parts=split_name(pl.col("name")))
        .unnest("parts")
        .select(_typed(polars_schema(Authors)))
        .sort("author_id")
    )


def _mention_member() -> pl.Expr:
    return pl.concat_str("record_id", pl.col("position").cast(pl.String), separator="\x1f")


def _profile_member() -> pl.Expr:
    return pl.concat_str("source", pl.lit("profile"), "printed_name", separator="\x1f")


def _typed(schema: pl.Schema) -> list[pl.Expr]:
    return [pl.col(name).cast(dtype) for name, dtype in schema.items()]
