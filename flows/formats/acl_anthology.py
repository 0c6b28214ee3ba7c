"""ACL Anthology: its XML, a file for each collection (`2020.acl.xml`, `P19.xml`).

What a paper has from its volume (proceedings, date, publisher) is filled in from the volume's
<meta>. The front matter of a volume is an entry with the title and the editors of the volume; where
a volume has none, its <meta> is that entry.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from lxml import etree

from flows.formats import ENTRY_SCHEMA, REJECT_SCHEMA, Batch, Dump, Format, Reading
from flows.formats._bibtex import MONTHS
from flows.formats._entries import as_entries, as_rejects, numbered
from flows.formats._xml import Broken, inner, pieces, place, raw, reject, root_tag
from flows.normalize.links import links
from schemas.columns import EARLIEST_PUBLICATION, LATEST_PUBLICATION

FORMAT = Format(
    name="acl_anthology",
    title="ACL Anthology (XML of a collection)",
    recognised_by="the root element is <collection id=...> with volumes of papers",
    example='<collection id="2020.acl">\n<volume id="main" type="proceedings">\n'
    "<meta><booktitle>Proceedings of ...</booktitle><year>2020</year></meta>\n"
    '<paper id="1"><title>An <fixed-case>E</fixed-case>xample</title>\n'
    "<author><first>Jane</first><last>Doe</last></author></paper>\n</volume></collection>",
    delivery="many_files",
)

_TAGS = ("meta", "frontmatter", "paper")
_BATCH_RECORDS = 5_000
_KNOWN = {
    "title", "author", "editor", "booktitle", "shortbooktitle", "pages", "abstract", "url", "doi",
    "bibkey", "bibtype", "award", "attachment", "pwccode", "pwcdataset", "video", "revision",
    "erratum", "retracted", "removed", "language", "note", "publisher", "address", "month", "year",
    "isbn", "ISBN", "venue", "journal", "journal-title", "journal-volume", "journal-issue", "issue",
    "volume", "mrf", "href", "presentation", "dataset", "software", "editors", "pdf", "sig",
}  # fmt: skip
_FILES = ("url", "attachment", "href", "presentation", "dataset", "software")
_MONTH = re.compile("|".join(MONTHS))
_ROW = {name: dtype for name, dtype in ENTRY_SCHEMA.items() if name != "links"} | {
    "urls": pl.String()
}
_HEAD = 4096


def sniff(head: str) -> float:
    """Return 1 for XML with the root <collection> and a <volume> in it, 0.9 for the older root
    <volume> with papers in it, 0.5 for a collection with nothing in it; else 0."""
    tag = root_tag(head)
    if tag is None:
        return 0.0
    inside = head[head.index(tag) + len(tag) :][:_HEAD]
    if re.match(r"<collection\s+id=", tag) and re.search(r"<(volume|event)\s", inside):
        return 1.0
    if re.match(r"<collection\s+id=[^<>]*/>$", tag):
        return 0.5
    return 0.9 if re.match(r"<volume\s+id=", tag) and re.search(r"<paper\s", inside) else 0.0


def read(dump: Dump) -> Reading:
    """Return papers and front matters as entries; their key is the full Anthology id."""
    return Reading(numbered(_batches(dump)), has_lines=False)


def anthology_id(collection: str, volume: str, paper: str) -> str:
    """Return the full id of a paper, by the rule at https://aclanthology.org/info/ids/.

    Since 2020 `2020.acl-main.1`; before it eight signs, `P19-1001`, where the volume has two digits
    in workshops (W), in C69 and in D19 from volume 5 on, else one.
    """
    if collection[:1].isdigit() or not (volume.isdigit() and paper.isdigit()):
        return f"{collection}-{volume}.{paper}"
    is_workshop = collection.startswith("W") or collection == "C69"
    if is_workshop or (collection == "D19" and int(volume) >= 5):
        return f"{collection}-{int(volume):02d}{int(paper):02d}"
    return f"{collection}-{int(volume)}{int(paper):03d}"


@dataclass
class _Read:
    """Rows of a batch that is being read, and the volume that they stand in."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    where: tuple[str | None, str | None] | None = None
    volume: dict[str, Any] = field(default_factory=dict)
    unheaded: dict[str, Any] | None = None
    """The entry of the volume itself, while no front matter of it is found."""

    def ordinal(self) -> int:
        """Return the number of the next entry."""
        return len(self.entries) + len(self.rejects) + 1

    def end_volume(self) -> None:
        """Add the volume itself if it has no front matter, and a title."""
        if self.unheaded is not None and self.unheaded["title"]:
            self.entries.append({**self.unheaded, "ordinal": self.ordinal()})
        self.unheaded = None

    def batch(self) -> Batch:
        """Return the rows, and begin anew."""
        batch = _batch(self.entries, self.rejects, self.unknown)
        self.entries, self.rejects, self.unknown = [], [], Counter()
        return batch


