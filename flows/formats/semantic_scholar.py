"""Semantic Scholar datasets: papers, abstracts, authors and paper-ids in JSON lines.

Several files make one record: entries of papers, abstracts and paper-ids with one corpusid are its
parts. Authors are people. Citations, embeddings, summaries and full texts are other datasets, which
are not read.
"""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from flows.formats import HEAD_BYTES, STATED_SCHEMA, Batch, Dump, Format, Reading
from flows.formats._entries import as_entries, as_people
from flows.formats._json import Fields, first_value, read_json
from flows.formats._lists import elements, in_lists
from flows.formats._values import gathered, gathered_identifiers, moment, printed_values
from flows.formats._warnings import Doubt, with_warnings
from flows.normalize.links import links
from flows.normalize.text import fold
from schemas.columns import (
    AUTHOR_STRUCT,
    EARLIEST_PUBLICATION,
    LATEST_PUBLICATION,
    METRIC_STRUCT,
)

FORMAT = Format(
    name="semantic_scholar",
    title="Semantic Scholar datasets: papers, abstracts, authors, paper-ids (JSON lines)",
    recognised_by="objects with corpusid and title, abstract or sha, or with authorid and name",
    example='{"corpusid": 1, "externalids": {"ArXiv": "1706.03762"}, "title": "An Example",'
    ' "authors": [{"authorId": "7", "name": "Jane Doe"}], "year": 2017}\n'
    '{"corpusid": 1, "abstract": "We ..."}',
    delivery="many_files",
)

_SCHEMES: tuple[tuple[str, str], ...] = (
    ("ACL", "acl"), ("DBLP", "dblp"), ("MAG", "mag"), ("PubMed", "pmid"),
    ("PubMedCentral", "pmcid"),
)  # fmt: skip
"""External ids besides DOI and arXiv, and their schemes."""

_PAPER_COUNTS: tuple[tuple[str, str], ...] = (
    ("citationcount", "citation_count"), ("influentialcitationcount", "influential_citation_count"),
    ("referencecount", "reference_count"),
)  # fmt: skip
_AUTHOR_METRICS: tuple[tuple[str, str], ...] = (
    ("papercount", "paper_count"), ("citationcount", "citation_count"), ("hindex", "h_index"),
)  # fmt: skip

_PREPRINT_VENUES = r"(?i)^(arxiv(\.org)?|biorxiv|medrxiv|ssrn.*|research square|corr)$"


def _texts(*names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, pa.string()) for name in names]


def _numbers(*names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, pa.float64()) for name in names]


