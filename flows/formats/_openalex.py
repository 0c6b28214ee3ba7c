"""OpenAlex: the fields of a work, and ids as its files share them.

What the fields mean is the readers' business.
"""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from flows.formats._json import Fields
from flows.normalize.text import fold

_BARE = r"openalex\.org/(?:works/|authors/)?([A-Za-z]\d+)$"
PLACEHOLDERS = ("A9999999999", "A5317838346")
"""Authors who are none: everyone who was not told apart, and everyone deleted."""

_TEXT = pa.string()


def _texts(*names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, _TEXT) for name in names]


_NAMED = pa.list_(pa.struct(_texts("display_name")))
_SOURCE = pa.struct(
    [
        *_texts("display_name", "issn_l", "host_organization_name", "type"),
        ("issn", pa.list_(_TEXT)),
    ]
)
_LOCATION = pa.struct(
    [
        *_texts("raw_source_name", "landing_page_url", "pdf_url", "version"),
        ("source", _SOURCE),
    ]
)
# What locations were called before 2023.
_HOST_VENUE = pa.struct(
    [*_texts("display_name", "issn_l", "publisher", "type", "url"), ("issn", pa.list_(_TEXT))]
)
_AUTHORSHIP = pa.struct(
    [
        *_texts("raw_author_name", "raw_affiliation_string"),
        ("raw_affiliation_strings", pa.list_(_TEXT)),
        ("author", pa.struct(_texts("id", "display_name", "orcid"))),
        ("institutions", _NAMED),
    ]
)
# One parse of the text gives both; `mag` is a number on API pages and a text in the snapshot.
_QUERIED = "json_extract(raw_text, ['$.abstract_inverted_index', '$.ids.mag'])"


def read_index(index: str) -> dict[str, str]:
    """Return the SQL of what is read of an abstract's index."""
    return {
        "index_kind": f"json_type({index})",
        "words": f"json_keys({index})",
        "places": f"TRY_CAST(json_extract({index}, '$.*') AS BIGINT[][])",
    }


WORK_FIELDS = Fields(
    pa.schema(
        [
            *_texts("id", "doi", "title", "display_name", "publication_date", "type"),
            *_texts("type_crossref", "updated_date"),
            ("publication_year", pa.float64()),
            ("cited_by_count", pa.float64()),
            ("authors_count", pa.float64()),
            ("is_retracted", pa.bool_()),
            ("is_authors_truncated", pa.bool_()),
            ("ids", pa.struct(_texts("openalex", "doi", "pmid", "pmcid"))),
            ("authorships", pa.list_(_AUTHORSHIP)),
            ("primary_location", _LOCATION),
            ("best_oa_location", _LOCATION),
            ("locations", pa.list_(_LOCATION)),
            ("host_venue", _HOST_VENUE),
            ("alternate_host_venues", pa.list_(pa.struct(_texts("url")))),
            ("biblio", pa.struct(_texts("volume", "issue", "first_page", "last_page"))),
            ("primary_topic", pa.struct(_texts("display_name"))),
            ("topics", _NAMED),
            ("concepts", _NAMED),
        ]
    ),
    queried={**read_index(f"{_QUERIED}[1]"), "mag": f"{_QUERIED}[2]->>'$'"},
    known=("abstract_inverted_index",),
    ignored=(
        "abstract_inverted_index_v3", "apc_list", "apc_paid", "awards", "best_open_version",
        "citation_normalized_percentile", "cited_by_api_url", "cited_by_percentile_year",
        "concepts_count", "content_urls", "corresponding_author_ids",
        "corresponding_institution_ids", "countries_distinct_count", "counts_by_year",
        "created_date", "datasets", "doi_registration_agency", "fulltext_origin", "funders",
        "funders_count", "fwci", "grants", "has_content", "has_fulltext", "indexed_in",
        "institution_assertions", "institutions", "institutions_distinct_count", "is_paratext",
        "is_xpac", "keywords", "language", "language_id", "locations_count", "mesh", "ngrams_url",
        "open_access", "referenced_works", "referenced_works_count", "related_works",
        "relevance_score", "summary_stats", "sustainable_development_goals", "topics_count",
        "type_id", "versions",
    ),
)  # fmt: skip


def bare_id(printed: pl.Expr) -> pl.Expr:
    """Return the id without https://openalex.org/; as printed where it is none."""
    return pl.coalesce(printed.str.extract(_BARE), fold(printed))
