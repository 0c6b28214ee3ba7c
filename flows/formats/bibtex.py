"""BibTeX and BibLaTeX: the `.bib` files of reference managers and authors.

bibtexparser finds entries and fields; `_bibtex` reads their values. LaTeX stays as printed. Text
between entries is a comment, as BibTeX has it; what looks like an entry and is none is a reject.
What an entry would inherit by `crossref` is not copied into it: `related` says where it is.
"""

from __future__ import annotations

import codecs
import datetime as dt
import logging
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import polars as pl

from flows.formats import ENTRY_SCHEMA, RAW_TEXT_LIMIT, Batch, Dump, Format, Reading
from flows.formats._bibtex import MONTHS, names, printed_date, unbraced, value
from flows.formats._entries import as_entries, as_rejects, numbered
from flows.formats._page import NOT_UTF8
from flows.normalize.links import links
from schemas.columns import EARLIEST_PUBLICATION, LATEST_PUBLICATION

FORMAT = Format(
    name="bibtex",
    title="BibTeX and BibLaTeX (.bib)",
    recognised_by="entries such as @article{key, with field = value",
    example="@article{doe2017,\n  author = {Doe, Jane and others},\n  title = {An Example},\n"
    "  journal = {Journal of Examples},\n  year = 2017\n}",
    keys="dump",
)

CHUNK_BYTES = 2 * 1024 * 1024
_ENTRY_START = re.compile(rb"\n[ \t]*@[ \t]*[A-Za-z]+\s*[{(]")
_LOOKS_LIKE_ENTRY = re.compile(r"^\s*@\s*[A-Za-z]+", re.MULTILINE)
_KIND = re.compile(r"^[ \t]*@[ \t]*([A-Za-z]+)\s*[{(]", re.MULTILINE)
_FIELD = re.compile(r"(?:^|,)\s*[A-Za-z_-]+\s*=\s*[{\"\w]", re.MULTILINE)

_TEXTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("abstract", ("abstract",)),
    ("venue", ("journal", "journaltitle", "booktitle", "maintitle")),
    ("volume", ("volume",)),
    ("issue", ("number", "issue")),
    ("pages", ("pages", "eid")),
    ("publisher", ("publisher", "school", "institution", "organization")),
    ("doi", ("doi",)),
    ("category", ("primaryclass", "eprintclass")),
    ("note", ("note", "annote", "annotation", "addendum")),
    ("url", ("url", "howpublished")),
)
"""Columns, and the fields that fill them; of several, the first that is there."""

_IDENTIFIERS = ("pmid", "pmcid", "isbn", "issn")
_KNOWN = {
    *(name for _, fields in _TEXTS for name in fields), *_IDENTIFIERS, "title", "subtitle",
    "author", "editor", "year", "month", "day", "date", "eprint", "archiveprefix", "eprinttype",
    "crossref", "address", "location", "series", "edition", "chapter", "type", "key", "keywords",
    "language", "langid", "file", "timestamp", "biburl", "bibsource", "urldate", "copyright",
    "shorttitle", "booksubtitle", "eventtitle", "venue", "numpages", "pagetotal", "translator",
    "issuetitle", "shortjournal", "rights", "owner", "issue_date", "articleno", "comment", "groups",
}  # fmt: skip

_ARXIV = re.compile(
    r"(?i)\b(?:arxiv[\s:.]*(?:preprint\s+)?(?:arxiv[:\s]*)?|abs/)"
    r"(\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?)"
)
_PREPRINT_VENUE = re.compile(r"(?i)\b(arxiv|corr|biorxiv|medrxiv|preprint)\b")
_PUBLISHED = {
    "article", "inproceedings", "conference", "incollection", "book", "inbook", "proceedings",
    "collection", "phdthesis", "mastersthesis", "thesis", "techreport", "report",
}  # fmt: skip

_ROW = {name: dtype for name, dtype in ENTRY_SCHEMA.items() if name != "links"} | {
    "url": pl.String()
}
_REJECT_ROW = {
    name: ENTRY_SCHEMA[name]
    for name in ("ordinal", "line_start", "line_end", "line_total", "raw_text")
} | {"check": pl.String(), "message": pl.String()}


def sniff(head: str) -> float:
    """Return 0.9 for text with BibTeX entries at the beginnings of lines, else 0."""
    kinds = {kind.lower() for kind in _KIND.findall(head)}
    is_entry = bool(kinds - {"comment", "preamble", "string"})
    return 0.9 if "string" in kinds or (is_entry and _FIELD.search(head)) else 0.0


