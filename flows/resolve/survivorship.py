"""What is said of a paper: for each field the record whose value survives, and what others say.

Here: the rules, one entry per field in `RULES`, and the tables made by them: papers,
field_provenance, paper_identifiers, paper_links. Not here: which records are one paper (`papers`),
its authors' identity (`authors`). A value is never mixed from two records, and every choice ends in
source and source_key, so it is the same whatever the order of the input.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from flows.normalize.identifiers import of_papers
from flows.normalize.links import link_kind
from flows.resolve.evidence import PREPRINT_DOI
from schemas.dictionary import polars_schema
from schemas.paper import FieldProvenance, PaperIdentifiers, PaperLinks

VERSION_ORDER = {"published": 0, "preprint": 1, "unknown": 2}
PRECISION_ORDER = {"day": 0, "month": 1, "year": 2}


@dataclass(frozen=True)
class Rule:
    """Which record's value of a field survives: the first with a value, in the order of `order`."""

    field: str
    name: str
    order: tuple[pl.Expr, ...]
    """Sort keys, false and small first; `BEST_RECORD` and the record's key always follow."""
    follows: str | None = None
    """The field whose record this one takes its value from."""


BEST_RECORD = (pl.col("version_order"), pl.col("fields_absent"))
BEST_LIST = (
    ~pl.col("authors_complete").fill_null(value=False),
    -pl.col("authors").list.len().cast(pl.Int64),
    -pl.col("name_letters"),
)
MOST_EXACT_DATE = (
    pl.col("date_precision").replace_strict(PRECISION_ORDER, return_dtype=pl.Int32, default=3),
    pl.col("date_basis") != "printed",
)

RULES: tuple[Rule, ...] = (
    Rule(
        "title",
        "whole title of the best record",
        (
            pl.col("is_unsplit"),
            pl.col("title_is_cut"),
            pl.col("is_shouted"),
            pl.col("version_order"),
            -pl.col("title_votes"),
        ),
    ),
    Rule("abstract", "whole abstract of the best record", (pl.col("abstract_is_cut"),)),
    Rule("publication_date", "most exact date, printed before inferred", MOST_EXACT_DATE),
    Rule("date_precision", "as publication_date", MOST_EXACT_DATE, follows="publication_date"),
    Rule("publication_year", "as publication_date", MOST_EXACT_DATE, follows="publication_date"),
    Rule("category", "best record", ()),
    Rule("venue", "best record", ()),
    Rule(
        "doi", "the publication's before a preprint's", (pl.col("doi").str.contains(PREPRINT_DOI),)
    ),
    Rule("arxiv_id", "best record", ()),
    Rule("author_count", "complete list, then as stated", BEST_LIST),
    Rule("authors_complete", "complete list before cut, longer before shorter", BEST_LIST),
    Rule("has_code", "any true", (~pl.col("has_code"),)),
)


