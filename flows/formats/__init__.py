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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, cast

import polars as pl

from flows.archives import HEAD_BYTES as HEAD_BYTES
from schemas import columns as c

PARQUET_MAGIC = b"PAR1"
RAW_TEXT_LIMIT = 20_000

_PLACE: dict[str, pl.DataType] = {
    "ordinal": pl.Int64(),
    "line_start": pl.Int64(),
    "line_end": pl.Int64(),
    "line_total": pl.Int64(),
}
_PRINTED_IDENTIFIERS = pl.List(pl.Struct({"scheme": pl.String, "value": pl.String}))

ENTRY_SCHEMA = pl.Schema(
    {
        **_PLACE,
        "source_key": pl.String(),
        "part": pl.String(),
        "updated_at": pl.Datetime("us", "UTC"),
        "entry_type": pl.String(),
        "version": pl.String(),
        "versions": pl.List(c.VERSION_STRUCT),
        "title": pl.String(),
        "abstract": pl.String(),
        "authors": pl.List(c.AUTHOR_STRUCT),
        "authors_complete": pl.Boolean(),
        "author_count": pl.Int32(),
        "affiliations": pl.List(pl.String()),
        "organization": pl.String(),
        "organization_slug": pl.String(),
        "editors": pl.List(pl.String()),
        "category": pl.String(),
        "categories": pl.List(pl.String()),
        "venue": pl.String(),
        "volume": pl.String(),
        "issue": pl.String(),
        "pages": pl.String(),
        "publisher": pl.String(),
        "publication_date": pl.Date(),
        "date_precision": pl.String(),
        "date_basis": pl.String(),
        "date_printed": pl.String(),
        "has_code": pl.Boolean(),
        "doi": pl.String(),
        "arxiv_id": pl.String(),
        "identifiers": _PRINTED_IDENTIFIERS,
        "related": pl.List(c.RELATED_STRUCT),
        "links": pl.List(pl.String()),
        "note": pl.String(),
        "warnings": pl.List(c.WARNING_STRUCT),
        "byline_printed": pl.String(),
        "raw_text": pl.String(),
    }
)
"""An entry as a reader gives it. `line_total` counts its non-blank lines.
`source_key` null: the digest of `raw_text` is used. Identifiers, here and in `authors`, are as
printed; they are normalised when entries become records. `part`: the entry is a part of a record
that several files make, those of one source_key, and this is the name of the part.
`byline_printed` not null: title and authors are still glued together in it."""

PERSON_SCHEMA = pl.Schema(
    {
        **_PLACE,
        "source_key": pl.String(),
        "updated_at": pl.Datetime("us", "UTC"),
        "name": pl.String(),
        "aliases": pl.List(pl.String()),
        "orcid": pl.String(),
        "identifiers": _PRINTED_IDENTIFIERS,
        "affiliations": pl.List(pl.String()),
        "links": pl.List(pl.String()),
        "metrics": pl.List(c.METRIC_STRUCT),
        "raw_text": pl.String(),
    }
)
"""An entry about a person, in sources that curate authors; as printed."""

DELETION_SCHEMA = pl.Schema(
    {**_PLACE, "source_key": pl.String(), "updated_at": pl.Datetime("us", "UTC")}
)
"""A notice that the source no longer has an entry."""

REJECT_SCHEMA = pl.Schema(
    {
        **_PLACE,
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
    """A dump format: what it is, how it is recognised, and what it looks like.

    `delivery`: how a publisher delivers all it has: as one file, or as many. `keys`: whether a key
    names an entry in all the source delivers, or only in its dump, as citation keys do.
    """

    name: str
    title: str
    recognised_by: str
    example: str
    delivery: Literal["one_file", "many_files"] = "one_file"
    keys: Literal["source", "dump"] = "source"


@dataclass(frozen=True)
class Dump:
    """A dump, or a member of an archive, about to be read.

    `open` gives its content from the beginning, decompressed; drawing it twice costs as much again.
    `path` is the file itself, null for what is compressed. `captured_on` and `columns` are what
    source.toml says, if anything.
    """

    open: Callable[[], BinaryIO]
    path: Path | None = None
    captured_on: dt.date | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """A bounded part of a dump. The line counts are of the lines this batch took.

    Ordinals count entries, people, deletions and rejects together. `unknown_fields` are fields that
    the reader does not know, with the number of entries that have them.
    """

    entries: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ENTRY_SCHEMA))
    people: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PERSON_SCHEMA))
    deletions: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DELETION_SCHEMA))
    rejects: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REJECT_SCHEMA))
    stated: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=STATED_SCHEMA))
    unknown_fields: Mapping[str, int] = field(default_factory=dict)
    line_count: int = 0
    blank_line_count: int = 0
    furniture_line_count: int = 0


@dataclass(frozen=True)
class Reading:
    """What a reader says of the dump as a whole, and its batches, still to be drawn.

    The day and year of capture are what the content tells; that of source.toml holds without.
    """

    batches: Iterator[Batch]
    captured_on: dt.date | None = None
    captured_on_basis: str | None = None
    capture_year: int | None = None
    stated_count: int | None = None
    has_lines: bool = True
    """Whether every line is an entry's, furniture or blank, and the batches count them."""


class Reader(Protocol):
    """What a module of this package offers."""

    FORMAT: Format

    def sniff(self, head: str) -> float:
        """Return how surely `head`, the text a dump begins with, is of this format: 0 to 1."""

    def read(self, dump: Dump) -> Reading:
        """Return the entries of `dump`, in batches."""


class UnknownFormatError(ValueError):
    """No reader recognises a dump; the message says why."""


class RefusedContentError(ValueError):
    """A dump is dangerous to read on; the message says why."""


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


def recognise(head: bytes, stated_format: str | None = None) -> Reader:
    """Return the reader for the content that begins with `head`; `stated_format`, the name of a
    reader in source.toml, overrules, but makes no text of what is none.

    Raises UnknownFormatError for an empty or binary file and for text that no reader knows.
    """
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise UnknownFormatError("The file is empty: deliver it again, or remove it.")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnknownFormatError(
            "The file is UTF-16: convert it, for example with iconv -f utf-16 -t utf-8, and deliver"
            " it again."
        )
    # A few NUL bytes are damage to a text, which its reader deals with.
    is_binary = head.count(b"\0") > max(2, len(head) // 1000)
    if is_binary and not head.startswith(PARQUET_MAGIC):
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
