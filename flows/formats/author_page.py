"""Author page: a profile header, then entries over several lines, each begun by a scored meta line.

The header is page furniture; what it states goes into the metrics of the author it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from flows.formats import STATED_SCHEMA, Batch, Dump, Format, Reading
from flows.formats._entries import as_entries, numbered
from flows.formats._meta_line import (
    META_LINE,
    SCORED_META_LINE,
    entry_lines,
    faults,
    meta_line_share,
    parsed_meta_line,
    printed_dates,
)
from flows.formats._page import (
    NUMBER,
    as_number,
    blank_lines,
    entries_of,
    told_apart,
    whole_entries,
)
from flows.normalize.dates import infer_capture_year, with_dates
from flows.normalize.links import links
from flows.normalize.names import ET_AL, as_authors, parse_author_line
from flows.normalize.text import fold

FORMAT = Format(
    name="author_page",
    title="Author page with profile (page text)",
    recognised_by="a header with 'h-index30' and '75papers', or entries begun by a score, category"
    " and date in one, such as '25.3CLMar 15, 2023Code'",
    example="Ada Lovelace\n\nCL\nh-index30\n75papers\n\n"
    "25.3CLMar 15, 2023Code\nAn Example of a Title\n\n"
    "Ada Lovelace, Alan Turing et al. · example-lab\n\nThe abstract.",
)

_ENTRY = rf"{META_LINE}|{SCORED_META_LINE}"
_HEADER_METRICS: tuple[tuple[str, str], ...] = (
    ("h_index", rf"^h-index\s*({NUMBER})$"),
    ("paper_count", rf"^({NUMBER})\s*papers?$"),
    ("citation_count", rf"^({NUMBER})\s*citations?$"),
    ("novelty_percent", rf"^Novelty\s*({NUMBER})\s*%$"),
    ("ai_score", rf"^AI Score\s*({NUMBER})$"),
)
_COUNT_HEADING = rf"^({NUMBER})\s*Papers?$"
_AREA = r"^[A-Za-z]+(?:[.\-][A-Za-z]+)*$"
_NAME = r"^\p{L}[\p{L}\p{M}.'’\- ]{0,98}\p{L}\.?$"
_NAME_WORD = r"[·\p{L}\p{M}\p{N}.'’‘`´\"“”()\-‐‑–*†‡&\\{}^~]+"
_NAME_PART = rf"^{_NAME_WORD}(?: {_NAME_WORD}){{0,7}}$"
_SENTENCE = (
    r"\b(?:a|an|and|are|as|at|by|for|from|in|is|of|on|our|that|the|this|to|using|we|with)\b"
    r"|\p{Ll}{3}\.$"
)
_CAPITALISED = r"[\p{Lu}\p{Lt}\p{Lo}][^ ]*(?: [^\p{L} ]+)*$"


def sniff(head: str) -> float:
    """Return 1 for a page with an h-index in its header, else the share of scored meta lines."""
    lines = [line.strip() for line in head.splitlines()[:30]]
    has_h_index = any(re.match(_HEADER_METRICS[0][1], line) for line in lines)
    has_scores = meta_line_share(head, SCORED_META_LINE) > 0
    return 1.0 if has_h_index else meta_line_share(head, _ENTRY) if has_scores else 0.0


def read(dump: Dump) -> Reading:
    """Return the entries of the page, and what its header states of the author it names."""
    stated_year = dump.captured_on.year if dump.captured_on else None
    year = stated_year or infer_capture_year(printed_dates(dump, _ENTRY), header=None)
    return Reading(
        batches=numbered(_batch(lines, dump, year) for lines in _chunks(dump)),
        capture_year=year,
        stated_count=_stated_count(next(_chunks(dump), None)),
    )


def _chunks(dump: Dump) -> Iterator[pl.DataFrame]:
    return whole_entries(dump, pl.col("text").str.contains(_ENTRY))


def _batch(lines: pl.DataFrame, dump: Dump, year: int | None) -> Batch:
    cut = entry_lines(lines, _ENTRY)
    header = _header(cut)
    cut = cut.join(header.filter("is_furniture"), on="line", how="anti")
    text, place = pl.col("text"), pl.col("place")
    entries = entries_of(
        cut,
        meta=text.filter(place == 0).first(),
        title=fold(text.filter(place == 1).first()),
        third=fold(text.filter(place == 2).first()),
        rest=fold(text.filter(place > 2).str.join("\n")),
    )
    byline = pl.when(_is_byline(pl.col("third"), pl.col("rest").is_not_null())).then("third")
    first_of_abstract = pl.when(byline.is_null()).then("third")
    entries = entries.with_columns(
        parsed_meta_line(pl.col("meta")).struct.unnest(),
        parse_author_line(byline).struct.unnest(),
        abstract=fold(pl.concat_str(first_of_abstract, "rest", separator=" ", ignore_nulls=True)),
    ).with_columns(
        authors=as_authors(pl.col("names")),
        authors_complete=pl.col("is_complete"),
        links=links(pl.col("abstract")),
    )
    kept, rejects = told_apart(entries, *faults("title"))
    return Batch(
        entries=as_entries(with_dates(kept, year, dump.captured_on)),
        rejects=rejects,
        stated=pl.concat([_stated_of_author(header), _stated_of_papers(kept)]),
        furniture_line_count=header.filter("is_furniture").height,
        line_count=lines.height,
        blank_line_count=blank_lines(lines),
    )


def _header(cut: pl.DataFrame) -> pl.DataFrame:
    """Return the lines before the first entry: line, text, metric, value, is_name, is_furniture."""
    text = pl.col("text")
    metric = pl.coalesce(
        pl.when(text.str.contains(pattern)).then(pl.lit(name)) for name, pattern in _HEADER_METRICS
    )
    printed = pl.coalesce(text.str.extract(pattern) for _, pattern in _HEADER_METRICS)
    is_first = pl.col("place") == 0
    known = (
        (text.str.contains(_AREA) & ~is_first)
        | text.str.contains(_COUNT_HEADING)
        | metric.is_not_null()
    )
    return (
        cut.filter(pl.col("entry") == 0, pl.col("flaw").is_null())
        .with_columns(fold(text))
        .select(
            "line",
            "text",
            metric=metric,
            value=as_number(printed),
            known=known,
            # Only above a profile is the first line a name: a page may begin within an entry.
            is_name=is_first
            & text.str.contains(_NAME)
            & ~known
            & (metric == _HEADER_METRICS[0][0]).any(),
        )
        .with_columns(is_furniture=pl.col("is_name") | pl.col("known"))
    )


def _stated_count(first_lines: pl.DataFrame | None) -> int | None:
    if first_lines is None:
        return None
    header = _header(entry_lines(first_lines, _ENTRY))
    heading = header.select(as_number(pl.col("text").str.extract(_COUNT_HEADING)).drop_nulls())
    papers = header.filter(pl.col("metric") == "paper_count").select("value").drop_nulls()
    stated = pl.concat([heading.rename({"text": "value"}), papers])
    return int(stated.item(0, 0)) if stated.height else None


def _stated_of_author(header: pl.DataFrame) -> pl.DataFrame:
    names = header.filter("is_name")
    if names.is_empty():
        return pl.DataFrame(schema=STATED_SCHEMA)
    return (
        header.drop_nulls("metric")
        .unique("metric", keep="first", maintain_order=True)
        .select(
            ordinal=pl.lit(None, pl.Int64),
            subject_type=pl.lit("author"),
            subject_name=pl.lit(names.item(0, "text")),
            metric="metric",
            value="value",
        )
    )


def _stated_of_papers(entries: pl.DataFrame) -> pl.DataFrame:
    return entries.drop_nulls("score").select(
        ordinal=pl.col("ordinal").cast(pl.Int64),
        subject_type=pl.lit("paper"),
        subject_name=pl.lit(None, pl.String),
        metric=pl.lit("score"),
        value="score",
    )


def _is_byline(text: pl.Expr, is_followed: pl.Expr) -> pl.Expr:
    """Tell an author line from the first line of an abstract.

    Names without a capital at the head of the family name are taken for names only where
    affiliations or an abstract follow.
    """
    people = text.str.replace(r"\s·\s.*$", "")
    part = pl.element()
    is_name = part.str.contains(_NAME_PART) & ~part.str.contains(_SENTENCE)
    parts = people.str.split(", ")
    named = parts.list.eval(is_name).list.all()
    capitalised = parts.list.eval(part.str.contains(_CAPITALISED)).list.all()
    return people.str.contains(ET_AL) | (named & (capitalised | is_followed | (people != text)))
