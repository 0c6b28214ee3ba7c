"""BibTeX and BibLaTeX: the `.bib` files of reference managers and authors.

bibtexparser finds entries and fields; `_bibtex` reads their values. LaTeX stays as printed. Text
between entries is a comment, as BibTeX has it, and so is what stands in `@comment{}`; what looks
like an entry and is none is a reject. An entry has what it inherits by `crossref` and `xdata` from
entries of the same file (`_bibtex_blocks`); `@xdata` and `@set` themselves name no publication.
"""

from __future__ import annotations

import codecs
import datetime as dt
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from flows.formats import ENTRY_SCHEMA, RAW_TEXT_LIMIT, Batch, Dump, Format, Reading
from flows.formats._bibtex import MONTHS, dated, names, orcids, unbraced, value
from flows.formats._bibtex_blocks import (
    blocks_of,
    outermost,
    references,
    shown,
    with_inherited,
    with_nested_hidden,
)
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
_LOOKS_LIKE_ENTRY = re.compile(r"^\s*@\s*(?!comment\b)[A-Za-z]+", re.MULTILINE | re.IGNORECASE)
_NO_PUBLICATIONS = {"xdata", "set", "control"}
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
    "date-added", "date-modified", "bdsk-url-1", "bdsk-url-2", "bdsk-file-1", "rating",
    "xdata", "arxivid", "author+an:orcid", "adsurl", "eventdate", "volumes", "titleaddon",
    "issuetitle", "shortjournal", "rights", "owner", "issue_date", "articleno", "comment", "groups",
}  # fmt: skip

_ARXIV = re.compile(
    r"(?i)\b(?:arxiv[\s:.]*(?:preprint\s+)?(?:arxiv[:\s]*)?|abs/)"
    r"(\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?)"
)
_ESCAPED = re.compile(r"\{?\\([_%&#$])\}?")
_NUMBER_ALONE = re.compile(r"(?i)\d{7}(?:v\d+)?")
_ARCHIVES = {
    "acc-phys", "adap-org", "alg-geom", "ao-sci", "astro-ph", "atom-ph", "bayes-an", "chao-dyn",
    "chem-ph", "cmp-lg", "comp-gas", "cond-mat", "cs", "dg-ga", "funct-an", "gr-qc", "hep-ex",
    "hep-lat", "hep-ph", "hep-th", "math", "math-ph", "mtrl-th", "nlin", "nucl-ex", "nucl-th",
    "patt-sol", "physics", "plasm-ph", "q-alg", "q-bio", "quant-ph", "solv-int", "supr-con",
}  # fmt: skip
"""The archives of arXiv when its numbers counted within one."""
_OWN_ARXIV = re.compile(
    r"(?i)(?:[\W_]|preprints?|e-?prints?|available|also|online|as|at|on|from|the|\\url)*"
    r"(?:https?://)?(?:www\.)?arxiv\S*(?:\s+(?:preprint\s+)?\S+)?"
)
"""A note that tells where the publication itself is; others name what it replies to."""
_DATES = {"date", "year", "month", "day"}
_PREPRINT_VENUE = re.compile(r"(?i)\b(arxiv|corr|biorxiv|medrxiv|preprint)\b")
_PUBLISHED = {
    "article", "inproceedings", "conference", "incollection", "book", "inbook", "proceedings",
    "collection", "phdthesis", "mastersthesis", "thesis", "techreport", "report",
}  # fmt: skip

_COMMENT = re.compile(r"^\s*%.*$", re.MULTILINE)
_PUBMED = {"pubmed": "pmid", "pmid": "pmid", "pmc": "pmcid", "pmcid": "pmcid"}

_ROW = {name: dtype for name, dtype in ENTRY_SCHEMA.items() if name != "links"} | {
    "url": pl.String()
}
_REJECT_ROW = {
    name: ENTRY_SCHEMA[name]
    for name in ("ordinal", "line_start", "line_end", "line_total", "raw_text")
} | {"check": pl.String(), "message": pl.String()}


def sniff(head: str) -> float:
    """Return 0.9 for text with BibTeX entries at the beginnings of lines, else 0."""
    head = head.replace("\r", "\n")
    kinds = {kind.lower() for kind in _KIND.findall(head)}
    is_entry = bool(kinds - {"comment", "preamble", "string"})
    return 0.9 if "string" in kinds or (is_entry and _FIELD.search(head)) else 0.0


