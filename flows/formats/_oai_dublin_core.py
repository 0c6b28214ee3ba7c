"""Simple Dublin Core: the columns of an entry from elements that may be printed many times each.

http://www.openarchives.org/OAI/openarchivesprotocol.html#dublincore says little of what stands in
them; what is read here is how repositories fill them in. Names are read in `_oai_creators`.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from flows.formats._oai_creators import creators
from flows.formats._oai_pmh import Fields, text, texts
from flows.normalize.dates import MONTHS
from schemas.columns import EARLIEST_PUBLICATION, LATEST_PUBLICATION

Row = dict[str, Any]

DC_FIELDS = frozenset(
    {"title", "creator", "contributor", "subject", "description", "date", "type", "identifier",
     "relation", "source", "publisher", "language", "rights", "format", "coverage"}
)  # fmt: skip

_LABEL = re.compile(r"(?i)^comments?\s*:\s*")
_REMARK = re.compile(
    r"(?i)^(?:comments?\s*:|(?:\w+,\s*)?\d+\s*(?:p|pp|pages?|leaves|páginas|seiten|s)\b"
    r"|(?:non-?\s?)?peer[- ]?reviewed|(?:inter)?national audience|includes bibliograph|fil:\s"
    r"|(?:made available|submitted|approved for entry|item \w+|rejected|restored|withdrawn|removed)"
    r"\b.*\d{4}-\d\d-\d\dT\d\d)"
)
"""Descriptions that are no abstract: comments, extent, review, what a repository did with it."""
_LONG = 120
"""Signs that an abstract has at least, which a remark such as 'Journal article' has not."""

_ARXIV_ID = re.compile(
    r"(?i)\barxiv(?:\.org/(?:abs|pdf)/|[:.\s]+)(\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[a-z]{2})?/\d{7}(?:v\d+)?)"
)
_NCBI = r"https?://(?:www\.)?ncbi\.nlm\.nih\.gov"
_IDENTIFIERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("arxiv", _ARXIV_ID),
    ("doi", re.compile(r"(?i)^(?:(?:info:)?doi[:/\s]*|https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)$")),
    ("hdl", re.compile(r"(?i)^(?:(?:info:)?hdl[:/]\s*|https?://hdl\.handle\.net/)(\S+)$")),
    ("pmid", re.compile(
        rf"(?i)^(?:pmid[:\s]*|(?:{_NCBI})?/pubmed/|https?://pubmed\.ncbi\.nlm\.nih\.gov/)(\d+)/?$")),
    ("pmcid", re.compile(
        rf"(?i)^(?:pmcid[:\s]*|(?:(?:{_NCBI})?/pmc|https?://pmc\.ncbi\.nlm\.nih\.gov)/articles/)?"
        r"(PMC\d+)/?$")),
    ("isbn", re.compile(r"(?i)^(?:urn:)?isbn[:\s]*([\dXx -]{10,17})$")),
    ("isbn", re.compile(r"^(97[89][\d -]{10,14})$")),
    ("issn", re.compile(r"(?i)^(?:(?:urn:)?[ep]?-?issn[:\s]*)?(\d{4}-\d{3}[\dXx])$")),
)  # fmt: skip
"""Identifiers as repositories print them; of several patterns the first that fits."""

_OPENAIRE = re.compile(
    r"(?i)^info:eu-repo/semantics/(altIdentifier|reference|dataset|humanReference)/(\w+)/(.+)$"
)
_SCHEMES = {"pmc": "pmcid", "eissn": "issn", "pissn": "issn", "handle": "hdl"}
_ADDRESSES = ("url", "purl", "ark", "urn")
_SEMANTICS = "info:eu-repo/semantics/"
_URL = re.compile(r"^https?://\S+$")

_SOURCE = re.compile(r"^([^;]+?)\s*;\s*([^;]*\d[^;]*?)(?:\s*;(.*))?$")
_PARTS = re.compile(
    r"([^\W\d_]{1,20}|[\u2116\u00ba\u00b0])?[.\s]*(?<!\d)(\d+(?:[-/\u2013]\d+)?)(?!\d)"
)
_VOLUME_OR_ISSUE = re.compile(
    r"(?i)^(?:v|vol|volume|volumen|jg|bd|band|т|том|cilt|t|tome|tomo|"
    r"n|no|nr|num|núm|número|issue|iss|heft|№|n\u00ba|sayı)\b|^\d{4}\b|\(\d{4}\)"
)
_OF_ISSUE = re.compile(r"(?i)^(?:n|№|\u00ba|\u00b0|iss|heft|sayı)")
_PAGES = re.compile(r"^[A-Za-z]{0,3}\d[\w.]*(?:\s*[-\u2013]\s*[A-Za-z]{0,3}\d[\w.]*)?$")
_CITATION = re.compile(r"[\u27e8\u3008]|&#x27E8;")

_DATE = re.compile(
    r"[\[(]?(?:c|ca\.|\u00a9)?\s*(\d{4})(?:[-/.](\d\d?))?(?:[-/.](\d\d?))?(?:[T ]\d.*)?[\])?.]*$"
)
_EIGHT_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)$")
_NAMED_MONTH = re.compile(
    rf"(?i)(?:(\d\d?)(?:st|nd|rd|th)?[\s.-]+)?({'|'.join(MONTHS)})[a-z]*[.,]?[\s-]+"
    r"(?:(\d\d?)(?:st|nd|rd|th)?,?\s+)?(\d{4})$"
)
_UNKNOWN = 99


def dublin_core(metadata: Fields) -> Row:
    """Return the columns of an entry."""
    titles = texts(metadata, "title")
    abstract, remarks = _descriptions(texts(metadata, "description"))
    subjects = list(dict.fromkeys(texts(metadata, "subject"))) or None
    types = texts(metadata, "type")
    identifiers = texts(metadata, "identifier")
    printed, others = _identified(identifiers)
    issns, sources = _identified(texts(metadata, "source"))
    related, same, addresses, relations = _relations(texts(metadata, "relation"))
    ids = [*printed, *same, *(each for each in issns if each["scheme"] in ("issn", "isbn"))]
    urls = [each for each in identifiers if _URL.match(each)]
    is_arxiv = any(re.match(r"https?://arxiv\.org/abs/", each) for each in urls)
    journal, citations = _journal([*sources, *(others if is_arxiv else [])])
    notes = [*titles[1:], *remarks, *([] if is_arxiv else others), *citations, *relations]
    return {
        "title": titles[0] if titles else None,
        "abstract": abstract,
        **creators(texts(metadata, "creator")),
        "category": _category(subjects or []),
        "categories": subjects,
        "entry_type": _kind(types),
        "version": _version(types) or ("preprint" if is_arxiv else None),
        **journal,
        "publisher": text(metadata, "publisher"),
        **_identifiers(ids),
        "related": related or None,
        "links": list(dict.fromkeys([*urls, *addresses])) or None,
        "note": "; ".join(dict.fromkeys(notes)) or None,
        **_dates(texts(metadata, "date")),
    }


def warning(check: str, message: str, printed: str) -> Row:
    """Return a warning of a date."""
    return {
        "column": "publication_date", "check": check, "message": message, "printed": printed
    }  # fmt: skip


def _descriptions(printed: list[str]) -> tuple[str | None, list[str]]:
    """Return the abstract and the remarks: the abstract is the first long description that is no
    remark; where none is long, the first."""
    candidates = [each for each in printed if not _REMARK.match(each)]
    long = (each for each in candidates if len(each) >= _LONG)
    abstract = next(long, candidates[0] if candidates else None)
    remarks = list(printed)
    if abstract is not None:
        remarks.remove(abstract)
    return abstract, [_LABEL.sub("", each) for each in remarks]


def _category(subjects: list[str]) -> str | None:
    """Return the first subject, of words rather than of a classification's address."""
    return next(
        (each for each in subjects if not each.startswith("info:")), next(iter(subjects), None)
    )


