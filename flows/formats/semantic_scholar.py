"""Semantic Scholar: papers, abstracts, authors and paper-ids of the datasets, papers of the API.

Several files make one record: entries of papers, abstracts and paper-ids with one corpusid are its
parts; of full texts, title, authors and ids are one. Authors are people. Citations, embeddings and
summaries are other datasets, which are not read.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import polars as pl

from flows.formats import HEAD_BYTES, STATED_SCHEMA, Batch, Dump, Format, Reading
from flows.formats._entries import as_entries, as_people
from flows.formats._json import first_value, read_json
from flows.formats._lists import elements, in_lists
from flows.formats._semantic_scholar import (
    ANSWERS,
    AUTHOR_METRICS,
    AUTHORS,
    FULL_TEXTS,
    PAPER_COUNTS,
    PAPERS,
    SCHEMES,
    as_in_datasets,
)
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
    title="Semantic Scholar datasets: papers, abstracts, authors, paper-ids (JSON lines), and"
    " papers of the Graph API",
    recognised_by="objects with corpusid and title, abstract or sha, with authorid and name, or"
    " with paperId and title",
    example='{"corpusid": 1, "externalids": {"ArXiv": "1706.03762"}, "title": "An Example",'
    ' "authors": [{"authorId": "7", "name": "Jane Doe"}], "year": 2017}\n'
    '{"corpusid": 1, "abstract": "We ..."}',
    delivery="many_files",
)

_PREPRINT_VENUES = r"(?i)^(arxiv(\.org)?|biorxiv|medrxiv|ssrn.*|research square|corr)$"


def sniff(head: str) -> float:
    """Return 0.9 where the first object is of one of the datasets read, or of an answer; else 0."""
    first = first_value(head)
    names = first.keys()
    is_paper = "corpusid" in names and bool(names & {"title", "abstract", "sha"})
    # Summaries, full texts of older releases, embeddings, and what the site gives.
    is_other = bool(names & {"text", "content", "vector", "paperAbstract"})
    is_author = {"authorid", "name"} <= names
    return 0.9 if (is_paper and not is_other) or is_author or _is_answer(first) else 0.0


def _is_answer(first: dict[str, Any]) -> bool:
    return bool(re.fullmatch("[0-9a-fA-F]{40}", str(first.get("paperId")))) and "title" in first


def read(dump: Dump) -> Reading:
    """Return the entries as parts of records, or the people."""
    with dump.open() as file:
        first = first_value(file.read(HEAD_BYTES).decode("utf-8", errors="replace"))
    if "authorid" in first:
        batches = read_json(dump, AUTHORS, _people)
    elif _is_answer(first):
        batches = read_json(dump, ANSWERS, lambda values: _papers(as_in_datasets(values), _WHOLE))
    elif "body" in first:
        batches = read_json(dump, FULL_TEXTS, partial(_papers, part=pl.lit("s2orc")))
    else:
        batches = read_json(dump, PAPERS, partial(_papers, part=_PART))
    return Reading(batches, has_lines=False)


_WHOLE = pl.lit("papers")
_PART = (
    pl.when(pl.col("sha").is_not_null())
    .then(pl.lit("paper-ids ") + pl.col("sha"))
    .when(pl.col("title").is_null() & pl.col("abstract").is_not_null())
    .then(pl.lit("abstracts"))
    .otherwise(_WHOLE)
)
"""Which dataset a paper is of."""


def _papers(values: pl.DataFrame, part: pl.Expr) -> Batch:
    return Batch(entries=_entries(values, part), stated=_stated(values))


def _external(name: str) -> pl.Expr:
    """Return an external id; abstracts and full texts have it where they tell of open access."""
    others = pl.col("openaccessinfo").struct.field("externalids").struct
    return pl.coalesce(pl.col("externalids").struct.field(name), others.field(name))


def _entries(papers: pl.DataFrame, part: pl.Expr) -> pl.DataFrame:
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
            source_key=pl.coalesce(pl.col("corpusid").cast(pl.String), "sha"),
            part=part,
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
            doi=_external("DOI"),
            arxiv_id=_external("ArXiv"),
            identifiers=_identifiers(papers),
            links=links(_with_address(pl.col("abstract"))),
        )
    )


def _with_address(text: pl.Expr) -> pl.Expr:
    address = pl.col("openaccessinfo").struct.field("url")
    return pl.concat_str(address, text, separator=" ", ignore_nulls=True)


def _distinct(values: pl.Expr) -> pl.Expr:
    distinct = values.list.drop_nulls().list.unique(maintain_order=True)
    return pl.when(distinct.list.len() > 0).then(distinct)


def _identifiers(papers: pl.DataFrame) -> pl.Series:
    """Return the corpus id, the paper's hash, and the external ids besides DOI and arXiv."""
    listed = [
        ("s2_corpus", pl.col("corpusid").cast(pl.String)),
        ("s2", pl.col("sha")),
        *((scheme, _external(name)) for name, scheme in SCHEMES),
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
    named = listed.rename({"authorId": "source_author_key"}).with_columns(fold(pl.col("name")))
    return in_lists(named.drop_nulls("name"), papers.height, AUTHOR_STRUCT)


def _people(authors: pl.DataFrame) -> Batch:
    named = pl.concat_list(
        pl.when(pl.col(column).is_not_null()).then(
            pl.struct(metric=pl.lit(metric), value=pl.col(column))
        )
        for column, metric in AUTHOR_METRICS
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
        for name, metric in PAPER_COUNTS
    ]
    return (
        pl.concat(facts)
        .select(pl.col(n).cast(t) for n, t in STATED_SCHEMA.items())
        .sort("ordinal", "metric")
    )
