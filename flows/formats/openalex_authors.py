"""OpenAlex authors: the snapshot's JSON lines, and pages of authors from the API.

Every entry is a person, with the printed forms of the name. Topics, concepts and counts by year are
not read. Works are another format.
"""

from __future__ import annotations

import re

import polars as pl
import pyarrow as pa

from flows.formats import Batch, Dump, Format, Reading
from flows.formats._entries import as_deletions, as_people
from flows.formats._json import Fields, first_value, read_json
from flows.formats._lists import elements
from flows.formats._openalex import PLACEHOLDERS, bare_id
from flows.formats._values import gathered, gathered_identifiers, moment, printed_values
from flows.normalize.text import fold
from schemas.columns import METRIC_STRUCT

FORMAT = Format(
    name="openalex_authors",
    title="OpenAlex authors (JSON lines of the snapshot, pages of the API)",
    recognised_by="objects whose id is https://openalex.org/A and a number",
    example='{"id": "https://openalex.org/A7", "display_name": "Jane Doe",'
    ' "display_name_alternatives": ["J. Doe"], "works_count": 3, "cited_by_count": 14}',
    delivery="many_files",
)

_TEXT = pa.string()
_INSTITUTION = pa.struct([("display_name", _TEXT)])
_IDS = ("openalex", "orcid", "scopus", "wikipedia")
_MAG = "json_extract_string(raw_text, '$.ids.mag')"
_FIELDS = Fields(
    pa.schema(
        [
            *((name, _TEXT) for name in ("id", "orcid", "display_name", "updated_date")),
            ("display_name_alternatives", pa.list_(_TEXT)),
            ("ids", pa.struct([(name, _TEXT) for name in _IDS])),
            ("last_known_institutions", pa.list_(_INSTITUTION)),
            ("last_known_institution", _INSTITUTION),
            ("affiliations", pa.list_(pa.struct([("institution", _INSTITUTION)]))),
            ("works_count", pa.float64()),
            ("cited_by_count", pa.float64()),
            (
                "summary_stats",
                pa.struct([("h_index", pa.float64()), ("i10_index", pa.float64())]),
            ),
        ]
    ),
    queried={"mag": _MAG},
    ignored=(
        "counts_by_year", "created_date", "most_cited_work", "relevance_score", "topic_share",
        "topics", "works_api_url", "x_concepts", "longest_name", "parsed_longest_name", "sources",
        "block_key", "orcid_id",
    ),
)  # fmt: skip

_METRICS: tuple[tuple[str, pl.Expr], ...] = (
    ("paper_count", pl.col("works_count")),
    ("citation_count", pl.col("cited_by_count")),
    ("h_index", pl.col("summary_stats").struct.field("h_index")),
    ("i10_index", pl.col("summary_stats").struct.field("i10_index")),
)


def sniff(head: str) -> float:
    """Return 0.95 where the first object has the id of an author, else 0."""
    first = first_value(head)
    if first:
        return 0.95 if re.search(r"openalex\.org/A\d+$", str(first.get("id"))) else 0.0
    # The first author is longer than the head, or damaged. Works have authors in them.
    ids = set(re.findall(r'"id"\s*:\s*"https://openalex\.org/([AW])\d+"', head))
    return 0.9 if ids == {"A"} else 0.0


def read(dump: Dump) -> Reading:
    """Return the people; OpenAlex's stand-ins for deleted and unknown authors are deletions."""
    return Reading(read_json(dump, _FIELDS, _batch), has_lines=False)


def _batch(values: pl.DataFrame) -> Batch:
    keyed = values.with_columns(
        source_key=bare_id(pl.col("id")), updated_at=moment(pl.col("updated_date"))
    )
    is_stand_in = pl.col("source_key").is_in(PLACEHOLDERS).fill_null(value=False)
    return Batch(
        people=_people(keyed.filter(~is_stand_in)),
        deletions=as_deletions(keyed.filter(is_stand_in)),
    )


def _people(authors: pl.DataFrame) -> pl.DataFrame:
    ids = pl.col("ids").struct
    names = elements(authors, "display_name_alternatives").rename(
        {"display_name_alternatives": "value"}
    )
    metrics = pl.concat_list(
        pl.when(value.is_not_null()).then(pl.struct(metric=pl.lit(metric), value=value))
        for metric, value in _METRICS
    ).list.drop_nulls()
    identifiers = [
        printed_values(authors, value).with_columns(scheme=pl.lit(scheme))
        for value, scheme in (
            (pl.coalesce(ids.field("openalex"), "id"), "openalex"),
            (pl.col("mag"), "mag"),
            (ids.field("scopus"), "scopus"),
        )
    ]
    return as_people(
        authors.drop("affiliations").with_columns(
            name="display_name",
            aliases=gathered([_other_names(authors, names)], authors.height),
            orcid=pl.coalesce(fold(pl.col("orcid")), ids.field("orcid")),
            identifiers=gathered_identifiers(identifiers, authors.height),
            affiliations=_affiliations(authors),
            links=gathered([printed_values(authors, ids.field("wikipedia"))], authors.height),
            metrics=pl.when(metrics.list.len() > 0).then(metrics).cast(pl.List(METRIC_STRUCT)),
        )
    )


def _other_names(authors: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Return the names that are not the one the author goes by."""
    known = printed_values(authors, fold(pl.col("display_name")))
    return names.with_columns(fold(pl.col("value"))).join(
        known, on=["row", "value"], how="anti", maintain_order="left"
    )


def _affiliations(authors: pl.DataFrame) -> pl.Series:
    """Return the names of the institutions, the last known ones first."""
    last, past = "last_known_institutions", "affiliations"
    name = "display_name"
    return gathered(
        [
            elements(authors, last).select("row", value=pl.col(last).struct.field(name)),
            printed_values(authors, pl.col("last_known_institution").struct.field(name)),
            elements(authors, past).select(
                "row", value=pl.col(past).struct.field("institution").struct.field(name)
            ),
        ],
        authors.height,
    )