def _batches(dump: Dump) -> Iterator[Batch]:
    """Yield the entries. A loop over elements: XML is nested text, which no expression parses."""
    read = _Read()
    for piece in pieces(dump, _TAGS):
        if isinstance(piece, Broken):
            read.rejects.append(reject(piece, read.ordinal()))
            continue
        for element in piece.records:
            _add(read, element)
        if len(read.entries) >= _BATCH_RECORDS:
            yield read.batch()
    read.end_volume()
    yield read.batch()


def _add(read: _Read, element: etree._Element) -> None:
    """Add what an element is to the rows."""
    parent = element.getparent()
    if parent is None or parent.tag != "volume":
        # An event of several volumes has a <meta> too, which is about no publication.
        if element.tag != "meta":
            read.rejects.append(reject(_misplaced(element), read.ordinal()))
        return
    where = _volume(parent)
    read.unknown.update({str(child.tag) for child in element} - _KNOWN)
    if element.tag == "meta":
        read.end_volume()
        read.where, read.volume = where, _volume_columns(element)
        read.unheaded = _placed(element, where) | read.volume | _entry(element, read.volume)
        return
    volume = read.volume if read.where == where else {}
    entry = volume | _entry(element, volume) | _placed(element, where)
    if read.unheaded is not None and read.unheaded["source_key"] == entry["source_key"]:
        read.unheaded = None
    read.entries.append({**entry, "ordinal": read.ordinal()})


def _placed(element: etree._Element, where: tuple[str | None, str | None]) -> dict[str, Any]:
    """Return where an entry stands, its key, and the volume that it is a part of."""
    first, last = place(element)
    return {
        "line_start": first,
        "line_end": last,
        "line_total": last - first + 1,
        "source_key": _key(where, element),
        "related": _related(where) if element.tag == "paper" else None,
        "raw_text": None if element.find("title") is not None else raw(element),
    }


def _batch(
    entries: list[dict[str, Any]], rejects: list[dict[str, Any]], unknown: Counter[str]
) -> Batch:
    frame = pl.DataFrame([_with_identifiers(entry) for entry in entries], schema=_ROW)
    return Batch(
        entries=as_entries(frame.with_columns(links=links(pl.col("urls")))),
        rejects=as_rejects(pl.DataFrame(rejects, schema=REJECT_SCHEMA)),
        unknown_fields=dict(sorted(unknown.items())),
    )


def _misplaced(element: etree._Element) -> Broken:
    first, last = place(element)
    message = f"<{element.tag}> stands in no <volume>, so that it has no id: mend the XML."
    return Broken(first, message, last, raw(element))


def _volume(volume: etree._Element) -> tuple[str | None, str | None]:
    """Return the ids of the collection and of the volume; older files have no collection."""
    collection = next(volume.iterancestors("collection"), None)
    return (None if collection is None else collection.get("id")), volume.get("id")


def _key(where: tuple[str | None, str | None], element: etree._Element) -> str | None:
    collection, volume = where
    paper = element.get("id", "" if element.tag == "paper" else "0")
    if not volume or not paper:
        return None
    if collection is None:
        return f"{volume}-{paper.zfill(4)}"
    return anthology_id(collection, volume, paper)


def _related(where: tuple[str | None, str | None]) -> list[dict[str, str]] | None:
    """Return that a paper is part of its volume, which the front matter stands for."""
    collection, volume = where
    if not collection or not volume:
        return None
    whole = anthology_id(collection, volume, "0")
    return [{"relation": "is_part_of", "scheme": "acl", "value": whole}]


def _volume_columns(meta: etree._Element) -> dict[str, Any]:
    """Return what the papers of a volume have from it."""
    journal = _text(meta, "journal-title")
    return {
        "venue": journal or _text(meta, "booktitle"),
        "volume": _text(meta, "journal-volume"),
        "issue": _text(meta, "journal-issue"),
        "publisher": _text(meta, "publisher"),
        "editors": [person["name"] for person in _people(meta, "editor")] or None,
        "_booktitle": _text(meta, "booktitle") or journal,
        "_isbn": _text(meta, "isbn") or _text(meta, "ISBN"),
        "_doi": _text(meta, "doi"),
        **_date(_text(meta, "year"), _text(meta, "month")),
    }


