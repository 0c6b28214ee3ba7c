"""Column types shared by several tables.

A quantity has one name and one type everywhere; both stand here once. What belongs to a single
table stands in that table's module; nothing in this package imports from `flows`.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import pandera.polars as pa
import polars as pl

EARLIEST_PUBLICATION = dt.date(1450, 1, 1)
LATEST_PUBLICATION = dt.date(2100, 12, 31)

VERSIONS = ("preprint", "published", "unknown")
DATE_PRECISIONS = ("day", "month", "year")
DATE_BASES = ("printed", "inferred_year")
MODES = ("append", "snapshot")

AUTHOR_STRUCT = pl.Struct(
    {
        "name": pl.String,
        "given_name": pl.String,
        "family_name": pl.String,
        "orcid": pl.String,
        "source_author_key": pl.String,
        "affiliations": pl.List(pl.String),
    }
)
IDENTIFIER_STRUCT = pl.Struct({"scheme": pl.String, "value": pl.String, "printed": pl.String})
WARNING_STRUCT = pl.Struct(
    {"column": pl.String, "check": pl.String, "message": pl.String, "printed": pl.String}
)
VERSION_STRUCT = pl.Struct({"label": pl.String, "date": pl.Date})
RELATED_STRUCT = pl.Struct({"relation": pl.String, "scheme": pl.String, "value": pl.String})
METRIC_STRUCT = pl.Struct({"metric": pl.String, "value": pl.Float64})
FIELD_COUNT_STRUCT = pl.Struct({"field": pl.String, "count": pl.Int64})
PART_STRUCT = pl.Struct(
    {
        "part": pl.String,
        "dump_id": pl.String,
        "member": pl.String,
        "ordinal": pl.Int64,
        "line_start": pl.Int64,
        "line_end": pl.Int64,
        "columns": pl.List(pl.String),
    }
)
ALTERNATIVE_STRUCT = pl.Struct({"value": pl.String, "record_id": pl.String})


def _identifier(prefix: str, description: str) -> Any:
    return pa.Field(str_matches=rf"^{prefix}[0-9a-f]{{20}}$", description=description)


DumpId = Annotated[str, _identifier("D", "Dump: digest of its path below raw/ and its content.")]
RecordId = Annotated[str, _identifier("R", "Record: digest of source and source_key.")]
PaperId = Annotated[
    str,
    _identifier("P", "Paper; minted from its founding record, kept for good, see redirects."),
]
WorkId = Annotated[str, _identifier("W", "Work: one contribution in all its versions.")]
AuthorId = Annotated[
    str,
    _identifier("A", "Author; minted from the founding mention, kept for good, see redirects."),
]
OrganizationId = Annotated[str, _identifier("O", "Organization.")]
ReleaseId = Annotated[
    str,
    pa.Field(
        str_matches=r"^\d{6}-[0-9a-f]{8}$",
        description="Release: running number and digest of what went into it.",
    ),
]

FirstRelease = Annotated[
    str,
    pa.Field(
        str_matches=r"^\d{6}-[0-9a-f]{8}$",
        description="Release that published the id first; of merged ids the oldest is kept.",
    ),
]

Source = Annotated[
    str,
    pa.Field(str_length={"min_value": 1}, description="Who provided it: first folder under raw/."),
]
SourceKey = Annotated[
    str,
    pa.Field(
        str_length={"min_value": 1},
        description="The id the source gives, else a digest of the entry's text.",
    ),
]
Ordinal = Annotated[pl.Int64, pa.Field(ge=1, description="1-based place among the dump's entries.")]
Member = Annotated[
    str,
    pa.Field(nullable=True, description="Path inside an archive; null where the dump is none."),
]
LineStart = Annotated[
    pl.Int64,
    pa.Field(
        nullable=True,
        ge=1,
        description="First non-blank line of the entry, 1-based; null without lines.",
    ),
]
LineEnd = Annotated[
    pl.Int64,
    pa.Field(
        nullable=True,
        ge=1,
        description="Last non-blank line of the entry, 1-based; null without lines.",
    ),
]

Title = Annotated[
    str,
    pa.Field(nullable=True, str_matches=r"\S", description="Title; null where none is printed."),
]
Abstract = Annotated[
    str,
    pa.Field(nullable=True, str_matches=r"\S", description="Abstract; null where none is printed."),
]
Category = Annotated[
    str,
    pa.Field(nullable=True, str_matches=r"\S", description="Subject category as printed, e.g. CL."),
]
Venue = Annotated[
    str, pa.Field(nullable=True, str_matches=r"\S", description="Journal, conference or series.")
]
PublicationDate = Annotated[
    pl.Date,
    pa.Field(
        nullable=True,
        ge=EARLIEST_PUBLICATION,
        le=LATEST_PUBLICATION,
        description="Date of publication; first day of the month or year where less is known.",
    ),
]
DatePrecision = Annotated[
    str,
    pa.Field(
        nullable=True,
        isin=DATE_PRECISIONS,
        description="How much of the date is known: day, month or year.",
    ),
]
HasCode = Annotated[
    pl.Boolean,
    pa.Field(
        nullable=True,
        description="The page's own code flag; null where the format has no such flag.",
    ),
]
Doi = Annotated[
    str,
    pa.Field(
        nullable=True,
        str_matches=r"^10\.\d{4,9}/\S+$",
        description="DOI, lower case, without resolver.",
    ),
]
ArxivId = Annotated[
    str,
    pa.Field(
        nullable=True,
        str_matches=r"^(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})$",
        description="arXiv identifier without version.",
    ),
]
AuthorCount = Annotated[
    pl.Int32, pa.Field(nullable=True, ge=1, description="Number of authors, where stated or known.")
]
AuthorsComplete = Annotated[
    pl.Boolean,
    pa.Field(
        nullable=True,
        description="False where the list is cut ('et al.'); null where no list is printed.",
    ),
]
Affiliations = Annotated[
    pl.List,
    pl.String,
    pa.Field(nullable=True, description="Affiliations as printed; null where none is printed."),
]
OrganizationSlug = Annotated[
    str,
    pa.Field(
        nullable=True,
        str_matches=r"^\S+$",
        description="Short handle of the organization, as printed.",
    ),
]
Scheme = Annotated[
    str,
    pa.Field(str_matches=r"^[a-z0-9_]+$", description="Identifier scheme, e.g. doi, arxiv, orcid."),
]
Url = Annotated[
    str,
    pa.Field(
        str_matches=r"^https?://[^\s]+$", description="Link without markup or trailing punctuation."
    ),
]
Probability = Annotated[
    pl.Float64,
    pa.Field(ge=0.0, le=1.0, description="Probability that the statement of the row is right."),
]
EntityType = Annotated[
    str,
    pa.Field(
        isin=("paper", "author", "organization"), description="What kind of thing the id names."
    ),
]

UpdatedAt = Annotated[
    pl.Datetime,
    "us",
    "UTC",
    pa.Field(nullable=True, description="When the source last changed the entry, UTC."),
]
Warnings = Annotated[
    pl.List,
    WARNING_STRUCT,
    pa.Field(
        nullable=True,
        description="Values that cannot be right, with the printed form; null if none.",
    ),
]
