"""Tables of resolved papers: one row per paper, and what supports it. Text here is readable."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from schemas import columns as c
from schemas.base import Keys, Table


class Papers(Table):
    """One row per paper: one publication, described by one or more records; text with markup
    resolved. A preprint and the publication it became are one paper."""

    paper_id: c.PaperId
    work_id: c.WorkId
    title: c.Title
    abstract: c.Abstract
    publication_date: c.PublicationDate
    date_precision: c.DatePrecision
    publication_year: Annotated[
        pl.Int16, pa.Field(nullable=True, description="Year of publication_date.")
    ]
    category: c.Category
    venue: c.Venue
    doi: c.Doi
    arxiv_id: c.ArxivId
    author_count: c.AuthorCount
    authors_complete: c.AuthorsComplete
    has_code: c.HasCode
    record_count: Annotated[pl.Int64, pa.Field(ge=1, description="Records describing the paper.")]
    source_count: Annotated[pl.Int64, pa.Field(ge=1, description="Sources they come from.")]
    first_release: c.FirstRelease
    partition_year: Annotated[
        pl.Int16,
        pa.Field(ge=0, description="Partition key: publication_year, 0 where unknown."),
    ]

    class Config:
        """Keys."""

        metadata = {"keys": Keys(primary=("paper_id",), partition_by="partition_year")}


class PaperRecords(Table):
    """Which records describe which paper. Every record is in exactly one paper."""

    paper_id: c.PaperId
    record_id: c.RecordId
    source: c.Source
    source_key: c.SourceKey
    matched_by: Annotated[
        str,
        pa.Field(
            isin=("founder", "identifier", "model", "judgement"),
            description="What joined the record to the paper; founder: the record it began with.",
        ),
    ]
    probability: c.Probability

    class Config:
        """Keys."""

        metadata = {
            "keys": Keys(
                primary=("record_id",),
                references={"paper_id": "papers.paper_id", "record_id": "records.record_id"},
            )
        }


class PaperIdentifiers(Table):
    """Every identifier of every paper, normalised."""

    paper_id: c.PaperId
    scheme: c.Scheme
    value: Annotated[str, pa.Field(str_matches=r"\S", description="The identifier, normalised.")]

    class Config:
        """Keys."""

        metadata = {
            "keys": Keys(
                primary=("paper_id", "scheme", "value"), references={"paper_id": "papers.paper_id"}
            )
        }


class PaperLinks(Table):
    """Links printed with a paper's records: code, data, project pages."""

    paper_id: c.PaperId
    record_id: c.RecordId
    url: c.Url
    kind: Annotated[
        str,
        pa.Field(
            description="What the host is: github, huggingface, aka.ms, docs_page,"
            " project_page, doi, arxiv or other."
        ),
    ]

    class Config:
        """Keys."""

        metadata = {
            "keys": Keys(
                primary=("paper_id", "record_id", "url"),
                references={"paper_id": "papers.paper_id", "record_id": "records.record_id"},
            )
        }


class FieldProvenance(Table):
    """For every value of every paper: the record it was taken from, the rule that chose it, and
    what other records say instead."""

    paper_id: c.PaperId
    field: Annotated[str, pa.Field(description="Column of papers.")]
    record_id: c.RecordId
    rule: Annotated[str, pa.Field(description="Survivorship rule that chose the value.")]
    alternatives: Annotated[
        pl.List,
        c.ALTERNATIVE_STRUCT,
        pa.Field(description="Differing values of other records; empty where all agree."),
    ]

    class Config:
        """Keys."""

        metadata = {
            "keys": Keys(
                primary=("paper_id", "field"),
                references={"paper_id": "papers.paper_id", "record_id": "records.record_id"},
            )
        }


class Relations(Table):
    """Typed relations between papers that stay two."""

    paper_id_from: c.PaperId
    paper_id_to: c.PaperId
    relation: Annotated[
        str,
        pa.Field(
            isin=("is_preprint_of", "is_version_of", "extends", "corrects", "retracts"),
            description="How the first paper relates to the second.",
        ),
    ]
    asserted_by: Annotated[
        str, pa.Field(description="Source that states the relation, or 'inferred'.")
    ]
    probability: c.Probability

    class Config:
        """Keys."""

        metadata = {
            "keys": Keys(
                primary=("paper_id_from", "paper_id_to", "relation"),
                references={
                    "paper_id_from": "papers.paper_id",
                    "paper_id_to": "papers.paper_id",
                },
            )
        }
