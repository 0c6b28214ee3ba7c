"""Daily Papers listing: title, abstract, then who and when; page furniture above.

An entry is a title, an abstract and mostly a block `• N authors` or `slug Name`, `·`, date and an
optional count. Entries without such a block follow each other as bare pairs of lines.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import polars as pl

from flows.formats import STATED_SCHEMA, Batch, Dump, Format, Reading
from flows.formats._entries import as_entries, numbered
from flows.formats._page import (
    NUMBER,
    Fault,
    as_number,
    blank_lines,
    entries_of,
    is_blank,
    told_apart,
    whole_entries,
)
from flows.normalize.dates import (
    DATE,
    capture_date,
    infer_capture_year,
    printed_year,
    with_dates,
)
from flows.normalize.links import links
from flows.normalize.text import fold

FORMAT = Format(
    name="daily_papers",
    title="Daily Papers listing (page text)",
    recognised_by="blocks '• 6 authors' or 'slug Name', then '·', then a date, after each title and"
    " abstract; or the heading 'Daily Papers'",
    example="Daily Papers\n\nOct 31\n\nAn Example of a Title\n\nThe abstract.\n\n"
    "  • 6 authors\n·\nJan 23, 2024 2",
)

FURNITURE = (
    r"new", r"Get trending papers in your email inbox.*", r"Subscribe", r"Daily Papers",
    r"by ?AK and the research community", r"Daily", r"Weekly", r"Monthly", r"Trending Papers",
    r"Submit( papers?)?", r"Search", r"Previous", r"Next", r"Log ?[Ii]n", r"Sign ?[Uu]p",
)  # fmt: skip
_FURNITURE = rf"^\s*(?:{'|'.join(FURNITURE)})\s*$"
_AUTHORS = r"^\s*•\s*([\d,]+) authors?\s*$"
_DOT = r"^\s*·\s*$"
_DATE_LINE = rf"^\s*({DATE})(?:\s+({NUMBER}))?\s*$"
_HEADER_DATE = rf"^\s*{DATE}\s*$"
_ORGANIZATION = r"^\s*(\S+)(?:\s+(\S.*?))?\s*$"
_LONGEST_HEADER_LINE = 120
_AFTER_BLOCK = pl.col("text").shift(1).str.contains(_DATE_LINE) & (
    pl.col("text").shift(2).str.contains(_DOT)
)


def sniff(head: str) -> float:
    """Return how much of the text is blocks of authors, dot and date; 1 with the page's heading."""
    lines = [line for line in head.splitlines() if line.strip()]
    dots = sum(1 for line in lines if re.match(_DOT, line))
    counts = sum(1 for line in lines if re.match(_AUTHORS, line))
    headed = any(line.strip() == "Daily Papers" for line in lines[:10])
    return 1.0 if headed else min(1.0, 5 * max(dots, counts) / max(len(lines), 1))


def read(dump: Dump) -> Reading:
    """Return the entries of the page; the header's day and the printed years date the capture."""
    header, dates = _survey(dump)
    year = dump.captured_on.year if dump.captured_on else infer_capture_year(dates, header=header)
    captured_on = dump.captured_on or capture_date(header, year)
    basis = None
    if dump.captured_on:
        basis = "source_toml"
    elif captured_on:
        has_year = pl.select(printed_year(pl.lit(header)).is_not_null()).item()
        basis = "printed" if has_year else "inferred_year"
    chunks = whole_entries(dump, _AFTER_BLOCK)
    return Reading(
        batches=numbered(
            _batch(lines, year, captured_on, is_first=number == 0)
            for number, lines in enumerate(chunks)
        ),
        captured_on=captured_on,
        captured_on_basis=basis,
        capture_year=year,
    )


def _survey(dump: Dump) -> tuple[str | None, pl.Series]:
    """Return the day in the page header, and the dates of all entries, as printed."""
    header: str | None = None
    dates: list[pl.Series] = [pl.Series(dtype=pl.String)]
    for number, lines in enumerate(whole_entries(dump, _AFTER_BLOCK)):
        cut = _classified(lines, is_first=number == 0)
        if number == 0:
            days = cut.filter(
                pl.col("kind") == "furniture", pl.col("text").str.contains(_HEADER_DATE)
            )
            header = days.select(fold(pl.col("text"))).item(-1, 0) if days.height else None
        dates.append(
            cut.filter(pl.col("kind") == "date")["text"].str.extract(_DATE_LINE).drop_nulls()
        )
    return header, pl.concat([series.rename("date") for series in dates])