def _identified(printed: list[str]) -> tuple[list[Row], list[str]]:
    """Return the identifiers among the values as printed, and the values that are other text."""
    found, others = [], []
    for each in printed:
        scheme = next((name for name, form in _IDENTIFIERS if form.search(each)), None)
        if scheme is not None:
            path = each.rstrip("/").rpartition("/")[2] if each.startswith("/") else each
            found.append({"scheme": scheme, "value": path})
        elif not _URL.match(each) and not each.startswith("oai:"):
            others.append(each)
    return found, others


def _identifiers(ids: list[Row]) -> Row:
    """Return the columns of the identifiers: the first DOI and arXiv identifier, and the others."""
    row: Row = {"doi": None, "arxiv_id": None}
    taken = set()
    for column, scheme in (("doi", "doi"), ("arxiv_id", "arxiv")):
        row[column] = next((each["value"] for each in ids if each["scheme"] == scheme), None)
        taken.add((scheme, row[column]))
    rest = [each for each in ids if (each["scheme"], each["value"]) not in taken]
    return row | {"identifiers": rest or None}


def _relations(printed: list[str]) -> tuple[list[Row], list[Row], list[str], list[str]]:
    """Return what the source relates to the publication, its other identifiers, addresses, and
    what is other text."""
    related: list[Row] = []
    same: list[Row] = []
    rest: list[str] = []
    for each in printed:
        if found := _OPENAIRE.match(each):
            kind, named, value = found.groups()
            scheme = _SCHEMES.get(named.lower(), named.lower())
            if scheme in _ADDRESSES:
                rest.append(value)
            elif kind.lower() == "altidentifier":
                same.append({"scheme": scheme, "value": value})
            else:
                related.append({"scheme": scheme, "value": value})
        elif not each.startswith("info:eu-repo/"):
            rest.append(re.sub(r"(?i)^ur[li]:\s*(?=http)", "", each))
    found_ids, others = _identified(rest)
    identified = {each["value"] for each in found_ids}
    linked = [
        {"relation": "related_to", **each}
        for each in (*related, *found_ids)
        if each["scheme"] != "issn"
    ]
    addresses = [each for each in rest if _URL.match(each) and each not in identified]
    return linked, same, addresses, others


