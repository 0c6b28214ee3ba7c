"""Daily Papers as Hugging Face's API gives them: what the listing page shows, in JSON.

Every entry is a preprint; the day is that of the paper, not of its listing. The handle of an
author's account is the source's key of that author. Summaries and keywords made by a model are not
read.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa

from flows.formats import HEAD_BYTES, STATED_SCHEMA, Batch, Dump, Format, Reading
from flows.formats._entries import as_entries
from flows.formats._json import Fields, first_value, read_json
from flows.formats._lists import elements, in_lists
from flows.formats._warnings import Doubt, with_warnings
from flows.normalize.links import links
from flows.normalize.text import fold
from schemas.columns import AUTHOR_STRUCT, EARLIEST_PUBLICATION, LATEST_PUBLICATION

FORMAT = Format(
    name="daily_papers_api",
    title="Daily Papers of the Hugging Face API (JSON)",
    recognised_by="objects with a paper that has id and authors, and numComments, publishedAt or"
    " submittedBy beside it; or such papers themselves, with upvotes or discussionId",
    example='[{"paper": {"id": "2401.00001", "title": "An Example", "summary": "We ...",'
    ' "authors": [{"name": "Jane Doe", "hidden": false}], "upvotes": 3}, "numComments": 2}]',
    delivery="many_files",
)

_ACCOUNT = pa.struct([("user", pa.string()), ("name", pa.string()), ("fullname", pa.string())])
_ORGANIZATION = pa.struct([("name", pa.string()), ("fullname", pa.string())])
_PAPER = pa.struct(
    [
        ("id", pa.string()),
        ("title", pa.string()),
        ("summary", pa.string()),
        ("publishedAt", pa.string()),
        ("authors", pa.list_(pa.struct([("name", pa.string()), ("user", _ACCOUNT)]))),
        ("upvotes", pa.float64()),
        ("githubRepo", pa.string()),
        ("projectPage", pa.string()),
        ("organization", _ORGANIZATION),
    ]
)
_FIELDS = Fields(
    pa.schema(
        [
            ("paper", _PAPER),
            ("title", pa.string()),
            ("summary", pa.string()),
            ("numComments", pa.float64()),
            ("organization", _ORGANIZATION),
        ]
    ),
    ignored=(
        "publishedAt", "thumbnail", "mediaUrls", "submittedBy", "submittedOnDailyAt",
        "submittedOnDailyBy", "isAuthorParticipating", "upvotes", "discussionId",
    ),
)  # fmt: skip

_PAPERS = Fields(
    pa.schema([*_PAPER, ("numComments", pa.float64())]),
    ignored=(
        "ai_keywords", "ai_summary", "ai_summary_model", "comments", "discussionId",
        "githubRepoAddedBy", "githubStars", "isAuthorParticipating", "linkedDatasets",
        "linkedModels", "linkedSpaces", "mediaUrls", "numTotalDatasets", "numTotalModels",
        "numTotalSpaces", "source", "submittedBy", "submittedOnDailyAt", "submittedOnDailyBy",
        "thumbnail",
    ),
)  # fmt: skip
"""Papers that nothing wraps, as the question for one of them is answered."""

_ARXIV_ID = r"^(?:arxiv:)?(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?$"


def sniff(head: str) -> float:
    """Return 0.95 where the first object wraps a paper as the API does, or is one; else 0."""
    first = first_value(head)
    paper = first.get("paper")
    if not isinstance(paper, dict):
        return 0.95 if _is_paper(first) else 0.0
    is_wrapped = bool(first.keys() & {"numComments", "publishedAt", "submittedBy"})
    return 0.95 if is_wrapped and {"id", "authors"} <= paper.keys() else 0.0


def _is_paper(value: dict[str, Any]) -> bool:
    has_fields = {"id", "authors", "summary"} <= value.keys()
    return has_fields and bool(value.keys() & {"upvotes", "discussionId"})


def read(dump: Dump) -> Reading:
    """Return the entries: preprints with their authors' handles, upvotes and comments."""
    with dump.open() as file:
        first = first_value(file.read(HEAD_BYTES).decode("utf-8-sig", errors="replace"))
    return Reading(
        batches=read_json(dump, _PAPERS, lambda values: _batch(_wrapped(values)))
        if _is_paper(first)
        else read_json(dump, _FIELDS, _batch),
        has_lines=False,
    )


