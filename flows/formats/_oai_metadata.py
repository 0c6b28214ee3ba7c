"""OAI-PMH metadata: the columns of an entry from Dublin Core, and from arXiv's own formats.

Works record by record, as XML does. What the header of a record says is the reader's business.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from flows.formats._oai_pmh import OAI, Fields, fields, local_name, text, texts
from flows.formats.arxiv import parse_author_line
from schemas.columns import EARLIEST_PUBLICATION, LATEST_PUBLICATION

Row = dict[str, Any]

ARXIV = "http://arxiv.org/OAI/"
DUBLIN_CORE = ("http://www.openarchives.org/OAI/2.0/oai_dc/", "http://purl.org/dc/elements/1.1/")

_ARXIV_FIELDS = frozenset(
    {"id", "created", "updated", "authors", "title", "categories", "comments", "journal-ref", "doi",
     "license", "abstract", "msc-class", "acm-class", "report-no", "proxy", "submitter", "version"}
)  # fmt: skip
_DC_FIELDS = frozenset(
    {"title", "creator", "contributor", "subject", "description", "date", "type", "identifier",
     "relation", "source", "publisher", "language", "rights", "format", "coverage"}
)  # fmt: skip

_CUT = re.compile(r"(?i)^(?:and\s+)?(?:et\.?\s*al\.?|others)$")
_COMMENT = re.compile(r"(?i)^comments?\s*:\s*")
_LONG = 120
"""Signs that a description has, which is an abstract and no remark such as '15 pages'."""

_ARXIV_ID = re.compile(
    r"(?i)\barxiv(?:\.org/(?:abs|pdf)/|[:.\s]+)(\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[a-z]{2})?/\d{7}(?:v\d+)?)"
)
_IDENTIFIERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("arxiv", _ARXIV_ID),
    ("doi", re.compile(r"(?i)^(?:(?:info:)?doi[:/\s]*|https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)$")),
    ("hdl", re.compile(r"(?i)^(?:(?:info:)?hdl[:/]\s*|https?://hdl\.handle\.net/)(\S+)$")),
    ("pmid", re.compile(r"(?i)^(?:pmid[:\s]*|https?://pubmed\.ncbi\.nlm\.nih\.gov/)(\d+)/?$")),
    ("pmcid", re.compile(r"(?i)^(?:pmcid[:\s]*)?(PMC\d+)$")),
    ("isbn", re.compile(r"(?i)^(?:urn:)?isbn[:\s]*([\dXx -]{10,17})$")),
    ("isbn", re.compile(r"^(97[89][\d -]{10,14})$")),
    ("issn", re.compile(r"(?i)^(?:(?:urn:)?[ep]?-?issn[:\s]*)?(\d{4}-\d{3}[\dXx])$")),
)  # fmt: skip
"""Identifiers as repositories print them; of several patterns the first that fits."""

_SAME = re.compile(r"(?i)^info:eu-repo/semantics/altIdentifier/(\w+)/(.+)$")
_SEMANTICS = "info:eu-repo/semantics/"
_URL = re.compile(r"^https?://\S+$")
_ORCID = re.compile(r"(?i)^(?:https?://orcid\.org/|orcid:?\s*)?(\d{4}-\d{4}-\d{4}-\d{3}[\dXx])$")
_DATE = re.compile(r"(\d{4})(?:-(\d\d?))?(?:-(\d\d?))?(?:T.*)?$")
_UNKNOWN = 99


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
    if local_name(metadata) == "dc" and namespace in (*DUBLIN_CORE, OAI, ""):
        return _dublin_core, _DC_FIELDS
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
        if _CUT.match(name):
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
        return {"warnings": [_warning("possible_date", message, printed)]}
    month = re.match(r"(?:[a-z.-]+/)?(\d\d)(\d\d)", arxiv_id, re.IGNORECASE)
    if month:
        short, number = int(month[1]), int(month[2])
        year = short + (1900 if short > 90 else 2000)
        if abs((day.year - year) * 12 + day.month - number) > 1:
            message = "The date is not of the first version, which is of the identifier's month."
            return {"warnings": [_warning("first_version", message, printed)]}
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


def _warning(check: str, message: str, printed: str) -> Row:
    return {
        "column": "publication_date", "check": check, "message": message, "printed": printed
    }  # fmt: skip


# ---- Dublin Core (http://www.openarchives.org/OAI/openarchivesprotocol.html#dublincore)


def _dublin_core(metadata: Fields) -> Row:
    """Return the columns of simple Dublin Core, whose every element may be printed many times."""
    titles = texts(metadata, "title")
    abstract, remarks = _descriptions(texts(metadata, "description"))
    subjects = list(dict.fromkeys(texts(metadata, "subject"))) or None
    types = texts(metadata, "type")
    printed, others = _identified(texts(metadata, "identifier"))
    sources, journal = _identified(texts(metadata, "source"))
    related, same = _related(texts(metadata, "relation"))
    ids = [*printed, *same, *(each for each in sources if each["scheme"] in ("issn", "isbn"))]
    dois = [each["value"] for each in ids if each["scheme"] == "doi"]
    arxiv_ids = [each["value"] for each in ids if each["scheme"] == "arxiv"]
    taken = {("doi", value) for value in dois[:1]} | {("arxiv", value) for value in arxiv_ids[:1]}
    identifiers = [each for each in ids if (each["scheme"], each["value"]) not in taken]
    urls = [each for each in texts(metadata, "identifier") if _URL.match(each)]
    is_arxiv = any(re.match(r"https?://arxiv\.org/abs/", each) for each in urls)
    references = others if is_arxiv else []
    return {
        "title": titles[0] if titles else None,
        "abstract": abstract,
        **_creators(texts(metadata, "creator")),
        "category": subjects[0] if subjects else None,
        "categories": subjects,
        "entry_type": _kind(types),
        "version": _version(types) or ("preprint" if is_arxiv else None),
        "venue": next(iter([*journal, *references]), None),
        "publisher": text(metadata, "publisher"),
        "doi": dois[0] if dois else None,
        "arxiv_id": arxiv_ids[0] if arxiv_ids else None,
        "identifiers": identifiers or None,
        "related": related or None,
        "links": list(dict.fromkeys(urls)) or None,
        "note": "; ".join([*titles[1:], *remarks, *([] if is_arxiv else others)]) or None,
        **_dates(texts(metadata, "date")),
    }


def _descriptions(printed: list[str]) -> tuple[str | None, list[str]]:
    """Return the abstract and the remarks.

    The abstract is the first long description; where none is long, the first that is not marked as
    a comment.
    """
    candidates = [each for each in printed if not _COMMENT.match(each)]
    abstract = next(
        (each for each in candidates if len(each) >= _LONG), candidates[0] if candidates else None
    )
    remarks = list(printed)
    if abstract is not None:
        remarks.remove(abstract)
    return abstract, [_COMMENT.sub("", each) for each in remarks]


def _creators(printed: list[str]) -> Row:
    """Return authors and authors_complete; a name is `Last, First`, or as it is read."""
    authors: list[Row] = []
    is_complete = True
    for name in (part.strip() for each in printed for part in each.split(";")):
        if orcid := _ORCID.match(name):
            if authors:
                authors[-1]["orcid"] = orcid[1]
        elif _CUT.match(name):
            is_complete = False
        elif re.search(r"[^\W\d_]", name):
            family, _, given = (part.strip() for part in name.partition(","))
            has_parts = bool(family and given) and "," not in given
            authors.append(
                {
                    "name": f"{given} {family}" if has_parts else name.strip(" ,"),
                    "given_name": given if has_parts else None,
                    "family_name": family if has_parts else None,
                }
            )
    return {"authors": authors or None, "authors_complete": is_complete if authors else None}


def _identified(printed: list[str]) -> tuple[list[Row], list[str]]:
    """Return the identifiers among the values as printed, and the values that are other text."""
    found, others = [], []
    for each in printed:
        scheme = next((name for name, form in _IDENTIFIERS if form.search(each)), None)
        if scheme is not None:
            found.append({"scheme": scheme, "value": each})
        elif not _URL.match(each):
            others.append(each)
    return found, others


def _related(printed: list[str]) -> tuple[list[Row], list[Row]]:
    """Return what the source relates to the publication, and its other identifiers."""
    same = [found for each in printed if (found := _SAME.match(each))]
    rest = [each for each in printed if not each.startswith("info:eu-repo/")]
    related, _ = _identified(rest)
    schemes: Mapping[str, str] = {"pmc": "pmcid"}
    return (
        [{"relation": "related_to", **each} for each in related if each["scheme"] != "issn"],
        [
            {"scheme": schemes.get(each[1].lower(), each[1].lower()), "value": each[2]}
            for each in same
        ],
    )


def _kind(types: list[str]) -> str | None:
    """Return the type of the publication: what OpenAIRE's words say, else the first type."""
    said = (each for each in types if each.startswith(_SEMANTICS) and not each.endswith("Version"))
    return next(said, next((each for each in types if not each.startswith(_SEMANTICS)), None))