def _entry(element: etree._Element, volume: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a paper, of a front matter or of a volume itself, that are its own."""
    is_paper = element.tag == "paper"
    authors = _people(element, "author")
    editors = [person["name"] for person in _people(element, "editor")]
    own = {
        "venue": _text(element, "journal") or (_text(element, "booktitle") if is_paper else None),
        "volume": _text(element, "volume"),
        "issue": _text(element, "issue"),
        "publisher": _text(element, "publisher"),
    }
    urls = [element.get("href"), *(each.text for each in element.iterchildren(*_FILES))]
    urls += [each.get("href") for each in element.iterchildren("video")]
    urls += [each.get("url") for each in element.iterchildren("pwccode", "pwcdataset")]
    code = [each.get("url") for each in element.iterchildren("pwccode")]
    date = _date(_text(element, "year"), _text(element, "month"))
    return {
        **{name: value for name, value in own.items() if value},
        **(date if _text(element, "year") else {}),
        "entry_type": element.get("type") or _text(element, "bibtype") or _kind(element),
        "version": "published",
        "versions": _versions(element),
        "title": _text(element, "title") or (None if is_paper else volume.get("_booktitle")),
        "abstract": _text(element, "abstract"),
        "authors": authors or None,
        "authors_complete": True if authors else None,
        "editors": editors or (None if is_paper else volume.get("editors")),
        "pages": _text(element, "pages"),
        "has_code": True if any(url and url.strip() for url in code) else None,
        "doi": _text(element, "doi") or (None if is_paper else volume.get("_doi")),
        "note": _note(element),
        "urls": " ".join(text for text in (*urls, _text(element, "abstract")) if text),
        "_isbn": _text(element, "isbn") or _text(element, "ISBN")
        or (None if is_paper else volume.get("_isbn")),
    }  # fmt: skip


def _kind(element: etree._Element) -> str:
    return "volume" if element.tag == "meta" else str(element.tag)


def _with_identifiers(entry: dict[str, Any]) -> dict[str, Any]:
    found = [("acl", entry["source_key"]), ("isbn", entry.get("_isbn"))]
    return {
        **{name: value for name, value in entry.items() if not name.startswith("_")},
        "identifiers": [{"scheme": scheme, "value": value} for scheme, value in found if value]
        or None,
    }


def _text(element: etree._Element, name: str) -> str | None:
    child = element.find(name)
    return None if child is None else " ".join(inner(child).split()) or None


def _people(element: etree._Element, role: str) -> list[dict[str, Any]]:
    people = []
    for person in element.iterchildren(role):
        given, family = _text(person, "first"), _text(person, "last")
        name = " ".join(part for part in (given, family) if part) or (person.text or "").strip()
        if name:
            affiliations = [inner(each).strip() for each in person.iterchildren("affiliation")]
            people.append(
                {
                    "name": name,
                    "given_name": given,
                    "family_name": family,
                    "orcid": person.get("orcid") or _text(person, "orcid"),
                    "source_author_key": person.get("id"),
                    "affiliations": [each for each in affiliations if each] or None,
                }
            )
    return people


def _versions(element: etree._Element) -> list[dict[str, Any]] | None:
    found = []
    for revision in element.iterchildren("revision"):
        try:
            date = dt.date.fromisoformat(revision.get("date", ""))
        except ValueError:
            date = None
        found.append({"label": f"v{revision.get('id', '')}", "date": date})
    return found or None


def _note(element: etree._Element) -> str | None:
    """Return what is remarked of a paper: that it is retracted, has errata, why it was revised."""
    remarks = []
    for child in element.iterchildren(
        "note", "award", "retracted", "removed", "erratum", "revision"
    ):
        if child.tag == "revision" and not inner(child).strip():
            continue
        label = "" if child.tag == "note" else f"{child.tag} {child.get('date', '')}".strip()
        text = " ".join(inner(child).split())
        remarks.append(": ".join(part for part in (label, text) if part))
    return "; ".join(remark for remark in remarks if remark) or None


def _date(year: str | None, month: str | None) -> dict[str, Any]:
    """Return the columns of the date, or a warning that it is none; of several months the first."""
    if not year:
        return {}
    printed = f"{month} {year}" if month else year
    named = _MONTH.search(month.lower()) if month else None
    number = MONTHS.index(named.group()) + 1 if named else None
    date = dt.date(int(year), number or 1, 1) if re.fullmatch(r"[1-9]\d{3}", year) else None
    if date is None or not EARLIEST_PUBLICATION <= date <= LATEST_PUBLICATION:
        message = "The date of publication is no day of the calendar."
        warning = {"column": "publication_date", "check": "possible_date", "message": message}
        return {"warnings": [{**warning, "printed": printed}]}
    return {
        "publication_date": date,
        "date_precision": "month" if number else "year",
        "date_basis": "printed",
        "date_printed": printed,
    }
