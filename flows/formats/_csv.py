"""Reading CSV: rows of a dump in bounded chunks, with their lines, as columns of text.

RFC 4180, with the separator that the first line uses most. Where quotes break its rules, the lines
are read one by one, so that a stray quote costs its own row. What a column means is the reader's
business.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from flows.formats import RAW_TEXT_LIMIT, Dump, RefusedContentError
from flows.formats._entries import as_rejects
from flows.formats._page import NOT_UTF8

CHUNK_BYTES = 8 * 1024 * 1024
ROW_LIMIT = 16 * 1024 * 1024
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
    """Return the column names in the first row of a text, and the separator."""
    text = head.removeprefix("\ufeff").lstrip("\r\n")
    separator = max(SEPARATORS, key=text.partition("\n")[0].count)
    lines = text[:65536].replace("\r\n", "\n").replace("\r", "\n")
    names = next(csv.reader(io.StringIO(lines), delimiter=separator), [])
    return [name.strip() for name in names], separator


def read_csv(dump: Dump) -> Iterator[Rows]:
    """Yield the rows below the header. Raises RefusedContentError where lines do not end with a
    line feed."""
    with dump.open() as file:
        rest = file.read(CHUNK_BYTES).removeprefix(codecs.BOM_UTF8)
        bare = rest.lstrip(b"\r\n")
        line = 1 + rest.count(b"\n", 0, len(rest) - len(bare))
        names, separator = header(bare[:65536].decode("utf-8", errors="replace"))
        ends = _row_ends(bare)
        if not ends.size and (b"\r" in bare or len(bare) >= CHUNK_BYTES):
            raise RefusedContentError(
                "The lines of the table do not end with a line feed: convert it, for example with"
                " tr '\\r' '\\n', and deliver it again."
            )
        first = int(ends[0]) if ends.size else len(bare)
        line += bare.count(b"\n", 0, first)
        rest = bare[first:]
        chunk = b" "
        while chunk:
            chunk = file.read(CHUNK_BYTES)
            rest += chunk
            ends = _row_ends(rest)
            if not chunk and rest and (not ends.size or ends[-1] < len(rest)):
                ends = np.append(ends, len(rest))
            if not ends.size and len(rest) > ROW_LIMIT:
                ends = np.array([rest.rfind(b"\n") + 1 or len(rest)])
            if ends.size:
                yield _rows(rest, ends, line, names, separator)
                line += rest.count(b"\n", 0, int(ends[-1]))
                rest = rest[int(ends[-1]) :]


def _row_ends(text: bytes) -> np.ndarray:
    """Return where rows end: behind the line feeds that an even number of quotes precedes."""
    signs = np.frombuffer(text, dtype=np.uint8)
    quotes = np.flatnonzero(signs == ord('"'))
    feeds = np.flatnonzero(signs == ord("\n"))
    ends: np.ndarray = feeds[np.searchsorted(quotes, feeds) % 2 == 0] + 1
    return ends


def _rows(text: bytes, ends: np.ndarray, line: int, names: list[str], separator: str) -> Rows:
    rows = _by_rules(text, ends, line)
    quoted = '"(?:[^"]|"")*"'
    plain = f'[^"\r\n{re.escape(separator)}]*'
    value = f"(?:{quoted}|{plain})"
    has_quotes = pl.col("raw_text").str.contains('"', literal=True)
    follows = pl.col("raw_text").str.contains(f"^{value}(?:{re.escape(separator)}{value})*$")
    is_broken = rows.filter(has_quotes).filter(~follows)
    kept = rows.join(is_broken, on="line_start", how="anti").with_columns(
        values=pl.lit(None, pl.List(pl.String))
    )
    told = (
        pl.concat([kept, _by_lines(is_broken, separator)])
        .filter(pl.col("raw_text").str.contains(r"\S"))
        .sort("line_start")
        .with_columns(
            ordinal=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
            line_total=pl.col("line_end") - pl.col("line_start") + 1,
        )
    )
    found = _value_counts(told["raw_text"], separator)
    told = told.with_columns(
        found=pl.when("keeps_rules").then(found).otherwise(pl.col("values").list.len())
    ).with_columns(_faults(len(names)))
    sound = told.filter(pl.col("check").is_null())
    return Rows(
        columns=_columns(sound, len(names), separator),
        places=sound.select("ordinal", "line_start", "line_end", "line_total", "raw_text"),
        rejects=as_rejects(
            told.filter(pl.col("check").is_not_null()).select(
                "ordinal", "line_start", "line_end", "line_total", "check", "message", "raw_text"
            )
        ).with_columns(pl.col("raw_text").str.head(RAW_TEXT_LIMIT)),
    )


def _by_rules(text: bytes, ends: np.ndarray, line: int) -> pl.DataFrame:
    """Return the rows between the ends: line_start, line_end, raw_text, is_utf8, keeps_rules."""
    feeds = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
    offsets = np.concatenate(([0], ends)).astype(np.int64)
    text = text[: offsets[-1]]
    if _is_utf8(text):
        rows = pl.Series(
            pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text))
        )
        are_utf8 = pl.Series([True]).new_from_index(0, len(ends))
    else:
        # A loop over rows only where bytes are damaged.
        parts = [text[start:end] for start, end in itertools.pairwise(offsets.tolist())]
        rows = pl.Series([part.decode("utf-8", errors="backslashreplace") for part in parts])
        are_utf8 = pl.Series([_is_utf8(part) for part in parts])
    return pl.DataFrame(
        {
            "line_start": line + np.searchsorted(feeds, offsets[:-1]),
            "line_end": line + np.searchsorted(feeds, offsets[1:] - 1),
            "raw_text": rows.str.strip_chars_end("\r\n"),
            "is_utf8": are_utf8,
            "keeps_rules": pl.Series([True]).new_from_index(0, len(ends)),
        }
    )


def _by_lines(rows: pl.DataFrame, separator: str) -> pl.DataFrame:
    """Return each line of rows that break the rules as a row of its own, with its values."""
    lines = (
        rows.with_columns(pl.col("raw_text").str.split("\n"))
        .with_columns(place=pl.int_ranges(0, pl.col("raw_text").list.len()))
        .explode("raw_text", "place")
        .with_columns(
            pl.col("raw_text").str.strip_chars_end("\r"),
            line_start=pl.col("line_start") + pl.col("place"),
            line_end=pl.col("line_start") + pl.col("place"),
            keeps_rules=pl.lit(value=False),
        )
        .drop("place")
    )
    # A loop over these lines alone: no kernel reads what breaks the rules.
    values = [_loosely(line, separator) for line in lines["raw_text"]]
    return lines.with_columns(values=pl.Series(values, dtype=pl.List(pl.String)))


def _loosely(row: str, separator: str) -> list[str] | None:
    """Return the values of a line whose quotes break the rules; null where one is not closed."""
    if re.search(rf'(?:^|{re.escape(separator)})"[^"]*$', row):
        return None
    try:
        return next(csv.reader([row], delimiter=separator), None)
    except csv.Error:
        return None


def _value_counts(rows: pl.Series, separator: str) -> pl.Series:
    """Return how many values rows that keep the rules have."""
    bare = rows.str.replace_all('"(?:[^"]|"")*"', "")
    return (bare.str.count_matches(re.escape(separator)) + 1).cast(pl.UInt32)


def _faults(expected: int) -> list[pl.Expr]:
    found = pl.col("found")
    faults: tuple[tuple[str, pl.Expr, pl.Expr], ...] = (
        ("readable_encoding", ~pl.col("is_utf8"), pl.lit(NOT_UTF8)),
        (
            "closed_quotes",
            found.is_null(),
            pl.lit("A quote in the row is not closed: close it, or write it twice."),
        ),
        (
            "column_count",
            found != expected,
            pl.format(
                "The number of values in the row is {}, the header names {}: see whether a quote or"
                " a separator is missing.",
                found,
                pl.lit(expected),
            ),
        ),
    )
    return [
        pl.coalesce(pl.when(holds).then(pl.lit(check)) for check, holds, _ in faults).alias(
            "check"
        ),
        pl.coalesce(pl.when(holds).then(message) for _, holds, message in faults).alias("message"),
    ]


def _columns(sound: pl.DataFrame, count: int, separator: str) -> pl.DataFrame:
    """Return the values of sound rows as columns of text, in order."""
    schema: dict[str, Any] = {f"column_{number}": pl.String for number in range(count)}
    by_rules = sound.filter("keeps_rules")
    content = by_rules["raw_text"].str.join("\n").item() if by_rules.height else ""
    strictly = (
        pl.read_csv(
            io.BytesIO((content + "\n").encode()),
            has_header=False,
            separator=separator,
            schema=schema,
        )
        if content
        else pl.DataFrame(schema=schema)
    )
    if strictly.height != by_rules.height:
        # Polars leaves out what it takes for blank lines; the library of Python does not.
        values = [next(csv.reader([row], delimiter=separator)) for row in by_rules["raw_text"]]
        strictly = pl.DataFrame(values, schema=schema, orient="row")
    loosely = sound.filter(~pl.col("keeps_rules"))
    if loosely.is_empty():
        return strictly
    values = loosely["values"].to_list()
    together = pl.concat([strictly, pl.DataFrame(values, schema=schema, orient="row")])
    order = pl.concat([by_rules["ordinal"], loosely["ordinal"]])
    return together.with_columns(order.alias("_order")).sort("_order").drop("_order")


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
