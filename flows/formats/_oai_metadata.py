"""OAI-PMH metadata: which format they are in, and the columns of an entry from arXiv's own formats.

Works record by record, as XML does. What the header of a record says is the reader's business,
Dublin Core that of `_oai_dublin_core`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from lxml import etree

from flows.formats._oai_creators import is_cut
from flows.formats._oai_dublin_core import DC_FIELDS, Row, dublin_core, warning
from flows.formats._oai_pmh import Fields, fields, local_name, text, texts
from flows.formats.arxiv import parse_author_line
from schemas.columns import EARLIEST_PUBLICATION, LATEST_PUBLICATION

ARXIV = "http://arxiv.org/OAI/"

_ARXIV_FIELDS = frozenset(
    {"id", "created", "updated", "authors", "title", "categories", "comments", "journal-ref", "doi",
     "license", "abstract", "msc-class", "acm-class", "report-no", "proxy", "submitter", "version"}
)  # fmt: skip


def mapped(metadata: etree._Element) -> tuple[Row, frozenset[str]] | None:
    """Return the columns of a record's metadata and its elements that nobody knows; null where its
    format is another."""
    read = _reader(metadata)
    if read is None:
        return None
    row, known = read
    found = fields(metadata)
    return row(found), frozenset(found.keys() - known)


def _reader(
    metadata: etree._Element,
) -> tuple[Callable[[Fields], Row], frozenset[str]] | None:
    namespace = etree.QName(metadata).namespace or ""
    if namespace.startswith(ARXIV) and namespace[len(ARXIV) :].rstrip("/") in _ARXIV_FORMATS:
        return _arxiv, _ARXIV_FIELDS
    if local_name(metadata) == "dc":
        return dublin_core, DC_FIELDS
    return None


_ARXIV_FORMATS = ("arXiv", "arXivRaw", "arXivOld")


# ---- arXiv (https://info.arxiv.org/help/oa/index.html)


def _arxiv(metadata: Fields) -> Row:
    """Return the columns of arXiv's formats: one tells versions, one takes names apart."""
    arxiv_id = text(metadata, "id")
    categories = (text(metadata, "categories") or "").split() or None
    reports = [part.strip() for part in (text(metadata, "report-no") or "").split(", ")]
    return {
        "arxiv_id": arxiv_id,
        "title": text(metadata, "title"),
        "abstract": text(metadata, "abstract"),
        "category": categories[0] if categories else None,
        "categories": categories,
        "venue": text(metadata, "journal-ref"),
        "doi": text(metadata, "doi"),
        "note": text(metadata, "comments"),
        "version": "preprint",
        "identifiers": [{"scheme": "report", "value": part} for part in reports if part] or None,
        **_arxiv_authors(metadata),
        **_arxiv_dates(metadata, arxiv_id or ""),
    }


def _arxiv_authors(metadata: Fields) -> Row:
    listed = [fields(each) for each in metadata.get("authors", ())]
    if not any(listed):
        return parse_author_line(text(metadata, "authors") or "")
    authors: list[Row] = []
    is_complete = True
    for author in (each for parent in listed for each in parent.get("author", ())):
        each = fields(author)
        given = text(each, "forenames")
        family = " ".join(texts(each, "keyname") + texts(each, "suffix")) or None
        name = " ".join(part for part in (given, family) if part)
        if is_cut(name):
            is_complete = False
        elif re.search(r"[^\W\d_]", name):
            has_parts = given is not None and family is not None
            authors.append(
                {
                    "name": name,
                    "given_name": given if has_parts else None,
                    "family_name": family if has_parts else None,
                    "affiliations": texts(each, "affiliation") or None,
                }
            )
    return {"authors": authors or None, "authors_complete": is_complete if authors else None}


def _arxiv_dates(metadata: Fields, arxiv_id: str) -> Row:
    """Return versions and date.

    `created` was the day of the first version and is, from the server of 2025 on, that of the
    present one; the identifier tells the month of the first, so another month is not believed.
    """
    listed = [
        (each.get("version"), text(fields(each), "date")) for each in metadata.get("version", ())
    ]
    versions = [{"label": label, "date": _rfc_day(date or "")} for label, date in listed] or None
    first = next((date for label, date in listed if label == "v1"), None)
    if first is not None:
        return {"versions": versions, **_day(_rfc_day(first), first)}
    printed = text(metadata, "created")
    day = _whole_day(printed)
    if printed is None:
        return {"versions": versions}
    if day is None:
        message = "The date of the first version is no day of the calendar."
        return {"warnings": [warning("possible_date", message, printed)]}
    month = re.match(r"(?:[a-z.-]+/)?(\d\d)(\d\d)", arxiv_id, re.IGNORECASE)
    if month:
        short, number = int(month[1]), int(month[2])
        year = short + (1900 if short > 90 else 2000)
        if abs((day.year - year) * 12 + day.month - number) > 1:
            message = "The date is not of the first version, which is of the identifier's month."
            return {"warnings": [warning("first_version", message, printed)]}
    return _day(day, printed)


def _rfc_day(printed: str) -> dt.date | None:
    """Return the day of `Mon, 2 Apr 2007 19:18:42 GMT`."""
    found = re.search(r"\b(\d{1,2} [A-Za-z]{3} \d{4})\b", printed)
    try:
        return dt.datetime.strptime(found[1], "%d %b %Y").date() if found else None
    except ValueError:
        return None


def _whole_day(printed: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(printed or "")
    except ValueError:
        return None


def _day(day: dt.date | None, printed: str | None) -> Row:
    if day is None or not EARLIEST_PUBLICATION <= day <= LATEST_PUBLICATION:
        return {}
    return {
        "publication_date": day,
        "date_precision": "day",
        "date_basis": "printed",
        "date_printed": printed,
    }
