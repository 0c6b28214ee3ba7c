"""Author listing: a line of facts, then title and authors glued on one line, then the abstract."""

from __future__ import annotations

import polars as pl

from flows.formats import Batch, Dump, Format, Reading
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
    blank_lines,
    entries_of,
    told_apart,
    whole_entries,
)
from flows.normalize.dates import infer_capture_year, with_dates
from flows.normalize.links import links
from flows.normalize.text import fold

FORMAT = Format(
    name="author_listing",
    title="Author listing (page text)",
    recognised_by="lines of category, date and code flag in one, such as 'CLDec 20, 2022Code',"
    " each followed by a line that glues title and authors",
    example="CLDec 20, 2022Code\n"
    "An Example of a TitleAda Lovelace, Alan Turing et al. · example-lab\n"
    "The abstract, on one line.",
)


def sniff(head: str) -> float:
    """Return how much of the text is meta lines; 0 if one of them has a score."""
    is_scored = meta_line_share(head, SCORED_META_LINE) > 0
    return 0.0 if is_scored else meta_line_share(head, META_LINE)


def read(dump: Dump) -> Reading:
    """Return the entries of the page; title and authors stay glued in `byline_printed`."""
    stated_year = dump.captured_on.year if dump.captured_on else None
    year = stated_year or infer_capture_year(printed_dates(dump, META_LINE), header=None)
    chunks = whole_entries(dump, pl.col("text").str.contains(META_LINE))
    return Reading(
        batches=numbered(_batch(lines, dump, year) for lines in chunks),
        capture_year=year,
    )


def _batch(lines: pl.DataFrame, dump: Dump, year: int | None) -> Batch:
    text, place = pl.col("text"), pl.col("place")
    entries = entries_of(
        entry_lines(lines, META_LINE),
        meta=text.filter(place == 0).first(),
        byline_printed=fold(text.filter(place == 1).first()),
        abstract=fold(text.filter(place > 1).str.join("\n")),
    ).with_columns(
        parsed_meta_line(pl.col("meta")).struct.unnest(), links=links(pl.col("abstract"))
    )
    kept, rejects = told_apart(entries, *faults("byline_printed"))
    return Batch(
        entries=as_entries(with_dates(kept, year, dump.captured_on)),
        rejects=rejects,
        line_count=lines.height,
        blank_line_count=blank_lines(lines),
    )
