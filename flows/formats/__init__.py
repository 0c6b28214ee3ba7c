"""The formats bibmill reads: one module per dump format, found by discovery.

A reader module has `FORMAT` (metadata), `sniff(head)` and `read(dump)`. Adding a format is one
module here and one golden sample. What several readers share stands in modules whose names begin
with an underscore. Readers give entries as printed; ids, validation and matching come later.
"""

from __future__ import annotations

import codecs
import datetime as dt
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol, cast

import polars as pl

from schemas import columns as c

HEAD_BYTES = 256 * 1024
RAW_TEXT_LIMIT = 20_000

ENTRY_SCHEMA = pl.Schema(
    {
        "ordinal": pl.Int64(),
        "line_start": pl.Int64(),
        "line_end": pl.Int64(),
        "line_total": pl.Int64(),
        "source_key": pl.String(),
        "version": pl.String(),
        "title": pl.String(),
        "abstract": pl.String(),
        "authors": pl.List(c.AUTHOR_STRUCT),
        "authors_complete": pl.Boolean(),
        "author_count": pl.Int32(),
        "affiliations": pl.List(pl.String()),
        "organization": pl.String(),
        "organization_slug": pl.String(),
        "category": pl.String(),
        "venue": pl.String(),
        "publisher": pl.String(),
        "publication_date": pl.Date(),
        "date_precision": pl.String(),
        "date_basis": pl.String(),
        "date_printed": pl.String(),
        "has_code": pl.Boolean(),
        "doi": pl.String(),
        "arxiv_id": pl.String(),
        "identifiers": pl.List(c.IDENTIFIER_STRUCT),
        "links": pl.List(pl.String()),
        "byline_printed": pl.String(),
        "raw_text": pl.String(),
    }
)
"""An entry as a reader gives it. `line_total` counts its non-blank lines.
`source_key` null: the digest of `raw_text` is used.
`byline_printed` not null: title and authors are still glued together in it."""

REJECT_SCHEMA = pl.Schema(
    {
        "ordinal": pl.Int64(),
        "line_start": pl.Int64(),
        "line_end": pl.Int64(),
        "line_total": pl.Int64(),
        "column": pl.String(),
        "check": pl.String(),
        "message": pl.String(),
        "raw_text": pl.String(),
    }
)

STATED_SCHEMA = pl.Schema(
    {
        "ordinal": pl.Int64(),
        "subject_type": pl.String(),
        "subject_name": pl.String(),
        "metric": pl.String(),
        "value": pl.Float64(),
    }
)
"""What a dump states: of the paper of an entry (`ordinal`), or of an author by name."""


@dataclass(frozen=True)
class Format:
    """A dump format: what it is, how it is recognised, and what it looks like."""

    name: str
    title: str
    recognised_by: str
    example: str


@dataclass(frozen=True)
class Dump:
    """A dump about to be read. `captured_on` is what source.toml says, if anything."""

    path: Path
    captured_on: dt.date | None = None


@dataclass(frozen=True)
class Batch:
    """A bounded part of a dump. The line counts are of the lines this batch took."""

    entries: pl.DataFrame
    rejects: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REJECT_SCHEMA))
    stated: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=STATED_SCHEMA))
    line_count: int = 0
    blank_line_count: int = 0
    furniture_line_count: int = 0


@dataclass(frozen=True)
class Reading:
    """What a reader says of the dump as a whole, and its batches, still to be drawn."""

    batches: Iterator[Batch]
    captured_on: dt.date | None = None
    captured_on_basis: str | None = None
    capture_year: int | None = None
    stated_count: int | None = None
    has_lines: bool = True


class Reader(Protocol):
    """What a module of this package offers."""

    FORMAT: Format

    def sniff(self, head: str) -> float:
        """Return how surely `head`, the text a dump begins with, is of this format: 0 to 1."""

    def read(self, dump: Dump) -> Reading:
        """Return the entries of `dump`, in batches."""


class UnknownFormatError(ValueError):
    """No reader recognises a dump; the message says why."""


@cache
def readers() -> dict[str, Reader]:
    """Return every reader by the name of its format, in alphabetical order."""
    modules = [
        importlib.import_module(f"{__name__}.{module.name}")
        for module in pkgutil.iter_modules(__path__)
        if not module.name.startswith("_")
    ]
    found = {module.FORMAT.name: cast(Reader, module) for module in modules}
    return dict(sorted(found.items()))


def recognise(path: Path, stated_format: str | None = None) -> Reader:
    """Return the reader for a dump, from its content; `stated_format`, the name of a reader in
    source.toml, overrules, but makes no text of what is none.

    Raises UnknownFormatError for an empty or binary file and for text that no reader knows, OSError
    where the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise UnknownFormatError("The file is empty: deliver it again, or remove it.")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnknownFormatError(
            "The file is UTF-16: convert it, for example with iconv -f utf-16 -t utf-8, and deliver"
            " it again."
        )
    if b"\0" in head:
        raise UnknownFormatError(
            "The file is binary (it has NUL bytes), not one of the text formats bibmill reads;"
            " see `bibmill formats`."
        )
    if stated_format is not None:
        return readers()[stated_format]
    text = head.decode("utf-8-sig", errors="replace")
    scores = {name: reader.sniff(text) for name, reader in readers().items()}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] <= 0.0:
        raise UnknownFormatError(
            "No reader recognises the content; see `bibmill formats`, or name the format in"
            " source.toml."
        )
    return readers()[best]
