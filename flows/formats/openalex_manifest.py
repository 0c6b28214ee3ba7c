"""OpenAlex manifest: the snapshot's list of its own files, called entries in older ones.

It has no entries; how many the listed files hold is what the dump states.
"""

from __future__ import annotations

import json
import re
from typing import Any

import polars as pl

from flows.formats import RAW_TEXT_LIMIT, Batch, Dump, Format, Reading
from flows.formats._entries import as_rejects

FORMAT = Format(
    name="openalex_manifest",
    title="OpenAlex manifest (JSON of the snapshot)",
    recognised_by="an object that begins with entries or files, each with url and"
    " meta.record_count; date, format, entity and sums may go before",
    example='{"entries": [{"url": "s3://openalex/data/works/updated_date=2024-01-01/part_000.gz",'
    ' "meta": {"content_length": 1024, "record_count": 3}}], "meta": {"record_count": 3}}',
    delivery="many_files",
)

_BEFORE = r'\s*"(?:date|format|entity|record_count|content_length)"\s*:\s*(?:"[^"]*"|\d+)\s*,'
_BEGINNING = re.compile(
    rf'\ufeff?\s*\{{(?:{_BEFORE})*\s*(?:"entries"\s*:\s*\[\s*\]'
    r'|(?:"entries"\s*:\s*\[\s*\{\s*"url"\s*:\s*"[^"]*"'
    r'|"files"\s*:\s*\[\s*\{\s*"url"\s*:\s*"s3://openalex/[^"]*")\s*,\s*"meta"\s*:)'
)
_READ_BYTES = 64 * 1024 * 1024


def sniff(head: str) -> float:
    """Return 0.9 where the text begins as a manifest does, else 0."""
    return 0.9 if _BEGINNING.match(head) else 0.0


def read(dump: Dump) -> Reading:
    """Return no entries, and the number of records the listed files hold; a reject where the
    manifest cannot be parsed."""
    with dump.open() as file:
        text = file.read(_READ_BYTES).decode("utf-8-sig", errors="backslashreplace")
    try:
        manifest, why = json.loads(text), None
    except (json.JSONDecodeError, RecursionError) as error:
        manifest, why = None, str(error)
    return Reading(
        batches=iter([] if why is None else [Batch(rejects=_reject(text, why))]),
        stated_count=None if why else _stated(manifest),
        has_lines=False,
    )


def _stated(manifest: Any) -> int | None:
    """Return the number of records of the whole, else the sum over the files; null if neither."""
    if not isinstance(manifest, dict):
        return None
    total = _count(manifest.get("meta", manifest))
    listed = manifest.get("entries", manifest.get("files"))
    parts = listed if isinstance(listed, list) else []
    counts = [_count(part.get("meta")) if isinstance(part, dict) else None for part in parts]
    known = [count for count in counts if count is not None]
    return (
        total if total is not None else sum(known) if known and len(known) == len(counts) else None
    )


def _count(meta: Any) -> int | None:
    count = meta.get("record_count") if isinstance(meta, dict) else None
    return count if type(count) is int and count >= 0 else None


def _reject(text: str, why: str) -> pl.DataFrame:
    return as_rejects(
        pl.DataFrame(
            {
                "ordinal": [1],
                "check": ["valid_json"],
                "message": [f"The manifest is not JSON ({why}): deliver it again."],
                "raw_text": [text[:RAW_TEXT_LIMIT]],
            }
        )
    )
