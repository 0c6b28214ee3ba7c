"""OAI-PMH: harvests in the metadata formats `oai_dc` and arXiv's own.

A harvest is read as harvesters save it: one response, many after another, or bare records. Deleted
records are notices of deletion. Records in other metadata formats (MARC, DataCite ...) are rejects
that name the format. Rights, languages and contributors, whose part nobody tells, are not read.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from lxml import etree

from flows.formats import (
    DELETION_SCHEMA,
    ENTRY_SCHEMA,
    HEAD_BYTES,
    RAW_TEXT_LIMIT,
    REJECT_SCHEMA,
    Batch,
    Dump,
    Format,
    Reading,
)
from flows.formats._entries import as_deletions, as_entries, as_rejects, numbered
from flows.formats._oai_metadata import mapped
from flows.formats._oai_pmh import Piece, fields, namespaces, parsed, pieces, text, texts
from flows.formats._page import NOT_UTF8
from flows.formats._values import moment
from flows.formats._xml import RefusedXmlError
from flows.normalize.links import links

FORMAT = Format(
    name="oai_pmh",
    title="OAI-PMH harvest (oai_dc, arXiv)",
    recognised_by="XML with OAI-PMH responses, or records with a header that has an identifier",
    example="<record><header><identifier>oai:arXiv.org:0704.0001</identifier></header><metadata>"
    "<oai_dc:dc>...</oai_dc:dc></metadata></record>",
    delivery="many_files",
)

BATCH_RECORDS = 2_000
BATCH_BYTES = 4 * 1024 * 1024
_TAIL_BYTES = 64 * 1024

_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?OAI-PMH[\s>]")
_BARE = re.compile(
    r"<(?:[\w.-]+:)?[Rr]ecord(?:\s[^<>]*)?>(?:\s|<!--[^>]*-->)*<(?:[\w.-]+:)?header[\s>]"
)
_ENTITIES = re.compile(rb"<!DOCTYPE[^<>]*\[[^\]]*<!ENTITY", re.IGNORECASE)
_RESPONSE_DATE = re.compile(r"<(?:[\w.-]+:)?responseDate>\s*(\d{4}-\d\d-\d\d)")
_REQUEST = re.compile(r"<(?:[\w.-]+:)?request(\s[^<>]*)?>")
_TOKEN = re.compile(r"<(?:[\w.-]+:)?resumptionToken(\s[^<>]*?)?(?:/>|>([^<]*)<)")
_LIST_SIZE = re.compile(r"completeListSize\s*=\s*[\"'](\d+)[\"']")
_ERROR = re.compile(
    rb"<(?:[\w.-]+:)?error\s[^<>]*?code\s*=\s*[\"'](\w+)[\"'][^<>]*?(?:/>|>([^<]*)<)"
)
_RESPONSE = re.compile(rb"<(/?)(?:[A-Za-z_][\w.-]*:)?OAI-PMH[\s>]")
_PART = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(?:header|metadata)[\s>]")

_SHELF = re.compile(
    r"(?:com|col|hdl)_\d|[\dA-F]{12,}$|(?:driver|openaire\w*|open_access|ec_fundedresources|user-.*)$"
)
"""Sets that are places of a repository, and no subjects."""

_ANSWERED = "The repository answered with the error {}: harvest again."
_STRAY = (
    "A header or metadata stand in no record, as in a list of identifiers, or where a tag is"
    " damaged: harvest records again."
)
_CUT = (
    "The last response is not closed: the dump is cut, or a tag is damaged. What stands before this"
    " place was read; harvest again."
)

_ROW = {
    **{name: ENTRY_SCHEMA[name] for name in ENTRY_SCHEMA},
    "updated_at": pl.String(),
}
_DELETION_ROW = {**DELETION_SCHEMA, "updated_at": pl.String()}


def sniff(head: str) -> float:
    """Return 0.95 for an OAI-PMH response, 0.9 for records with a header, else 0."""
    if not head.lstrip("\ufeff \t\r\n").startswith("<"):
        return 0.0
    return 0.95 if _ROOT.search(head) else 0.9 if _BARE.search(head) else 0.0


def read(dump: Dump) -> Reading:
    """Return entries and notices of deletion. Raises RefusedXmlError while batches are drawn."""
    with dump.open() as file:
        head = file.read(HEAD_BYTES).decode("utf-8", errors="replace")
    captured_on, basis = dump.captured_on, "source_toml" if dump.captured_on else None
    if captured_on is None and (responded := _RESPONSE_DATE.search(head)):
        captured_on, basis = _day(responded[1]), "printed"
    return Reading(
        batches=numbered(_batches(dump)),
        captured_on=captured_on,
        captured_on_basis=basis if captured_on else None,
        capture_year=captured_on.year if captured_on else None,
        stated_count=_stated_count(dump, head),
        has_lines=False,
    )


def _day(printed: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(printed)
    except ValueError:
        return None


def _stated_count(dump: Dump, head: str) -> int | None:
    """Return the number of records that the last response states of the whole list, where the dump
    begins with the first response and ends with the last; read from plain files alone."""
    request = _REQUEST.search(head)
    if dump.path is None or request is None or "resumptionToken" in (request[1] or ""):
        return None
    with dump.path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        tail = file.read().decode("utf-8", errors="replace")
    tokens = list(_TOKEN.finditer(tail))
    size = _LIST_SIZE.search(tokens[-1][1] or "") if tokens else None
    is_whole = bool(tokens) and not (tokens[-1][2] or "").strip()
    return int(size[1]) if size and is_whole else None


@dataclass
class _Read:
    """Rows of a batch that is being read."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    deletions: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)

    def ordinal(self) -> int:
        """Return the number of the next record."""
        return len(self.entries) + len(self.deletions) + len(self.rejects) + 1