def survive(records: pl.DataFrame, membership: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the tables papers (work_id and first_release still to be joined), field_provenance,
    paper_identifiers and paper_links.

    records: readable text. membership: record_id, paper_id.
    """
    joined = _ranked(records.join(membership, on="record_id"))
    choices = _choices(joined)
    return {
        "papers": _papers(joined, choices),
        "field_provenance": choices,
        "paper_identifiers": _identifiers(joined),
        "paper_links": _links(joined),
    }


def author_list_records(records: pl.DataFrame, membership: pl.DataFrame) -> pl.DataFrame:
    """Return paper_id, record_id: the record whose author list is the paper's."""
    joined = _ranked(records.join(membership, on="record_id")).filter(
        pl.col("authors").is_not_null()
    )
    return (
        _in_order(joined, BEST_LIST)
        .unique("paper_id", keep="first", maintain_order=True)
        .select("paper_id", "record_id")
    )


def _ranked(joined: pl.DataFrame) -> pl.DataFrame:
    """Add what the rules sort by."""
    absent = (
        "title", "abstract", "authors", "publication_date", "venue", "category", "doi", "arxiv_id"
    )  # fmt: skip
    letters = pl.col("title").str.replace_all(r"\P{L}", "")
    names = pl.col("authors").list.eval(pl.element().struct.field("name").str.len_chars())
    ranked = joined.with_columns(
        publication_year=pl.col("publication_date").dt.year().cast(pl.Int16),
        author_count=pl.coalesce(
            pl.when("authors_complete").then(pl.col("authors").list.len().cast(pl.Int32)),
            "author_count",
        ),
        version_order=pl.col("version").replace_strict(VERSION_ORDER, return_dtype=pl.Int32),
        fields_absent=pl.sum_horizontal(pl.col(name).is_null() for name in absent)
        + (~pl.col("authors_complete")).fill_null(value=False),
        name_letters=names.list.sum().fill_null(0).cast(pl.Int64),
        is_unsplit=(pl.col("byline_printed").is_not_null() & pl.col("authors").is_null()),
        is_shouted=(letters == letters.str.to_uppercase())
        | (letters == letters.str.to_lowercase()),
        title_votes=pl.len().over("paper_id", "title").cast(pl.Int64),
    )
    shared = ranked.filter((pl.len() > 1).over("paper_id"))
    cut = [_cut(shared, field) for field in ("title", "abstract")]
    for flags in cut:
        ranked = ranked.join(flags, on="record_id", how="left", maintain_order="left")
    return ranked.with_columns(pl.col("title_is_cut", "abstract_is_cut").fill_null(value=False))


def _cut(shared: pl.DataFrame, field: str) -> pl.DataFrame:
    """Return records whose title or abstract is the beginning of another's in the paper."""
    texts = shared.select(
        "paper_id", "record_id", text=pl.col(field).str.to_lowercase()
    ).drop_nulls()
    # Equal texts once: a paper of many records has few readings.
    readings = texts.select("paper_id", "text").unique()
    beginnings = (
        readings.join(readings, on="paper_id", suffix="_other")
        .filter(
            pl.col("text_other").str.starts_with(pl.col("text").str.strip_chars_end(" .…"))
            & (pl.col("text_other").str.len_chars() > pl.col("text").str.len_chars() + 2)
        )
        .select("paper_id", "text")
        .unique()
    )
    return texts.join(beginnings, on=["paper_id", "text"], how="semi").select(
        "record_id", pl.lit(value=True).alias(f"{field}_is_cut")
    )


def _in_order(rows: pl.DataFrame, order: tuple[pl.Expr, ...]) -> pl.DataFrame:
    return rows.sort("paper_id", *order, *BEST_RECORD, "source", "source_key", nulls_last=True)


def _choices(joined: pl.DataFrame) -> pl.DataFrame:
    """Return the table field_provenance: for each paper and field the record chosen, and the other
    values."""
    ordered = []
    for rule in RULES:
        known = joined.filter(pl.col(rule.follows or rule.field).is_not_null())
        if rule.field == "authors_complete":
            known = known.filter(pl.col("authors").is_not_null())
        ordered.append(
            _in_order(known, rule.order)
            .select("paper_id", "record_id", value=pl.col(rule.field).cast(pl.String))
            .with_columns(field=pl.lit(rule.field), rule=pl.lit(rule.name))
        )
    values = pl.concat(ordered)
    first = values.unique(["paper_id", "field"], keep="first", maintain_order=True)
    others = (
        values.unique(["paper_id", "field", "value"], keep="first", maintain_order=True)
        .join(first.select("paper_id", "field", chosen="value"), on=["paper_id", "field"])
        .filter(pl.col("value") != pl.col("chosen"))
        .group_by("paper_id", "field", maintain_order=True)
        .agg(alternatives=pl.struct("value", "record_id"))
    )
    schema = polars_schema(FieldProvenance)
    return (
        first.join(others, on=["paper_id", "field"], how="left")
        .with_columns(pl.col("alternatives").fill_null([]))
        .select(pl.col(name).cast(dtype) for name, dtype in schema.items())
        .sort("paper_id", "field")
    )


def _papers(joined: pl.DataFrame, choices: pl.DataFrame) -> pl.DataFrame:
    papers = joined.group_by("paper_id").agg(
        record_count=pl.len().cast(pl.Int32),
        source_count=pl.col("source").n_unique().cast(pl.Int32),
    )
    for rule in RULES:
        chosen = choices.filter(pl.col("field") == rule.field).select("paper_id", "record_id")
        values = chosen.join(joined.select("record_id", rule.field), on="record_id")
        papers = papers.join(values.select("paper_id", rule.field), on="paper_id", how="left")
    return papers.with_columns(
        partition_year=pl.col("publication_year").fill_null(0).cast(pl.Int16)
    ).sort("paper_id")


def _identifiers(joined: pl.DataFrame) -> pl.DataFrame:
    own = [
        joined.select("paper_id", scheme=pl.lit(scheme), value=pl.col(column))
        for scheme, column in (("doi", "doi"), ("arxiv", "arxiv_id"))
    ]
    others = (
        joined.select("paper_id", identifier=of_papers(pl.col("identifiers")))
        .explode("identifier")
        .unnest("identifier")
    )
    schema = polars_schema(PaperIdentifiers)
    return (
        pl.concat([*own, others.select("paper_id", "scheme", "value")])
        .drop_nulls()
        .unique()
        .select(*schema)
        .sort(*schema)
    )


def _links(joined: pl.DataFrame) -> pl.DataFrame:
    schema = polars_schema(PaperLinks)
    return (
        joined.select("paper_id", "record_id", url="links")
        .explode("url")
        .drop_nulls()
        .unique()
        .with_columns(kind=link_kind(pl.col("url")))
        .select(*schema)
        .sort(*schema)
    )
