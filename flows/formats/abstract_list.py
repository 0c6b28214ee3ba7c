"""Abstract list: a line `Abstract:...` for each entry and nothing else; entries have no title."""

from __future__ import annotations

import polars as pl

from flows.formats import Batch, Dump, Format, Reading
from flows.formats._entries import as_entries, numbered
from flows.formats._page import (
    Fault,
    blank_lines,
    entries_of,
    is_blank,
    told_apart,
    whole_entries,
)
from flows.normalize.links import links
from flows.normalize.text import fold

FORMAT = Format(
    name="abstract_list",
    title="Abstract list (page text)",
    recognised_by="every entry is a line that begins with 'Abstract:'",
    example="Abstract:We show that ...\nAbstract:This paper ...",
)

_LABEL = r"^\s*Abstract\s*:"


def sniff(head: str) -> float:
    """Return the share of lines that begin with the label; 0 if neither the first nor most do."""
    lines = [line for line in head.splitlines() if line.strip()]
    share = sum(map(_has_label, lines)) / max(len(lines), 1)
    return share if share > 0.5 or (lines and _has_label(lines[0])) else 0.0


def read(dump: Dump) -> Reading:
    """Return the entries of the list: abstracts and their links."""
    chunks = whole_entries(dump, pl.col("text").str.contains(_LABEL))
    return Reading(numbered(_batch(lines) for lines in chunks))


def _has_label(line: str) -> bool:
    return line.lstrip().startswith(("Abstract:", "Abstract :"))


def _batch(lines: pl.DataFrame) -> Batch:
    cut = lines.filter(~is_blank(pl.col("text"))).with_columns(
        entry=pl.col("text").str.contains(_LABEL).cum_sum()
    )
    entries = (
        entries_of(cut)
        .with_columns(abstract=fold(pl.col("raw_text").str.replace(_LABEL, "")))
        .with_columns(links=links(pl.col("abstract")))
    )
    kept, rejects = told_apart(
        entries,
        Fault(
            pl.col("entry") == 0,
            "recognised_text",
            "Text before the first 'Abstract:' belongs to no entry.",
        ),
    )
    return Batch(
        entries=as_entries(kept),
        rejects=rejects,
        line_count=lines.height,
        blank_line_count=blank_lines(lines),
    )