def _wrapped(papers: pl.DataFrame) -> pl.DataFrame:
    """Return the papers as if the API had wrapped them."""
    unknown = pl.lit(None, pl.String)
    return papers.with_columns(
        paper=pl.struct(field.name for field in _PAPER), title=unknown, summary=unknown
    )


def _batch(values: pl.DataFrame) -> Batch:
    paper = pl.col("paper").struct
    stamp = fold(paper.field("publishedAt"))
    day = stamp.str.extract(r"^(\d{4}-\d{2}-\d{2})(?:T|$)").str.to_date("%Y-%m-%d", strict=False)
    day = pl.when(day.is_between(EARLIEST_PUBLICATION, LATEST_PUBLICATION)).then(day)
    key = fold(paper.field("id"))
    code, page = fold(paper.field("githubRepo")), fold(paper.field("projectPage"))
    entries = values.select(
        "ordinal", "line_start", "line_end", "line_total", "raw_text",
        source_key=key,
        arxiv_id=pl.when(key.str.contains(_ARXIV_ID)).then(key),
        version=pl.lit("preprint"),
        title=fold(paper.field("title")).fill_null(fold(pl.col("title"))),
        abstract=fold(paper.field("summary")).fill_null(fold(pl.col("summary"))),
        publication_date=day,
        date_precision=pl.when(day.is_not_null()).then(pl.lit("day")),
        date_basis=pl.when(day.is_not_null()).then(pl.lit("printed")),
        date_printed=stamp,
        has_code=pl.when(code.is_not_null()).then(pl.lit(value=True)),
        organization=_organization("fullname").fill_null(_organization("name")),
        organization_slug=_organization("name"),
        addresses=pl.concat_str(code, page, separator=" ", ignore_nulls=True),
        authors=in_lists(_authors(values), values.height, AUTHOR_STRUCT),
    )  # fmt: skip
    slug = pl.col("organization_slug")
    doubted = with_warnings(
        entries,
        Doubt(
            "publication_date",
            "possible_date",
            "The date of publication is none such as '2024-01-31T10:00:00.000Z'.",
            pl.when(pl.col("publication_date").is_null()).then("date_printed"),
        ),
        Doubt(
            "organization_slug",
            "single_word",
            "The short name of the organization is not one word.",
            pl.when(slug.str.contains(" ", literal=True)).then(slug),
        ),
    )
    text = pl.concat_str("abstract", "addresses", separator=" ", ignore_nulls=True)
    return Batch(
        entries=as_entries(
            doubted.with_columns(
                authors_complete=pl.when(pl.col("authors").is_not_null()).then(pl.lit(value=True)),
                organization_slug=pl.when(~slug.str.contains(" ", literal=True)).then(slug),
                date_printed=pl.when(pl.col("publication_date").is_not_null()).then("date_printed"),
                links=links(text),
            )
        ),
        stated=_stated(values),
    )


def _organization(name: str) -> pl.Expr:
    """Return a name of the organization, that of the paper or that beside it."""
    fields = (pl.col("paper").struct.field("organization"), pl.col("organization"))
    return pl.coalesce(fold(each.struct.field(name)) for each in fields)


def _authors(values: pl.DataFrame) -> pl.DataFrame:
    """Return row, name and source_author_key of the authors; who is hidden on the site stays."""
    listed = elements(
        values.select(authors=pl.col("paper").struct.field("authors")), "authors"
    ).unnest("authors")
    account = pl.col("user").struct
    return listed.select(
        "row",
        name=fold(pl.col("name")).fill_null(fold(account.field("fullname"))),
        source_author_key=fold(account.field("user")).fill_null(fold(account.field("name"))),
    ).filter(pl.col("name").str.contains(r"\p{L}"))


def _stated(values: pl.DataFrame) -> pl.DataFrame:
    counts = values.select(
        "ordinal",
        upvote_count=pl.col("paper").struct.field("upvotes"),
        comment_count="numComments",
    )
    return (
        counts.unpivot(index="ordinal", variable_name="metric")
        .filter(pl.col("value") >= 0)
        .sort("ordinal", "metric")
        .select(
            "ordinal",
            "metric",
            "value",
            subject_type=pl.lit("paper"),
            subject_name=pl.lit(None, pl.String),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in STATED_SCHEMA.items())
    )