def read(dump: Dump) -> Reading:
    """Return the entries; of several with one key, each is an entry."""
    return Reading(numbered(_batches(dump)), has_lines=False)


def _batches(dump: Dump) -> Iterator[Batch]:
    strings = {month: month for month in MONTHS}
    parents = _parents(dump)
    for content, first_line in _chunks(dump):
        yield _batch(content, first_line, strings, parents)


def _parents(dump: Dump) -> dict[str, dict[str, str]]:
    """Return the fields of the entries that others take fields from, by key."""
    keys: set[str] = set()
    for content, _ in _chunks(dump):
        keys |= references(_decoded(content))
    strings = {month: month for month in MONTHS}
    parents: dict[str, dict[str, str]] = {}
    for content, _ in _chunks(dump) if keys else ():
        library = _split("\n".join(blocks_of(with_nested_hidden(_decoded(content)), keys)))
        for each in library.strings:
            strings[each.key.lower()], _ = value(str(each.value), strings)
        for entry in library.entries:
            parents.setdefault(entry.key, _fields(entry, strings)[0])
    return parents


def _split(text: str) -> Any:
    from bibtexparser.splitter import Splitter

    # What it has to say of malformed entries becomes a reject here.
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)
    return Splitter(text).split()


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", errors="backslashreplace")


def _chunks(dump: Dump) -> Iterator[tuple[bytes, int]]:
    """Yield the file in pieces that begin with an entry, with the number of their first line.

    Where lines end with CR alone, as old programs wrote them, LF stands for it.
    """
    line = 1
    has_cr = False
    with dump.open() as file:
        rest = file.read(3).removeprefix(codecs.BOM_UTF8)
        while chunk := file.read(CHUNK_BYTES):
            rest += chunk
            has_cr = has_cr or (line == 1 and b"\r" in rest and b"\n" not in rest)
            if has_cr:
                rest = rest.replace(b"\r", b"\n")
            if len(rest) < CHUNK_BYTES:
                continue
            # Places in this decoding are those of the bytes.
            starts, _ = outermost(rest.decode("latin-1"), is_whole=False)
            if starts and starts[-1]:
                yield rest[: starts[-1]], line
                line += rest.count(b"\n", 0, starts[-1])
                rest = rest[starts[-1] :]
        if rest.strip():
            yield rest, line


def _batch(
    content: bytes,
    first_line: int,
    strings: dict[str, str],
    parents: Mapping[str, Mapping[str, str]],
) -> Batch:
    """Return the entries of a piece of the file; `strings` learns its abbreviations."""
    from bibtexparser import model

    flawed = _flawed_lines(content)
    text = with_nested_hidden(_decoded(content))
    entries: list[dict[str, Any]] = []
    rejects: list[dict[str, Any]] = []
    unknown: Counter[str] = Counter()
    # A loop over entries: BibTeX is nested text, which no column expression parses.
    for block in _split(text).blocks:
        # An entry with a key or a field twice is one all the same.
        whole = getattr(block, "ignore_error_block", None) or block
        if isinstance(whole, model.String):
            strings[whole.key.lower()], _ = value(str(whole.value), strings)
            continue
        if isinstance(whole, model.Entry) and whole.entry_type.lower() in _NO_PUBLICATIONS:
            continue
        place = _place(block, len(entries) + len(rejects) + 1, first_line)
        if fault := _fault(whole, place, first_line, flawed):
            rejects.append({**place, **fault})
        elif isinstance(whole, model.Entry):
            fields, warnings, glued = _fields(whole, strings)
            if glued:
                rejects.append({**place, **_malformed(f"a comma is missing before `{glued}`")})
                continue
            known = with_inherited(fields, parents)
            entries.append({**place, **_entry(whole, known, warnings)})
            unknown.update({_name(field.key) for field in whole.fields} - _KNOWN - {""})
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
    raw = shown(block.raw or "").rstrip()
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
    return _malformed(why)


def _malformed(why: str) -> dict[str, str]:
    return {
        "check": "valid_bibtex",
        "message": f"The entry is malformed ({why}): mend its braces, quotes or commas.",
    }


def _name(printed: str) -> str:
    """Return the name of a field, without lines that are comments before it."""
    return _COMMENT.sub("", printed).strip().lower()