def read(dump: Dump) -> Reading:
    """Return the entries; of several with one key, each is an entry."""
    return Reading(
        batches=numbered(_batches(dump)),
        captured_on=dump.captured_on,
        captured_on_basis="source_toml" if dump.captured_on else None,
        capture_year=dump.captured_on.year if dump.captured_on else None,
        has_lines=False,
    )


def _batches(dump: Dump) -> Iterator[Batch]:
    strings = {month: month for month in MONTHS}
    for content, first_line in _chunks(dump):
        yield _batch(content, first_line, strings)


def _chunks(dump: Dump) -> Iterator[tuple[bytes, int]]:
    """Yield the file in pieces that begin with an entry, with the number of their first line."""
    line = 1
    with dump.open() as file:
        rest = file.read(3).removeprefix(codecs.BOM_UTF8)
        while chunk := file.read(CHUNK_BYTES):
            rest += chunk
            starts = [match.start() + 1 for match in _ENTRY_START.finditer(rest)]
            if starts and len(rest) >= CHUNK_BYTES:
                yield rest[: starts[-1]], line
                line += rest.count(b"\n", 0, starts[-1])
                rest = rest[starts[-1] :]
        if rest.strip():
            yield rest, line


def _batch(content: bytes, first_line: int, strings: dict[str, str]) -> Batch:
    """Return the entries of a piece of the file; `strings` learns its abbreviations."""
    from bibtexparser import model
    from bibtexparser.splitter import Splitter

    # What it has to say of malformed entries becomes a reject here.
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)
    flawed = _flawed_lines(content)
    text = content.decode("utf-8", errors="backslashreplace")
    entries: list[dict[str, Any]] = []
    rejects: list[dict[str, Any]] = []
    unknown: Counter[str] = Counter()
    # A loop over entries: BibTeX is nested text, which no column expression parses.
    for block in Splitter(text).split().blocks:
        # An entry with a key or a field twice is one all the same.
        whole = getattr(block, "ignore_error_block", None) or block
        if isinstance(whole, model.String):
            strings[whole.key.lower()], _ = value(str(whole.value), strings)
            continue
        place = _place(block, len(entries) + len(rejects) + 1, first_line)
        if fault := _fault(whole, place, first_line, flawed):
            rejects.append({**place, **fault})
        elif isinstance(whole, model.Entry):
            entries.append({**place, **_entry(whole, strings)})
            unknown.update({field.key.lower() for field in whole.fields} - _KNOWN)
    frame = pl.DataFrame(entries, schema=_ROW)
    texts = pl.concat_str("url", "abstract", "note", separator=" ", ignore_nulls=True)
    return Batch(
        entries=as_entries(frame.with_columns(links=links(texts))),
        rejects=as_rejects(pl.DataFrame(rejects, schema=_REJECT_ROW)).with_columns(
            pl.col("raw_text").str.head(RAW_TEXT_LIMIT)
        ),
        unknown_fields=dict(sorted(unknown.items())),
    )


