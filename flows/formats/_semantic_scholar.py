"""Semantic Scholar: the fields of papers and authors, in the datasets and in answers of the API.

What they mean is the reader's business.
"""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from flows.formats._json import Fields

SCHEMES: tuple[tuple[str, str], ...] = (
    ("ACL", "acl"), ("DBLP", "dblp"), ("MAG", "mag"), ("PubMed", "pmid"),
    ("PubMedCentral", "pmcid"),
)  # fmt: skip
"""External ids besides DOI and arXiv, and their schemes."""

EXTERNAL = ("DOI", "ArXiv", *(name for name, _ in SCHEMES))

PAPER_COUNTS: tuple[tuple[str, str], ...] = (
    ("citationcount", "citation_count"), ("influentialcitationcount", "influential_citation_count"),
    ("referencecount", "reference_count"),
)  # fmt: skip
AUTHOR_METRICS: tuple[tuple[str, str], ...] = (
    ("papercount", "paper_count"), ("citationcount", "citation_count"), ("hindex", "h_index"),
)  # fmt: skip


def _texts(*names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, pa.string()) for name in names]


def _numbers(*names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, pa.float64()) for name in names]


_EXTERNAL_IDS = pa.struct(_texts("CorpusId", *EXTERNAL))
_STUDIES = pa.list_(pa.struct(_texts("category", "source")))
_JOURNAL = pa.struct(_texts("name", "volume", "pages"))
_AFFILIATED = pa.struct([*_texts("authorId", "name"), ("affiliations", pa.list_(pa.string()))])
# Fields that are not wanted are typed too: see `Fields`.
PAPERS = Fields(
    pa.schema(
        [
            ("corpusid", pa.int64()),
            ("externalids", _EXTERNAL_IDS),
            ("authors", pa.list_(pa.struct(_texts("authorId", "name")))),
            ("publicationtypes", pa.list_(pa.string())),
            ("s2fieldsofstudy", _STUDIES),
            ("journal", _JOURNAL),
            ("primary", pa.bool_()),
            ("isopenaccess", pa.bool_()),
            (
                "openaccessinfo",
                pa.struct([("externalids", _EXTERNAL_IDS), *_texts("license", "url", "status")]),
            ),
            *_numbers("year", *(name for name, _ in PAPER_COUNTS)),
            *_texts(
                "title", "abstract", "venue", "publicationvenueid", "publicationdate", "url",
                "updated", "sha",
            ),
        ]
    )
)  # fmt: skip
"""Papers, abstracts and paper-ids of the datasets."""

FULL_TEXTS = Fields(PAPERS.typed, ignored=("body", "bibliography"))
"""Full texts, which have title and authors too."""

ANSWERS = Fields(
    pa.schema(
        [
            ("externalIds", pa.struct(_texts(*EXTERNAL))),
            ("authors", pa.list_(_AFFILIATED)),
            ("publicationTypes", pa.list_(pa.string())),
            ("fieldsOfStudy", pa.list_(pa.string())),
            ("s2FieldsOfStudy", _STUDIES),
            ("journal", _JOURNAL),
            ("openAccessPdf", pa.struct(_texts("url"))),
            *_numbers("year", "citationCount", "influentialCitationCount", "referenceCount"),
            *_texts("paperId", "title", "abstract", "venue", "publicationDate"),
        ]
    ),
    # The corpus id is a number beside texts; the first version of the API had ids of their own.
    queried={
        "corpusid": "TRY_CAST(coalesce(raw_text->>'$.corpusId',"
        " raw_text->>'$.externalIds.CorpusId') AS BIGINT)",
        "own_doi": "nullif(raw_text->>'$.doi', 'false')",
        "own_arxiv": "raw_text->>'$.arxivId'",
    },
    known=("corpusId", "doi", "arxivId"),
    ignored=(
        "citationStyles", "citations", "embedding", "isOpenAccess", "matchScore",
        "publicationVenue", "references", "textAvailability", "tldr", "url",
    ),
)  # fmt: skip
"""Papers in answers of the Graph API."""

AUTHORS = Fields(
    pa.schema(
        [
            ("aliases", pa.list_(pa.string())),
            ("affiliations", pa.list_(pa.string())),
            *_numbers(*(name for name, _ in AUTHOR_METRICS)),
            *_texts("authorid", "name", "url", "homepage", "updated"),
        ]
    ),
    queried={
        "orcid": "coalesce(json_extract_string(raw_text, '$.externalids.ORCID[0]'),"
        " json_extract_string(raw_text, '$.externalids.ORCID'))",
        "dblp_names": "TRY_CAST(json_extract(raw_text, '$.externalids.DBLP') AS VARCHAR[])",
    },
    known=("externalids",),
)


def as_in_datasets(answers: pl.DataFrame) -> pl.DataFrame:
    """Return the papers of answers with the columns of the datasets."""
    unknown = pl.lit(None, pl.String)
    own = [pl.col("own_doi").alias("DOI"), pl.col("own_arxiv").alias("ArXiv")]
    others = [unknown.alias(name) for name, _ in SCHEMES]
    studies = pl.col("fieldsofstudy").list.eval(
        pl.struct(category=pl.element(), source=pl.lit(None, pl.String))
    )
    lowered = {name: name.lower() for name in answers.columns} | {"paperId": "sha"}
    return answers.rename(lowered).with_columns(
        s2fieldsofstudy=pl.coalesce("s2fieldsofstudy", studies),
        openaccessinfo=pl.struct(
            pl.struct(*own, *others).alias("externalids"),
            pl.col("openaccesspdf").struct.field("url"),
        ),
        updated=unknown,
    )
