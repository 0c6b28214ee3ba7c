"""Reading pages: lines in bounded chunks, cut into entries, with every line accounted for.

A page reader brings an expression that tells the line an entry begins with, and a function from
lines to a batch; the rest is here. What an entry means is the reader's business.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from flows.formats import RAW_TEXT_LIMIT, REJECT_SCHEMA, Dump
from flows.normalize.text import NO_INK

CHUNK_BYTES = 8 * 1024 * 1024
CHUNK_LINES = 100_000
LINE_LIMIT = 2 * 1024 * 1024

NUMBER = r"\d[\d,]*(?:\.\d+)?[KkM]?"
"""A number as pages print it."""

LINES_SCHEMA = pl.Schema({"line": pl.Int64(), "text": pl.String(), "flaw": pl.String()})
"""A line of a page: number, text, and null, 'encoding' or 'length' where it could not be read."""


def read_lines(dump: Dump) -> Iterator[pl.DataFrame]:
    """Yield the lines of a page in chunks of about 8 MB (see `LINES_SCHEMA`).

    Lines end with LF or CRLF; a byte order mark is dropped. Bytes that are not UTF-8 are shown as
    escapes; of a line over the limit only the beginning is kept.
    """
    number = 1
    rest = b""
    overlong = False
    with dump.open() as file:
        rest = file.read(3).removeprefix(codecs.BOM_UTF8)
        while chunk := file.read(CHUNK_BYTES):
            *complete, rest = (rest + chunk).split(b"\n")
            if complete:
                yield _lines(complete, number, first_overlong=overlong)
                number += len(complete)
                overlong = False
            if len(rest) > LINE_LIMIT:
                rest, overlong = rest[:LINE_LIMIT], True
        if rest:
            yield _lines([rest], number, first_overlong=overlong)


def _lines(lines: list[bytes], number: int, *, first_overlong: bool) -> pl.DataFrame:
    # A loop over lines only where bytes are damaged or overlong; else one decode for all.
    flaws: list[str | None] = [None] * len(lines)
    for place, line in enumerate(lines):
        if len(line) > LINE_LIMIT or (place == 0 and first_overlong):
            flaws[place] = "length"
            lines[place] = line[:RAW_TEXT_LIMIT]
    try:
        texts = b"\n".join(lines).decode("utf-8").split("\n")
    except UnicodeDecodeError:
        texts = []
        for place, line in enumerate(lines):
            try:
                texts.append(line.decode("utf-8"))
            except UnicodeDecodeError:
                texts.append(line.decode("utf-8", errors="backslashreplace"))
                flaws[place] = flaws[place] or "encoding"
    return pl.DataFrame(
        {
            "line": pl.int_range(number, number + len(texts), eager=True, dtype=pl.Int64),
            "text": pl.Series(texts, dtype=pl.String).str.strip_suffix("\r"),
            "flaw": pl.Series(flaws, dtype=pl.String),
        },
        schema=LINES_SCHEMA,
    )


def whole_entries(dump: Dump, begins_entry: pl.Expr) -> Iterator[pl.DataFrame]:
    """Yield the lines of a page in chunks that end where an entry ends.

    `begins_entry` marks, among non-blank lines, the ones an entry begins with.
    """
    carried = pl.DataFrame(schema=LINES_SCHEMA)
    for lines in read_lines(dump):
        if carried.height > CHUNK_LINES or carried.estimated_size() > CHUNK_BYTES:
            starts = carried.filter(begins_entry.fill_null(value=False))["line"]
            if starts.len() > 1:
                cut = int(starts[-1])
                yield carried.filter(pl.col("line") < cut)
                carried = carried.filter(pl.col("line") >= cut)
        carried = pl.concat([carried, lines])
    if carried.height:
        yield carried


def is_blank(text: pl.Expr) -> pl.Expr:
    """Tell whether a line shows nothing."""
    return text.str.contains(rf"^{NO_INK}*$")


def entries_of(lines: pl.DataFrame, **facts: pl.Expr) -> pl.DataFrame:
    """Return one row per `entry`: ordinal, place, raw_text, flaw, and `facts` of its lines.

    `lines` has the columns of `LINES_SCHEMA` and `entry`, without blank lines, in order.
    """
    return (
        lines.group_by("entry")
        .agg(
            line_start=pl.col("line").min(),
            line_end=pl.col("line").max(),
            line_total=pl.len(),
            raw_text=pl.col("text").str.join("\n"),
            flaw=pl.col("flaw").drop_nulls().first(),
            **facts,
        )
        .sort("entry")
        .with_row_index("ordinal", offset=1)
    )


@dataclass(frozen=True)
class Fault:
    """Why an entry is rejected: where that holds, the name of the check, and the message."""

    holds: pl.Expr
    check: str
    message: str | pl.Expr


NOT_UTF8 = (
    "The entry has bytes that are not UTF-8 (shown as \\x..): convert the dump, for example with"
    " iconv -f latin1 -t utf-8, and deliver it again."
)

FLAWS = (
    Fault(pl.col("flaw") == "encoding", "readable_encoding", NOT_UTF8),
    Fault(
        pl.col("flaw") == "length",
        "readable_length",
        f"The entry has a line of over {LINE_LIMIT:,} bytes, which no page prints; its beginning is"
        " kept here.",
    ),
)


def told_apart(entries: pl.DataFrame, *faults: Fault) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the entries without a fault, and the others as rejects (REJECT_SCHEMA).

    An entry is rejected for its first fault; lines that could not be read come before all others.
    """
    every = (*FLAWS, *faults)
    messages = [pl.lit(f.message) if isinstance(f.message, str) else f.message for f in every]
    told = entries.with_columns(
        column=pl.lit(None, pl.String),
        check=pl.coalesce(pl.when(fault.holds).then(pl.lit(fault.check)) for fault in every),
        message=pl.coalesce(
            pl.when(fault.holds).then(message)
            for fault, message in zip(every, messages, strict=True)
        ),
    )
    rejects = told.drop_nulls("check").with_columns(pl.col("raw_text").str.head(RAW_TEXT_LIMIT))
    return (
        told.filter(pl.col("check").is_null()),
        rejects.select(list(REJECT_SCHEMA)).cast(REJECT_SCHEMA),
    )


def as_number(printed: pl.Expr) -> pl.Expr:
    """Return a printed `NUMBER` as Float64: `17,969` as 17969, `1.2K` as 1200; else null."""
    factor = printed.str.extract(r"([KkM])$").replace_strict(
        {"K": 1e3, "k": 1e3, "M": 1e6}, default=1.0, return_dtype=pl.Float64
    )
    plain = printed.str.replace_all(r"[,KkM]", "").cast(pl.Float64, strict=False)
    return (plain * factor.fill_null(1.0)).round(6)


def blank_lines(lines: pl.DataFrame) -> int:
    """Return how many of the lines are blank."""
    return int(lines.select(is_blank(pl.col("text")).sum()).item())