def _classified(lines: pl.DataFrame, *, is_first: bool) -> pl.DataFrame:
    """Return the non-blank lines with their kind.

    Kinds are furniture, authors, dot, date, organization and text. A date stands after a dot, an
    organization right before one; everything else is told by itself.
    """
    text, dot, authors = pl.col("text"), pl.col("dot"), pl.col("authors")
    cut = lines.filter(~is_blank(text)).with_columns(
        dot=text.str.contains(_DOT), authors=text.str.contains(_AUTHORS)
    )
    is_adjacent = pl.col("line").diff().fill_null(0) == 1
    after_dot = dot.shift(1, fill_value=False)
    after_authors = authors.shift(1, fill_value=False)
    before_dot = (dot & is_adjacent).shift(-1, fill_value=False)
    is_date = text.str.contains(_DATE_LINE)
    is_short = text.str.len_chars() <= _LONGEST_HEADER_LINE
    return (
        cut.with_columns(furniture=_is_header(cut) if is_first else pl.lit(value=False))
        .with_columns(
            kind=pl.when("furniture")
            .then(pl.lit("furniture"))
            .when(dot)
            .then(pl.lit("dot"))
            .when(authors)
            .then(pl.lit("authors"))
            .when((after_dot & is_adjacent) | ((after_dot | after_authors) & is_date))
            .then(pl.lit("date"))
            .when(before_dot & is_short)
            .then(pl.lit("organization"))
            .when(_is_chrome(text))
            .then(pl.lit("furniture"))
            .otherwise(pl.lit("text"))
        )
        .drop("dot", "authors", "furniture")
    )


def _is_chrome(text: pl.Expr) -> pl.Expr:
    """Tell the foot of the page, and a header within it where pages follow each other.

    A line of known furniture that stands alone is a title of that name.
    """
    known = text.str.contains(_FURNITURE)
    before, after = (known.shift(by, fill_value=False) for by in (1, -1))
    is_foot = (~known).cum_sum(reverse=True) == 0
    return (known & (before | after)) | (text.str.contains(_HEADER_DATE) & before) | is_foot


def _is_header(cut: pl.DataFrame) -> pl.Series:
    """Mark the lines of the page header: up to a day that stands alone before any long line, else
    the known furniture the page begins with."""
    text = cut["text"]
    is_long = (text.str.len_chars() > _LONGEST_HEADER_LINE) | cut["dot"] | cut["authors"]
    before_long = is_long.cum_sum() == 0
    days = (before_long & text.str.contains(_HEADER_DATE)).arg_true()
    if days.len():
        last = int(days[-1])
        return pl.Series([place <= last for place in range(cut.height)], dtype=pl.Boolean)
    return (~text.str.contains(_FURNITURE)).cum_sum() == 0


def _batch(
    lines: pl.DataFrame, year: int | None, captured_on: dt.date | None, *, is_first: bool
) -> Batch:
    classified = _classified(lines, is_first=is_first)
    cut = _with_entries(classified.filter(pl.col("kind") != "furniture"))
    text = pl.col("text")
    entries = entries_of(
        cut,
        title=fold(text.filter(pl.col("kind") == "title").str.join(" ")),
        abstract=fold(text.filter(pl.col("kind") == "abstract").str.join("\n")),
        authors_line=text.filter(pl.col("kind") == "authors").first(),
        organization_line=text.filter(pl.col("kind") == "organization").first(),
        date_line=text.filter(pl.col("kind") == "date").first(),
        has_block=pl.col("kind").is_in(["authors", "organization", "dot", "date"]).any(),
    )
    slug_and_name = pl.col("organization_line").str.extract_groups(_ORGANIZATION)
    entries = entries.with_columns(
        author_count=as_number(pl.col("authors_line").str.extract(_AUTHORS)).cast(
            pl.Int32, strict=False
        ),
        organization_slug=slug_and_name.struct.field("1"),
        organization=fold(
            slug_and_name.struct.field("2").fill_null(slug_and_name.struct.field("1"))
        ),
        date_printed=fold(pl.col("date_line").str.extract(_DATE_LINE, 1)),
        comment_count=as_number(pl.col("date_line").str.extract(_DATE_LINE, 2)),
        links=links(pl.col("abstract")),
    )
    is_whole = pl.col("abstract").is_not_null() | (
        pl.col("title").is_not_null() & pl.col("has_block")
    )
    if is_first and cut.height == classified.height:
        # No header stands above: a first entry without a title is the rest of a cut one.
        is_whole &= (pl.col("ordinal") > 1) | pl.col("title").is_not_null()
    authors_line, date_line = pl.col("authors_line"), pl.col("date_line")
    kept, rejects = told_apart(
        entries,
        Fault(
            ~is_whole,
            "whole_entry",
            "The text lacks an abstract, or its title at the head of the page: the page is cut"
            " here, or this is page furniture unknown to bibmill.",
        ),
        Fault(
            date_line.is_not_null() & pl.col("date_printed").is_null(),
            "readable_date",
            pl.lit("The line after '·' is no date such as 'Jan 23, 2024': ")
            + fold(date_line).str.head(80),
        ),
        Fault(
            authors_line.is_not_null() & pl.col("author_count").is_null(),
            "readable_count",
            pl.lit("The number of authors is too large to be one: ")
            + fold(authors_line).str.head(80),
        ),
    )
    return Batch(
        entries=as_entries(with_dates(kept, year, captured_on)),
        rejects=rejects,
        stated=_stated(kept),
        furniture_line_count=classified.filter(pl.col("kind") == "furniture").height,
        line_count=lines.height,
        blank_line_count=blank_lines(lines),
    )