def _journal(sources: list[str]) -> tuple[Row, list[str]]:
    """Return venue, volume, issue and pages of the first source, and other sources.

    Journal systems print `Journal; Vol. 2 No. 1 (2018): Theme; 12-20`, once for each language.
    """
    whole = [each for each in sources if not _CITATION.search(each)]
    citations = [each for each in sources if _CITATION.search(each)]
    if not whole:
        return {}, citations
    parts = [_source(each) for each in whole]
    others = [each for each, part in zip(whole[1:], parts[1:], strict=True) if len(part) == 1]
    return parts[0], [*others, *citations]


def _source(printed: str) -> Row:
    found = _SOURCE.match(printed)
    if found is None or not _VOLUME_OR_ISSUE.search(found[2]):
        return {"venue": printed}
    head = re.split(r"[:(]", found[2])[0]
    numbers = _PARTS.findall(head)
    last = (found[3] or "").rpartition(";")[2].strip()
    row: Row = {"venue": found[1], "pages": last if _PAGES.match(last) else None}
    if len(numbers) >= 2:
        return row | {"volume": numbers[0][1], "issue": numbers[1][1]}
    if len(numbers) == 1 and numbers[0][0]:
        word, number = numbers[0]
        return row | {"issue" if _OF_ISSUE.match(word) else "volume": number}
    return row


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
        return {"warnings": [warning("possible_date", message, each) for each in doubtful] or None}
    (year, month, day), text_printed = min(ranked)
    is_day, is_month = day != _UNKNOWN, month != _UNKNOWN
    return {
        "publication_date": dt.date(year, month if is_month else 1, day if is_day else 1),
        "date_precision": "day" if is_day else "month" if is_month else "year",
        "date_basis": "printed",
        "date_printed": text_printed,
    }


def _rank(printed: str) -> tuple[int, int, int] | None:
    """Return year, month and day of a date, with what is not known behind all that is; null for
    what is no date."""
    parts = _date_parts(printed)
    if parts is None:
        return None
    year, month, day = parts
    try:
        date = dt.date(year, month or 1, day or 1)
    except ValueError:
        return None
    if not EARLIEST_PUBLICATION <= date <= LATEST_PUBLICATION:
        return None
    return date.year, month or _UNKNOWN, (day or _UNKNOWN) if month else _UNKNOWN


def _date_parts(printed: str) -> tuple[int, int, int] | None:
    """Return year, month and day, 0 for what is not told, of `2007`, `2007-04`, `20070402`,
    `2007-04-02T19:18:42Z`, `[c2007]`, `2 April 2007` or `April 2, 2007`."""
    if named := _NAMED_MONTH.match(printed):
        month = MONTHS.index(named[2].title()) + 1
        return int(named[4]), month, int(named[1] or named[3] or 0)
    found = _DATE.match(printed) or _EIGHT_DIGITS.match(printed)
    if found is None:
        return None
    year, month_printed, day = (int(part or 0) for part in found.groups())
    return year, month_printed, day