def _flawed_lines(content: bytes) -> set[int]:
    """Return the 0-based lines with bytes that are not UTF-8."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        lines = content.split(b"\n")
        readable = (line.decode("utf-8", errors="ignore").encode() for line in lines)
        return {n for n, (a, b) in enumerate(zip(lines, readable, strict=True)) if a != b}
    return set()


def _place(block: Any, ordinal: int, first_line: int) -> dict[str, Any]:
    raw = (block.raw or "").rstrip()
    start = first_line + (block.start_line or 0)
    lines = raw.split("\n")
    return {
        "ordinal": ordinal,
        "line_start": start,
        "line_end": start + len(lines) - 1,
        "line_total": sum(1 for line in lines if line.strip()),
        "raw_text": raw,
    }


def _fault(
    block: Any, place: dict[str, Any], first_line: int, flawed: set[int]
) -> dict[str, str] | None:
    """Return check and message of what is no entry but looks like one; null for the rest."""
    from bibtexparser import model

    is_comment = isinstance(block, model.ImplicitComment)
    if isinstance(block, model.ExplicitComment | model.Preamble) or (
        is_comment and not _LOOKS_LIKE_ENTRY.search(place["raw_text"])
    ):
        return None
    lines = range(place["line_start"] - first_line, place["line_end"] - first_line + 1)
    if flawed and not flawed.isdisjoint(lines):
        return {"check": "readable_encoding", "message": NOT_UTF8}
    if isinstance(block, model.Entry):
        return None
    error = getattr(block, "error", None)
    why = getattr(error, "abort_reason", None) or error or "it needs a type, a brace, a key, fields"
    why = " ".join(str(why).split()).rstrip(".")
    return {
        "check": "valid_bibtex",
        "message": f"The entry is malformed ({why}): mend its braces, quotes or commas.",
    }


def _entry(block: Any, strings: dict[str, str]) -> dict[str, Any]:
    """Return the columns of an entry."""
    fields: dict[str, str] = {}
    unknown: list[str] = []
    twice: list[str] = []
    for field in block.fields:
        text, missing = value(str(field.value), strings)
        unknown += missing
        if fields.setdefault(field.key.lower(), text) != text:
            twice.append(f"{field.key} = {text}")
    row: dict[str, Any] = {
        column: unbraced(found)
        for column, options in _TEXTS
        if (found := next((fields[name] for name in options if fields.get(name, "").strip()), ""))
    }
    title = unbraced(fields.get("title", "")).strip()
    subtitle = unbraced(fields.get("subtitle", "")).strip()
    authors, is_complete = names(fields.get("author", ""))
    warnings = [
        *(_warning("undefined_string", "The abbreviation is not defined.", w) for w in unknown),
        *(_warning("field_once", "The field stands twice; the first counts.", w) for w in twice),
    ]
    arxiv_id = _arxiv_id(fields)
    kind = block.entry_type.lower()
    is_preprint = arxiv_id and (
        not row.get("venue") or _PREPRINT_VENUE.search(row["venue"]) is not None
    )
    date = _date(fields)
    return {
        **row,
        **date,
        "source_key": block.key,
        "entry_type": kind,
        "version": "preprint" if is_preprint else "published" if kind in _PUBLISHED else None,
        "title": ": ".join(part for part in (title, subtitle) if part),
        "authors": authors or None,
        "authors_complete": is_complete if authors else None,
        "editors": [each["name"] for each in names(fields.get("editor", ""))[0]] or None,
        "categories": [row["category"]] if row.get("category") else None,
        "arxiv_id": arxiv_id,
        "identifiers": [
            {"scheme": name, "value": fields[name]}
            for name in _IDENTIFIERS
            if fields.get(name, "").strip()
        ]
        or None,
        "related": [
            {
                "relation": "is_part_of",
                "scheme": "citation_key",
                "value": fields["crossref"].strip(),
            }
        ]
        if fields.get("crossref", "").strip()
        else None,
        "warnings": [*warnings, *date.get("warnings", [])] or None,
    }


def _arxiv_id(fields: dict[str, str]) -> str | None:
    """Return the arXiv identifier, from `eprint` or from what stands in other fields."""
    archive = (fields.get("archiveprefix") or fields.get("eprinttype") or "").lower()
    eprint = fields.get("eprint", "").strip()
    if eprint and archive == "arxiv":
        return eprint
    texts = (fields.get(name, "") for name in ("journal", "journaltitle", "volume", "note", "url"))
    found = _ARXIV.search(" | ".join((f"arxiv:{eprint}" if not archive else "", *texts)))
    return found.group(1) if found else None


def _date(fields: dict[str, str]) -> dict[str, Any]:
    """Return the columns of the date, or a warning that it is none."""
    printed = " ".join(fields[name] for name in ("date", "month", "year") if fields.get(name))
    told = printed_date(fields)
    if told is None:
        message = "The date of publication has no year."
        warning = _warning("possible_date", message, printed, "publication_date")
        return {"warnings": [warning]} if re.search(r"\d", printed) else {}
    year, month, day = told
    try:
        date = dt.date(year, month or 1, day or 1)
    except ValueError:
        date = dt.date.min
    if not EARLIEST_PUBLICATION <= date <= LATEST_PUBLICATION:
        message = "The date of publication is no day of the calendar."
        return {"warnings": [_warning("possible_date", message, printed, "publication_date")]}
    return {
        "publication_date": date,
        "date_precision": "day" if day else "month" if month else "year",
        "date_basis": "printed",
        "date_printed": printed,
    }


def _warning(check: str, message: str, printed: str, column: str | None = None) -> dict[str, Any]:
    return {"column": column, "check": check, "message": message, "printed": printed}