def _stated(entries: pl.DataFrame) -> pl.DataFrame:
    return (
        entries.drop_nulls("comment_count")
        .select(
            ordinal="ordinal",
            subject_type=pl.lit("paper"),
            subject_name=pl.lit(None, pl.String),
            metric=pl.lit("comment_count"),
            value="comment_count",
        )
        .cast(STATED_SCHEMA)
    )


def _with_entries(cut: pl.DataFrame) -> pl.DataFrame:
    """Return the lines with `entry`, 0-based, and text told apart into title and abstract.

    A run is the text before a block, and the block. Two lines of text are title and abstract; other
    runs hold entries without a block, or paragraphs, and are cut by `roles_of_lines`.
    """
    is_text = pl.col("kind") == "text"
    runs = cut.with_columns(
        run=(is_text & (~is_text).shift(1, fill_value=False)).cum_sum()
    ).with_columns(text_count=is_text.sum().over("run"))
    role = (
        pl.int_range(pl.len()).over("run").replace_strict({0: "title", 1: "abstract"}, default="")
    )
    plain = runs.filter(pl.col("text_count") == 2).with_columns(
        kind=pl.when(is_text).then(role).otherwise("kind")
    )
    # A loop over the few runs that are not one title and one abstract.
    others = []
    for _, run in runs.filter(pl.col("text_count") != 2).group_by("run", maintain_order=True):
        block = run.filter(~is_text)["kind"].to_list()
        roles = roles_of_lines(run.filter(is_text)["text"].to_list(), has_block=bool(block))
        others.append(run.with_columns(kind=pl.Series(roles + block, dtype=pl.String)))
    begins = (pl.col("kind") == "title") | (pl.col("run") != pl.col("run").shift(1, fill_value=-1))
    return (
        pl.concat([plain, *others])
        .sort("line")
        .with_columns(entry=begins.cum_sum() - 1)
        .drop("run", "text_count")
    )


_ORPHAN, _NO_ABSTRACT, _CUT, _SECOND_PARAGRAPH = -3.0, -5.0, -2.5, -3.0


def roles_of_lines(lines: Sequence[str], *, has_block: bool) -> list[str]:
    """Return 'title' or 'abstract' for each line of a run of text, the most plausible sequence.

    A Viterbi search over the two roles: each line speaks for itself by length and sentences (see
    `_title_odds`), and it costs to begin with an abstract, to have a title without an abstract, or
    an abstract of two paragraphs. A title at the end costs less where no block follows: there the
    page ends, perhaps cut.
    """
    if not lines:
        return []
    odds = [_title_odds(line) for line in lines]
    best = {"title": odds[0], "abstract": -odds[0] + _ORPHAN}
    steps: list[dict[str, str]] = []
    for value in odds[1:]:
        to_title = {"title": best["title"] + _NO_ABSTRACT, "abstract": best["abstract"]}
        to_abstract = {"title": best["title"], "abstract": best["abstract"] + _SECOND_PARAGRAPH}
        steps.append(
            {
                "title": max(to_title, key=lambda role: to_title[role]),
                "abstract": max(to_abstract, key=lambda role: to_abstract[role]),
            }
        )
        best = {
            "title": max(to_title.values()) + value,
            "abstract": max(to_abstract.values()) - value,
        }
    best["title"] += _NO_ABSTRACT if has_block else _CUT
    role = max(best, key=lambda name: best[name])
    roles = [role]
    for step in reversed(steps):
        role = step[role]
        roles.append(role)
    return roles[::-1]


def _title_odds(line: str) -> float:
    """Return log-odds, in nats, that a line is a title rather than an abstract."""
    length = len(line)
    odds = 2.5 if length <= 150 else 0.5 if length <= 250 else -1.5 if length <= 350 else -4.0
    if line.rstrip().endswith("."):
        odds -= 3.0
    if re.search(r"https?://|^\s*[a-z]+ ", line):
        odds -= 3.0
    if re.search(r"[.!?] [A-Z]", line):
        odds -= 1.5
    return odds