def _version(types: list[str]) -> str | None:
    words = {each.removeprefix(_SEMANTICS).lower() for each in types}
    if words & {"preprint", "submittedversion"}:
        return "preprint"
    return "published" if words & {"publishedversion", "acceptedversion"} else None


def _dates(printed: list[str]) -> Row:
    """Return the columns of the earliest date; of two that agree as far as both go, of the one that
    says more."""
    stated = [each for each in printed if not each.startswith("info:")]
    ranked = [(rank, each) for each in stated if (rank := _rank(each)) is not None]
    if not ranked:
        message = "The date of publication is no day of the calendar."
        doubtful = [each for each in stated if re.search(r"\d", each)][:1]
        return {"warnings": [_warning("possible_date", message, each) for each in doubtful] or None}
    (year, month, day), text_printed = min(ranked)
    is_day, is_month = day != _UNKNOWN, month != _UNKNOWN
    return {
        "publication_date": dt.date(year, month if is_month else 1, day if is_day else 1),
        "date_precision": "day" if is_day else "month" if is_month else "year",
        "date_basis": "printed",
        "date_printed": text_printed,
    }


def _rank(printed: str) -> tuple[int, int, int] | None:
    """Return year, month and day of `2007`, `2007-04` or `2007-04-02T19:18:42Z`, with what is not
    known behind all that is; null for what is no date."""
    found = _DATE.match(printed)
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        date = dt.date(year or 0, month or 1, day or 1)
    except ValueError:
        return None
    if not EARLIEST_PUBLICATION <= date <= LATEST_PUBLICATION:
        return None
    return date.year, month or _UNKNOWN, day or _UNKNOWN
