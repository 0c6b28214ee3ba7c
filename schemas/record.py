"""Tables of records: what was read of publications, and of people. Text here is as printed."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from schemas import columns as c
from schemas.base import Keys, Table


class Records(Table):
    """One row per current record: one bibliographic entry of one dump, text as printed (white
    space folded)."""

    record_id: c.RecordId
    dump_id: c.DumpId
    source: c.Source
    source_key: c.SourceKey
    ordinal: c.Ordinal
    member: c.Member
    line_start: c.LineStart
    line_end: c.LineEnd
    parts: Annotated[
        pl.List,
        c.PART_STRUCT,
        pa.Field(
            nullable=True,
            description="Where several files make one record: each entry it was made from, and the"
            " columns taken from it; null where the entry itself is the record.",
        ),
    ]
    updated_at: c.UpdatedAt
    entry_type: Annotated[
        str,
        pa.Field(
            nullable=True,
            str_matches=r"\S",
            description="What the source calls the kind of publication, e.g. inproceedings.",
        ),
    ]
    version: Annotated[
        str, pa.Field(isin=c.VERSIONS, description="Which version of the paper it describes.")
    ]
    versions: Annotated[
        pl.List,
        c.VERSION_STRUCT,
        pa.Field(nullable=True, description="Versions the source lists, with their dates."),
    ]
    title: c.Title
    abstract: c.Abstract
    authors: Annotated[
        pl.List,
        c.AUTHOR_STRUCT,
        pa.Field(nullable=True, description="Printed author list in order; null if none."),
    ]
    authors_complete: c.AuthorsComplete
    author_count: c.AuthorCount
    affiliations: c.Affiliations
    organization: Annotated[
        str,
        pa.Field(nullable=True, str_matches=r"\S", description="Display name of an organization."),
    ]
    organization_slug: c.OrganizationSlug
    editors: Annotated[
        pl.List, pl.String, pa.Field(nullable=True, description="Printed names of editors.")
    ]
    category: c.Category
    categories: Annotated[
        pl.List,
        pl.String,
        pa.Field(nullable=True, description="All subject categories as printed, `category` first."),
    ]
    venue: c.Venue
    volume: Annotated[str, pa.Field(nullable=True, description="Volume as printed.")]
    issue: Annotated[str, pa.Field(nullable=True, description="Issue or number as printed.")]
    pages: Annotated[
        str, pa.Field(nullable=True, description="Pages or article number as printed.")
    ]
    publisher: Annotated[
        str, pa.Field(nullable=True, str_matches=r"\S", description="Publisher as printed.")
    ]
    publication_date: c.PublicationDate
    date_precision: c.DatePrecision
    date_basis: Annotated[
        str,
        pa.Field(
            nullable=True,
            isin=c.DATE_BASES,
            description="printed, or inferred_year where the year is the page's capture year.",
        ),
    ]
    date_printed: Annotated[
        str, pa.Field(nullable=True, description="The date as printed, e.g. 'Jan 13'.")
    ]
    has_code: c.HasCode
    doi: c.Doi
    arxiv_id: c.ArxivId
    identifiers: Annotated[
        pl.List,
        c.IDENTIFIER_STRUCT,
        pa.Field(
            nullable=True,
            description="Every identifier, DOI and arXiv identifier included: normalised value and"
            " the printed form; null if none.",
        ),
    ]
    related: Annotated[
        pl.List,
        c.RELATED_STRUCT,
        pa.Field(
            nullable=True,
            description="What the source says this publication is to another one, named by an"
            " identifier: is_preprint_of, has_preprint, is_part_of, ...; null if nothing.",
        ),
    ]
    note: Annotated[
        str, pa.Field(nullable=True, description="A remark of the source, e.g. arXiv's comments.")
    ]
    warnings: c.Warnings
    links: Annotated[
        pl.List,
        pl.String,
        pa.Field(nullable=True, description="Links of the entry, without markup; null if none."),
    ]
    byline_printed: Annotated[
        str,
        pa.Field(
            nullable=True,
            description="The printed line that glues title and authors together; else null.",
        ),
    ]
    split_confidence: Annotated[
        pl.Float64,
        pa.Field(
            nullable=True,
            ge=0.0,
            le=1.0,
            description="Probability that byline_printed was split at the right place; where it is"
            " too low, title keeps the printed line and authors is null.",
        ),
    ]

    class Config:
        """Keys."""

        metadata = {
            "keys": Keys(
                primary=("record_id",),
                references={"dump_id": "dumps.dump_id"},
                partition_by="source",
            )
        }

    @pa.dataframe_check(name="title_or_abstract", description="needs a title or an abstract")
    def title_or_abstract(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A record without title and abstract says nothing about a paper."""
        return data.lazyframe.select(
            pl.col("title").is_not_null() | pl.col("abstract").is_not_null()
        )

    @pa.dataframe_check(name="lines_in_order", description="line_end must not precede line_start")
    def lines_in_order(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The last line of an entry does not precede its first."""
        return data.lazyframe.select(
            (pl.col("line_end") >= pl.col("line_start")).fill_null(value=True)
        )

    @pa.dataframe_check(name="authors_named", description="every listed author needs a name")
    def authors_named(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Every printed author has a name with at least one letter."""
        named = pl.element().struct.field("name").str.contains(r"\p{L}").fill_null(value=False)
        return data.lazyframe.select(
            pl.col("authors").list.eval(named).list.all().fill_null(value=True)
        )

    @pa.dataframe_check(
        name="author_count_reached", description="more authors are listed than are counted"
    )
    def author_count_reached(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A stated number of authors is not below the number listed."""
        return data.lazyframe.select(
            (pl.col("author_count") >= pl.col("authors").list.len()).fill_null(value=True)
        )

    @pa.dataframe_check(
        name="date_is_described", description="a date needs precision and basis, and only a date"
    )
    def date_is_described(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A publication date has precision and basis; without a date both are null."""
        dated = pl.col("publication_date").is_not_null()
        return data.lazyframe.select(
            (pl.col("date_precision").is_not_null() == dated)
            & (pl.col("date_basis").is_not_null() == dated)
        )


class AuthorRecords(Table):
    """One row per current entry about a person in a source that curates authors (person records of
    DBLP, authors of OpenAlex or Semantic Scholar, name variants of the ACL Anthology)."""

    record_id: c.RecordId
    dump_id: c.DumpId
    source: c.Source
    source_key: c.SourceKey
    ordinal: c.Ordinal
    member: c.Member
    line_start: c.LineStart
    line_end: c.LineEnd
    updated_at: c.UpdatedAt
    name: Annotated[
        str, pa.Field(str_matches=r"\S", description="Preferred form of the name, as printed.")
    ]
    aliases: Annotated[
        pl.List,
        pl.String,
        pa.Field(nullable=True, description="Other forms of the name, as printed; null if none."),
    ]
    orcid: Annotated[
        str,
        pa.Field(
            nullable=True,
            str_matches=r"^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$",
            description="ORCID iD without resolver.",
        ),
    ]
    identifiers: Annotated[
        pl.List,
        c.IDENTIFIER_STRUCT,
        pa.Field(nullable=True, description="Every identifier, ORCID included; null if none."),
    ]
    affiliations: c.Affiliations
    links: Annotated[
        pl.List,
        pl.String,
        pa.Field(nullable=True, description="Homepages and profiles; null if none."),
    ]
    metrics: Annotated[
        pl.List,
        c.METRIC_STRUCT,
        pa.Field(nullable=True, description="What the source states: h_index, ...; null if none."),
    ]
    warnings: c.Warnings

    class Config:
        """Keys."""

        metadata = {
            "keys": Keys(
                primary=("record_id",),
                references={"dump_id": "dumps.dump_id"},
                partition_by="source",
            )
        }