def _batches(dump: Dump) -> Iterator[Batch]:
    declared: dict[bytes, bytes] = {}
    records: list[Piece] = []
    size = open_count = 0
    last: Piece | None = None
    for last in pieces(dump):
        if last.is_record:
            records.append(last)
            size += len(last.text)
            if len(records) < BATCH_RECORDS and size < BATCH_BYTES:
                continue
        faults = [] if last.is_record else _faults(last)
        found = {} if last.is_record else namespaces(last.text)
        open_count += 0 if last.is_record else _opened(last.text)
        if records and (last.is_record or faults or not found.items() <= declared.items()):
            yield _batch(records, declared)
            records, size = [], 0
        if faults:
            yield Batch(rejects=_rejects(faults))
        declared |= found
    if records:
        yield _batch(records, declared)
    if last is not None and open_count > 0 and not _is_cut(last):
        last_line = last.text.rstrip().rfind(b"\n") + 1
        yield Batch(rejects=_rejects([_fault(last, "complete_dump", _CUT, last_line)]))


def _is_cut(piece: Piece) -> bool:
    """Tell whether a piece is a record without its end, a reject already."""
    return piece.is_record and not piece.text.endswith((b"ecord>", b"/>"))


def _opened(envelope: bytes) -> int:
    """Return how many more responses begin than end in what stands between records."""
    tags = _RESPONSE.findall(envelope)
    return len(tags) - 2 * tags.count(b"/")


def _faults(piece: Piece) -> list[dict[str, Any]]:
    """Return rejects for the errors that a repository answered with, and for parts of records that
    stand in none. Raises RefusedXmlError."""
    if _ENTITIES.search(piece.text):
        message = (
            "The XML declares entities of its own, which are not expanded, as they can point to"
            " other files or grow without bound: deliver it with characters in their place."
        )
        raise RefusedXmlError(message)
    faults = [
        _fault(piece, "answered_request", _ANSWERED.format(each[1].decode()), *each.span())
        for each in _ERROR.finditer(piece.text)
        if each[1] != b"noRecordsMatch"
    ]
    if part := _PART.search(piece.text):
        faults.append(_fault(piece, "recognised_text", _STRAY, part.start(), len(piece.text)))
    return [{**fault, "ordinal": number} for number, fault in enumerate(faults, start=1)]


