"""Reading CSV: rows of a dump in bounded chunks, with their lines, as columns of text.

RFC 4180, with the separator that the first line uses most. What a column means is the reader's
business.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from flows.formats import RAW_TEXT_LIMIT, REJECT_SCHEMA, Dump
from flows.formats._entries import as_rejects
from flows.formats._page import NOT_UTF8

CHUNK_BYTES = 8 * 1024 * 1024
ROW_LIMIT = 32 * 1024 * 1024
"""A longer row is none: a quote is missing."""

SEPARATORS = ",;\t|"


@dataclass(frozen=True)
class Rows:
    """Rows of a chunk: `columns` has a column of text for each in the header; places and texts of
    the rows stand beside (ordinal 1-based in the chunk, line_start, line_end, line_total,
    raw_text); rejects as REJECT_SCHEMA."""

    columns: pl.DataFrame
    places: pl.DataFrame
    rejects: pl.DataFrame


def header(head: str) -> tuple[list[str], str]:
    """Return the column names in the first line of a text, and the separator."""
    line = next((line for line in head.lstrip("\ufeff").splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=line.count)
    names = next(csv.reader([line], delimiter=separator), [])
    return [name.strip() for name in names], separator


def read_csv(dump: Dump) -> Iterator[Rows]:
    """Yield the rows below the header."""
    with dump.open() as file:
        rest = file.read(CHUNK_BYTES).removeprefix(codecs.BOM_UTF8)
        names, separator = header(rest[:65536].decode("utf-8", errors="replace"))
        first = _row_ends(rest)
        line = 1
        if first.size:
            line += rest.count(b"\n", 0, int(first[0]))
            rest = rest[int(first[0]) :]
        else:
            rest = b""
        chunk = b" "
        while chunk:
            chunk = file.read(CHUNK_BYTES)
            rest += chunk
            ends = _row_ends(rest)
            if not chunk and rest and (not ends.size or ends[-1] < len(rest)):
                ends = np.append(ends, len(rest))
            if ends.size:
                yield _rows(rest, ends, line, names, separator)
                line += rest.count(b"\n", 0, int(ends[-1]))
                rest = rest[int(ends[-1]) :]
            elif len(rest) > ROW_LIMIT:
                yield _rows(rest[:RAW_TEXT_LIMIT], np.array([RAW_TEXT_LIMIT]), line, [], separator)
                return


def _row_ends(text: bytes) -> np.ndarray:
    """Return where rows end: behind the line feeds that an even number of quotes precedes."""
    signs = np.frombuffer(text, dtype=np.uint8)
    quotes = np.flatnonzero(signs == ord('"'))
    feeds = np.flatnonzero(signs == ord("\n"))
    ends: np.ndarray = feeds[np.searchsorted(quotes, feeds) % 2 == 0] + 1
    return ends


def _rows(text: bytes, ends: np.ndarray, line: int, names: list[str], separator: str) -> Rows:
    # A loop over rows: each is a slice of its own of the bytes read.
    starts = [0, *ends[:-1].tolist()]
    slices = [text[start:end] for start, end in zip(starts, ends.tolist(), strict=True)]
    feeds = np.array([each.count(b"\n") for each in slices], dtype=np.int64)
    first = line + np.concatenate(([0], np.cumsum(feeds)[:-1]))
    frame = pl.DataFrame(
        {
            "line_start": first,
            "line_end": np.maximum(first + feeds - 1, first),
            "raw_text": [each.decode("utf-8", errors="backslashreplace") for each in slices],
            "fields": _field_counts(text, ends, separator),
            "is_utf8": [_is_utf8(each) for each in slices],
        }
    ).with_columns(pl.col("raw_text").str.strip_chars_end("\r\n"))
    frame = (
        frame.with_row_index("slice")
        .filter(pl.col("raw_text").str.contains(r"\S"))
        .with_row_index("ordinal", offset=1)
        .with_columns(line_total=pl.col("line_end") - pl.col("line_start") + 1)
        .with_columns(
            check=pl.when(~pl.col("is_utf8"))
            .then(pl.lit("readable_encoding"))
            .when(pl.col("fields") != len(names))
            .then(pl.lit("column_count")),
            message=pl.when(~pl.col("is_utf8"))
            .then(pl.lit(NOT_UTF8))
            .otherwise(
                pl.format(
                    "The row has {} values where the header names {} columns: see whether a quote"
                    " or a separator is missing.",
                    "fields",
                    pl.lit(len(names)),
                )
            ),
        )
    )
    sound = frame.filter(pl.col("check").is_null())
    content = b"".join(slices[number].rstrip(b"\r\n") + b"\n" for number in sound["slice"])
    columns = [f"column_{number}" for number in range(len(names))]
    parsed = (
        pl.read_csv(
            io.BytesIO(content),
            has_header=False,
            separator=separator,
            schema=dict.fromkeys(columns, pl.String),
        )
        if content
        else pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    )
    rejects = frame.filter(pl.col("check").is_not_null())
    return Rows(
        columns=parsed,
        places=sound.select("ordinal", "line_start", "line_end", "line_total", "raw_text"),
        rejects=as_rejects(
            rejects.select(*(n for n in REJECT_SCHEMA if n in rejects.columns))
        ).with_columns(pl.col("raw_text").str.head(RAW_TEXT_LIMIT)),
    )


def _field_counts(text: bytes, ends: np.ndarray, separator: str) -> np.ndarray:
    """Return how many values each row has."""
    signs = np.frombuffer(text, dtype=np.uint8)
    quotes = np.flatnonzero(signs == ord('"'))
    found = np.flatnonzero(signs == ord(separator))
    found = found[np.searchsorted(quotes, found) % 2 == 0]
    rows = np.searchsorted(ends, found, side="right")
    return np.bincount(rows, minlength=len(ends))[: len(ends)] + 1


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