_EXTERNAL_IDS = pa.struct(_texts("CorpusId", "DOI", "ArXiv", *(name for name, _ in _SCHEMES)))
# Fields that are not wanted are typed too: see `Fields`.
_PAPERS = Fields(
    pa.schema(
        [
            ("corpusid", pa.int64()),
            ("externalids", _EXTERNAL_IDS),
            ("authors", pa.list_(pa.struct(_texts("authorId", "name")))),
            ("publicationtypes", pa.list_(pa.string())),
            ("s2fieldsofstudy", pa.list_(pa.struct(_texts("category", "source")))),
            ("journal", pa.struct(_texts("name", "volume", "pages"))),
            ("primary", pa.bool_()),
            ("isopenaccess", pa.bool_()),
            (
                "openaccessinfo",
                pa.struct([("externalids", _EXTERNAL_IDS), *_texts("license", "url", "status")]),
            ),
            *_numbers("year", *(name for name, _ in _PAPER_COUNTS)),
            *_texts(
                "title", "abstract", "venue", "publicationvenueid", "publicationdate", "url",
                "updated", "sha",
            ),
        ]
    )
)  # fmt: skip
_AUTHORS = Fields(
    pa.schema(
        [
            ("aliases", pa.list_(pa.string())),
            ("affiliations", pa.list_(pa.string())),
            *_numbers(*(name for name, _ in _AUTHOR_METRICS)),
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


def sniff(head: str) -> float:
    """Return 0.9 where the first object is of one of the four datasets, else 0."""
    names = first_value(head).keys()
    is_paper = "corpusid" in names and bool(names & {"title", "abstract", "sha"})
    is_other = bool(names & {"text", "content", "vector"})  # summaries, full texts, embeddings
    is_author = {"authorid", "name"} <= names
    return 0.9 if (is_paper and not is_other) or is_author else 0.0


def read(dump: Dump) -> Reading:
    """Return the entries as parts of records, or the people."""
    with dump.open() as file:
        head = file.read(HEAD_BYTES).decode("utf-8", errors="replace")
    is_of_authors = "authorid" in first_value(head)
    return Reading(
        batches=read_json(dump, _AUTHORS, _people)
        if is_of_authors
        else read_json(dump, _PAPERS, _papers),
        captured_on=dump.captured_on,
        captured_on_basis="source_toml" if dump.captured_on else None,
        capture_year=dump.captured_on.year if dump.captured_on else None,
        has_lines=False,
    )


def _papers(values: pl.DataFrame) -> Batch:
    return Batch(entries=_entries(values), stated=_stated(values))


def _entries(papers: pl.DataFrame) -> pl.DataFrame:
    journal = pl.col("journal").struct
    day = pl.col("publicationdate").str.to_date("%Y-%m-%d", strict=False)
    number = pl.col("year").cast(pl.Int64, strict=False)
    year = pl.when(number.is_between(1, 9999)).then(pl.date(number.cast(pl.Int32), 1, 1))
    date = pl.coalesce(day, year)
    is_possible = date.is_between(EARLIEST_PUBLICATION, LATEST_PUBLICATION)
    printed = fold(pl.coalesce("publicationdate", number.cast(pl.String)))
    dated = papers.with_columns(
        authors=_authors(papers),
        publication_date=pl.when(is_possible).then(date),
        is_day=day.is_not_null(),
        printed=printed,
    )
    known = pl.col("publication_date").is_not_null()
    types = pl.col("publicationtypes").list.join(", ")
    venue = fold(pl.coalesce(fold(journal.field("name")), "venue"))
    place = fold(pl.col("venue")).fill_null(venue)
    doubted = with_warnings(
        dated,
        Doubt(
            "publication_date",
            "possible_date",
            "The date of publication is no day, or no year, of the calendar.",
            pl.when(~known).then("printed"),
        ),
    )
    return as_entries(
        doubted.with_columns(
            source_key=pl.col("corpusid").cast(pl.String),
            part=pl.when(pl.col("sha").is_not_null())
            .then(pl.lit("paper-ids ") + pl.col("sha"))
            .when(pl.col("title").is_null() & pl.col("abstract").is_not_null())
            .then(pl.lit("abstracts"))
            .otherwise(pl.lit("papers")),
            updated_at=moment(pl.col("updated")),
            entry_type=types,
            version=pl.when(place.str.contains(_PREPRINT_VENUES)).then(pl.lit("preprint")),
            authors_complete=pl.when(pl.col("authors").is_not_null()).then(pl.lit(value=True)),
            venue=fold(place),
            volume=journal.field("volume"),
            pages=journal.field("pages"),
            category=pl.col("s2fieldsofstudy").list.first().struct.field("category"),
            categories=_categories(papers),
            date_precision=pl.when(known).then(
                pl.when("is_day").then(pl.lit("day")).otherwise(pl.lit("year"))
            ),
            date_basis=pl.when(known).then(pl.lit("printed")),
            date_printed="printed",
            doi=pl.col("externalids").struct.field("DOI"),
            arxiv_id=pl.col("externalids").struct.field("ArXiv"),
            identifiers=_identifiers(papers),
            links=links(pl.col("abstract")),
        )
    )


def _distinct(values: pl.Expr) -> pl.Expr:
    distinct = values.list.drop_nulls().list.unique(maintain_order=True)
    return pl.when(distinct.list.len() > 0).then(distinct)


def _identifiers(papers: pl.DataFrame) -> pl.Series:
    """Return the corpus id, the paper's hash, and the external ids besides DOI and arXiv."""
    external = pl.col("externalids").struct
    listed = [
        ("s2_corpus", pl.col("corpusid").cast(pl.String)),
        ("s2", pl.col("sha")),
        *((scheme, external.field(name)) for name, scheme in _SCHEMES),
    ]
    places = [
        printed_values(papers, value).with_columns(scheme=pl.lit(scheme))
        for scheme, value in listed
    ]
    return gathered_identifiers(places, papers.height)


def _categories(papers: pl.DataFrame) -> pl.Series:
    """Return the fields of study, each once."""
    listed = elements(papers, "s2fieldsofstudy").unnest("s2fieldsofstudy")
    return gathered([listed.select("row", value="category")], papers.height)


def _authors(papers: pl.DataFrame) -> pl.Series:
    listed = elements(papers, "authors").unnest("authors")
    named = listed.select("row", name=fold(pl.col("name")), source_author_key="authorId")
    return in_lists(named.drop_nulls("name"), papers.height, AUTHOR_STRUCT)


def _people(authors: pl.DataFrame) -> Batch:
    named = pl.concat_list(
        pl.when(pl.col(column).is_not_null()).then(
            pl.struct(metric=pl.lit(metric), value=pl.col(column))
        )
        for column, metric in _AUTHOR_METRICS
    ).list.drop_nulls()
    names = pl.concat_list(
        pl.col(column).fill_null([]) for column in ("aliases", "dblp_names")
    ).list.set_difference(pl.concat_list("name"))
    return Batch(
        people=as_people(
            authors.with_columns(
                source_key="authorid",
                updated_at=moment(pl.col("updated")),
                aliases=_distinct(names),
                identifiers=pl.concat_list(
                    pl.struct(scheme=pl.lit("s2_author"), value=pl.col("authorid"))
                ),
                links=_distinct(pl.concat_list("homepage")),
                metrics=pl.when(named.list.len() > 0).then(named).cast(pl.List(METRIC_STRUCT)),
            )
        )
    )


def _stated(papers: pl.DataFrame) -> pl.DataFrame:
    """Return the counts of papers: citations, influential citations, references."""
    facts = [
        papers.select(
            "ordinal",
            subject_type=pl.lit("paper"),
            subject_name=pl.lit(None, pl.String),
            metric=pl.lit(metric),
            value=pl.col(name),
        ).drop_nulls("value")
        for name, metric in _PAPER_COUNTS
    ]
    return (
        pl.concat(facts)
        .select(pl.col(n).cast(t) for n, t in STATED_SCHEMA.items())
        .sort("ordinal", "metric")
    )
