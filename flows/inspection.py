"""Inspect: recognise and parse one dump without publishing anything, for people's eyes."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.collect import collect
from flows.extract import extract_dump, unreadable_dump
from flows.sources import FoundDump, RawError, read_source, shown
from flows.validate import byline_evidence, validate_dump
from flows.wording import counted


@dataclass(frozen=True)
class Inspection:
    """What one dump holds, as lines; `is_readable` is false where no reader could read it."""

    is_readable: bool
    lines: list[str]


def inspect_dump(file: Path, limit: int) -> Inspection:
    """Return counts, the first `limit` records and the rejects of `file`.

    A source.toml beside the file counts as it does in a refresh.
    """
    place = shown(str(file))
    if file.is_dir():
        line = f"{place}: It is a folder: name the dumps in it, one by one."
        return Inspection(is_readable=False, lines=[line])
    try:
        source = read_source(file.parent.name or "raw", file.parent / "source.toml")
    except RawError as error:
        return Inspection(is_readable=False, lines=[str(error)])
    found = FoundDump(file, file.name, source)
    with tempfile.TemporaryDirectory() as staging:
        try:
            extracted = extract_dump(found, Path(staging))
        except OSError as error:
            extracted = unreadable_dump(found, Path(staging), _why(error))
        if extracted.unreadable:
            return Inspection(is_readable=False, lines=[f"{place}: {extracted.unreadable}"])
        validated = validate_dump(extracted, byline_evidence([extracted]))
        together = collect([validated])
        dump = together.dumps.row(0, named=True)
    lines = [
        f"{place}: {dump['format']}, {dump['read_count']:,} entries read ="
        f" {dump['record_count']:,} records + {dump['superseded_count']:,} superseded +"
        f" {dump['reject_count']:,} rejects",
    ]
    if dump["stated_count"] is not None and dump["stated_count"] != dump["read_count"]:
        lines.append(f"  the page itself states {dump['stated_count']:,} entries")
    if dump["captured_on"] or dump["capture_year"]:
        when = dump["captured_on"] or f"a day of {dump['capture_year']}"
        lines.append(f"  captured on {when} ({dump['captured_on_basis'] or 'inferred_year'})")
    if dump["unknown_fields"]:
        fields = (f"{each['field']} ({each['count']:,})" for each in dump["unknown_fields"])
        lines.append(f"  fields unknown to the format, ignored: {', '.join(fields)}")
    if dump["deletion_count"]:
        lines.append(f"  {counted(dump['deletion_count'], 'notice')} of deletion")
    records = together.records.sort("ordinal")
    for record in records.head(limit).iter_rows(named=True):
        lines += _record_lines(record)
    if records.height > limit:
        lines.append(f"  … and {records.height - limit:,} more records")
    lines += _author_lines(together.author_records.sort("ordinal"), limit)
    lines += _reject_lines(together.rejects)
    return Inspection(is_readable=True, lines=lines)


def _why(error: OSError) -> str:
    if error.strerror is None:
        return str(error)
    return f"It cannot be read ({error.strerror}): check its name and its permissions."


def _date(record: dict[str, object]) -> str | None:
    """Return as much of the date as is known."""
    lengths = {"year": 4, "month": 7, "day": 10}
    if record["publication_date"] is None:
        return None
    return str(record["publication_date"])[: lengths[str(record["date_precision"])]]


def _record_lines(record: dict[str, object]) -> list[str]:
    authors = record["authors"]
    names = ", ".join(author["name"] for author in authors) if isinstance(authors, list) else None
    if names and record["authors_complete"] is False:
        names += " et al."
    warnings = record["warnings"] if isinstance(record["warnings"], list) else []
    facts = [
        record["date_printed"] or _date(record),
        record["category"],
        f"{record['author_count']} authors" if record["author_count"] else None,
        record["organization"],
        record["venue"],
        *(record[name] and f"{name} {record[name]}" for name in ("doi", "arxiv_id")),
        f"split {record['split_confidence']:.3f}" if record["split_confidence"] else None,
    ]
    return [
        f"  {record['ordinal']}. {record['title'] or '(no title)'}{_place(record)}",
        *([f"     {names}"] if names else []),
        *([f"     {' | '.join(str(fact) for fact in facts if fact)}"] if any(facts) else []),
        *(f"     warning: {warning['message']}" for warning in warnings),
    ]


def _author_lines(authors: pl.DataFrame, limit: int) -> list[str]:
    shown_first = [
        f"  {row['ordinal']}. author {' = '.join([row['name'], *(row['aliases'] or [])])}"
        f"{_place(row)}"
        for row in authors.head(limit).iter_rows(named=True)
    ]
    rest = authors.height - limit
    return [*shown_first, *([f"  … and {rest:,} more authors"] if rest > 0 else [])]


def _place(row: dict[str, object]) -> str:
    """Return where an entry stands: lines, and the member of an archive; nothing if unknown."""
    lines = f"{row['line_start']}-{row['line_end']}" if row["line_start"] else None
    known = [str(part) for part in (row["member"], lines) if part]
    return f"  [{' '.join(known)}]" if known else ""


def _reject_lines(rejects: pl.DataFrame) -> list[str]:
    return [
        f"  reject{_place(row)} {row['check']}: {row['message']}"
        for row in rejects.iter_rows(named=True)
    ]
