"""OpenAlex merged ids: the snapshot's CSV of ids that were merged into others.

Every line is the deletion of its `id`. That the entry lives on under `merge_into_id` shows in the
newer works and authors themselves, which is why it is not read here.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from flows.formats import RAW_TEXT_LIMIT, Batch, Dump, Format, Reading
from flows.formats._entries import as_deletions, as_rejects, numbered
from flows.formats._json_values import read_values
from flows.formats._openalex import bare_id
from flows.formats._values import moment

_HEADER = "merge_date,id,merge_into_id"

FORMAT = Format(
    name="openalex_merged_ids",
    title="OpenAlex merged ids (CSV of the snapshot)",
    recognised_by=f"the heading '{_HEADER}'",
    example=f"{_HEADER}\n2022-06-07,A2257618939,A2208157607",
    delivery="many_files",
)

_LINE = r'^\s*"?(\d{4}-\d\d-\d\d)"?\s*,\s*"?((?:https://openalex\.org/)?[A-Za-z]\d+)"?\s*,\s*"?(?:https://openalex\.org/)?[A-Za-z]\d+"?\s*$'


def sniff(head: str) -> float:
    """Return 1 where the first line is the heading, else 0."""
    return 1.0 if _bare(head.lstrip("\ufeff").partition("\n")[0]) == _HEADER else 0.0


def read(dump: Dump) -> Reading:
    """Return the deletions, one for each line below the heading."""
    return Reading(numbered(_batches(dump)), has_lines=False)


def _bare(line: str) -> str:
    return line.replace('"', "").replace(" ", "").strip()


def _batches(dump: Dump) -> Iterator[Batch]:
    for lines in (values() for values in read_values(dump)):
        text = pl.col("raw_text")
        is_heading = (pl.col("line_start") == 1) & (text.str.replace_all(r'["\s]', "") == _HEADER)
        cut = (
            lines.filter(~is_heading)
            .with_columns(
                ordinal=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
                merged=text.str.extract_groups(_LINE),
            )
            .with_columns(
                source_key=bare_id(pl.col("merged").struct.field("2")),
                updated_at=moment(pl.col("merged").struct.field("1")),
            )
        )
        is_merge = (
            pl.col("check").is_null()
            & pl.col("source_key").is_not_null()
            & pl.col("updated_at").is_not_null()
        )
        yield Batch(
            deletions=as_deletions(cut.filter(is_merge)),
            rejects=as_rejects(
                cut.filter(~is_merge).with_columns(
                    pl.col("check").fill_null("readable_line"),
                    pl.col("message").fill_null(
                        "The line is not a day, an OpenAlex id and the id it was merged into: mend"
                        " the line, or deliver the file again."
                    ),
                    text.str.head(RAW_TEXT_LIMIT),
                )
            ),
        )