def _fault(
    piece: Piece, check: str, message: str, start: int, end: int | None = None
) -> dict[str, Any]:
    """Return a reject for a part of a piece."""
    raw_text = piece.text[start:end].rstrip()
    line = piece.line + piece.text.count(b"\n", 0, start)
    return {
        "ordinal": 1,
        "line_start": line,
        "line_end": line + raw_text.count(b"\n"),
        "line_total": raw_text.count(b"\n") + 1,
        "check": check,
        "message": message,
        "raw_text": raw_text.decode("utf-8", errors="backslashreplace"),
    }


def _rejects(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return as_rejects(pl.DataFrame(rows, schema=REJECT_SCHEMA)).with_columns(
        pl.col("raw_text").str.head(RAW_TEXT_LIMIT)
    )


def _batch(records: list[Piece], declared: dict[bytes, bytes]) -> Batch:
    read = _Read()
    # A loop over records: an element is nested and repeated, which no column expression reads.
    for piece, element in zip(
        records, parsed([piece.text for piece in records], declared), strict=True
    ):
        _add(read, piece, element)
    texts_of_entry = pl.concat_str("abstract", "note", separator=" ", ignore_nulls=True)
    is_linked = texts_of_entry.str.contains("://", literal=True)
    entries = pl.DataFrame(read.entries, schema=_ROW).with_columns(
        updated_at=moment(pl.col("updated_at")),
        links=pl.concat_list(
            pl.col("links").fill_null([]),
            links(pl.when(is_linked).then(texts_of_entry)).fill_null([]),
        ).list.unique(maintain_order=True),
    )
    return Batch(
        entries=as_entries(
            entries.with_columns(links=pl.when(pl.col("links").list.len() > 0).then("links"))
        ),
        deletions=as_deletions(
            pl.DataFrame(read.deletions, schema=_DELETION_ROW).with_columns(
                updated_at=moment(pl.col("updated_at"))
            )
        ),
        rejects=_rejects(read.rejects),
        unknown_fields=dict(sorted(read.unknown.items())),
    )


def _add(read: _Read, piece: Piece, element: etree._Element | str) -> None:
    """Add what a record is to the rows."""
    place = {
        "ordinal": read.ordinal(),
        "line_start": piece.line,
        "line_end": piece.line_end,
        "line_total": sum(1 for line in piece.text.split(b"\n") if line.strip()),
    }
    fault: tuple[str, str]
    if isinstance(element, str):
        fault = _malformed(piece.text, element)
    else:
        parts = fields(element)
        headers = parts.get("header", ())
        header = fields(headers[0]) if headers else {}
        told = {"source_key": text(header, "identifier"), "updated_at": text(header, "datestamp")}
        # Up to version 1.1 of the protocol the record said it, not its header.
        states = {element.get("status"), *(each.get("status") for each in headers)}
        if "deleted" in states and told["source_key"]:
            read.deletions.append({**place, **told})
            return
        content = [child for each in parts.get("metadata", ()) for child in each]
        found = mapped(content[0]) if content else None
        if found is not None:
            row, unknown = found
            read.unknown.update(unknown)
            sets = [each for each in texts(header, "setSpec") if not _SHELF.match(each)]
            if row.get("categories") is None and sets:
                row |= {"categories": sets, "category": sets[0]}
            is_bare = told["source_key"] is None or not (row["title"] or row["abstract"])
            raw = piece.text.decode(errors="replace")[:RAW_TEXT_LIMIT] if is_bare else None
            read.entries.append({**place, **told, **row, "raw_text": raw})
            return
        fault = _unread(content)
    check, message = fault
    raw_text = piece.text.decode("utf-8", errors="backslashreplace")
    read.rejects.append({**place, "check": check, "message": message, "raw_text": raw_text})


def _malformed(printed: bytes, why: str) -> tuple[str, str]:
    try:
        printed.decode("utf-8")
    except UnicodeDecodeError:
        return "readable_encoding", NOT_UTF8
    return "valid_xml", f"The record is not well-formed XML ({why}): harvest it again."


def _unread(content: list[etree._Element]) -> tuple[str, str]:
    if not content:
        return "has_metadata", "The record has no metadata and is not deleted: harvest it again."
    name = etree.QName(content[0])
    return (
        "known_metadata",
        f"The metadata are in the format '{name.localname}' of {name.namespace or 'no namespace'},"
        " which is not read: harvest with the metadataPrefix oai_dc.",
    )