def _fields(
    block: Any, strings: Mapping[str, str]
) -> tuple[dict[str, str], list[dict[str, Any]], str | None]:
    """Return the texts of the fields, warnings, and what follows a value without a comma."""
    fields: dict[str, str] = {}
    unknown: list[str] = []
    twice: list[str] = []
    for field in block.fields:
        text, missing = value(shown(str(field.value)), strings)
        unknown += missing
        if (name := _name(field.key)) and fields.setdefault(name, text) != text:
            twice.append(f"{field.key} = {text}")
    warnings = [
        *(_warning("undefined_string", "The abbreviation is not defined.", w) for w in unknown),
        *(_warning("field_once", "The field stands twice; the first counts.", w) for w in twice),
    ]
    return fields, warnings, next((word for word in unknown if "=" in word), None)


def _entry(block: Any, fields: Mapping[str, str], warnings: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the columns of an entry."""
    row: dict[str, Any] = {
        column: unbraced(found)
        for column, options in _TEXTS
        if (found := next((fields[name] for name in options if fields.get(name, "").strip()), ""))
    }
    if row.get("doi"):
        row["doi"] = _ESCAPED.sub(r"\1", row["doi"])
    title = unbraced(fields.get("title", "")).strip()
    subtitle = unbraced(fields.get("subtitle", "")).strip()
    authors, is_complete = names(fields.get("author", ""))
    for place, orcid in orcids(fields.get("author+an:orcid", "")):
        if place <= len(authors):
            authors[place - 1]["orcid"] = orcid
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
        "identifiers": _identifiers(fields) or None,
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


def _identifiers(fields: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the identifiers that have fields of their own, or are the `eprint` of a database."""
    scheme = _PUBMED.get(_archive(fields))
    printed = [(name, fields.get(name, "")) for name in _IDENTIFIERS]
    eprint = [(scheme, fields.get("eprint", ""))] if scheme else []
    return [{"scheme": name, "value": text} for name, text in (*printed, *eprint) if text.strip()]


def _archive(fields: Mapping[str, str]) -> str:
    return (fields.get("archiveprefix") or fields.get("eprinttype") or "").strip().lower()


def _arxiv_id(fields: Mapping[str, str]) -> str | None:
    """Return the arXiv identifier, from `eprint` or from what stands in other fields."""
    archive = _archive(fields)
    eprint = fields.get("eprint", "").strip()
    if _NUMBER_ALONE.fullmatch(eprint):
        # Until 2007 numbers counted within an archive, which may stand in a field of its own.
        within = _category(fields) if archive in ("", "arxiv") else archive
        eprint = f"{within}/{eprint}" if within in _ARCHIVES else ""
    elif eprint and archive == "arxiv":
        return eprint
    texts = (fields.get(name, "") for name in ("journal", "journaltitle", "volume", "url"))
    note = _OWN_ARXIV.match(fields.get("note", ""))
    is_own = archive in ("", "arxiv", *_ARCHIVES)
    own = (eprint if is_own else "", fields.get("arxivid", ""))
    places = (*(f"arxiv:{text}" for text in own if text), *texts, note.group() if note else "")
    found = _ARXIV.search(" | ".join(places))
    return found.group(1) if found else None


def _category(fields: Mapping[str, str]) -> str:
    printed = fields.get("primaryclass") or fields.get("eprintclass") or ""
    return printed.strip().lower().removeprefix("arxiv:").split(".")[0]


def _date(fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the columns of the date, and a warning of what of it is none."""
    printed = " ".join(
        text
        for name in ("date", "month", "day", "year")
        if (text := unbraced(fields.get(name, "")))
    )
    told = dated({name: unbraced(text) for name, text in fields.items() if name in _DATES})
    if told is None:
        message = "The date of publication has no year."
        warning = _warning("possible_date", message, printed, "publication_date")
        return {"warnings": [warning]} if printed.strip() else {}
    year, month, day, unread = told
    try:
        date = dt.date(year, month or 1, day or 1)
    except ValueError:
        date = dt.date.min
    if not EARLIEST_PUBLICATION <= date <= LATEST_PUBLICATION:
        message = "The date of publication is no day of the calendar."
        return {"warnings": [_warning("possible_date", message, printed, "publication_date")]}
    message = "The month of publication is none; only the year is read."
    return {
        "publication_date": date,
        "date_precision": "day" if day else "month" if month else "year",
        "date_basis": "printed",
        "date_printed": printed,
        "warnings": [_warning("possible_date", message, unread, "publication_date")]
        if unread
        else [],
    }


def _warning(check: str, message: str, printed: str, column: str | None = None) -> dict[str, Any]:
    return {"column": column, "check": check, "message": message, "printed": printed}
