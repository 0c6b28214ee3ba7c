"""Tables of resolved authors: persons, their printed names, and their places in author lists."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from schemas import columns as c
from schemas.base import Keys, Table


class Authors(Table):
    """One row per author (a person), with the preferred form of the name."""

    author_id: c.AuthorId
    name: Annotated[str, pa.Field(str_matches=r"\S", description="Preferred printed form.")]
    given_name: Annotated[
        str, pa.Field(nullable=True, description="Given names of `name`; null for a single name.")
    ]
    family_name: Annotated[str, pa.Field(nullable=True, description="Family name of `name`.")]
    orcid: Annotated[
        str,
        pa.Field(
            nullable=True,
            str_matches=r"^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$",
            description="ORCID iD without resolver.",
        ),
    ]
    paper_count: Annotated[
        pl.Int32, pa.Field(ge=0, description="Papers that print the author's name.")
    ]
    first_year: Annotated[
        pl.Int16, pa.Field(nullable=True, description="Year of the earliest dated paper.")
    ]
    last_year: Annotated[
        pl.Int16, pa.Field(nullable=True, description="Year of the latest dated paper.")
    ]
    first_release: c.FirstRelease

    class Config:
        """Keys."""

        metadata = {"keys": Keys(primary=("author_id",))}


class AuthorAliases(Table):
    """Every printed form of an author's name."""

    author_id: c.AuthorId
    alias: Annotated[
        str, pa.Field(str_matches=r"\S", description="The name as printed, markup resolved.")
    ]
    occurrence_count: Annotated[
        pl.Int32,
        pa.Field(ge=1, description="Times printed: in author lists of records and page headers."),
    ]
    is_preferred: Annotated[pl.Boolean, pa.Field(description="True for authors.name, once.")]

    class Config:
        """Keys."""

        metadata = {
            "keys": Keys(
                primary=("author_id", "alias"), references={"author_id": "authors.author_id"}
            )
        }


class Authorships(Table):
    """One row per printed position in a paper's author list."""

    paper_id: c.PaperId
    position: Annotated[pl.Int32, pa.Field(ge=1, description="1-based place in the author list.")]
    author_id: c.AuthorId
    printed_name: Annotated[
        str, pa.Field(str_matches=r"\S", description="Name as printed there, markup resolved.")
    ]
    record_id: c.RecordId
    affiliations: c.Affiliations

    class Config:
        """Keys."""

        metadata = {
            "keys": Keys(
                primary=("paper_id", "position"),
                references={
                    "paper_id": "papers.paper_id",
                    "author_id": "authors.author_id",
                    "record_id": "records.record_id",
                },
            )
        }
