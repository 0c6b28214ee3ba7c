"""OAI-PMH responses cut into records, and what stands around them.

Harvesters save one response per file, many in one file, or bare records under a root of their own,
or under none. So records are told apart by their tags in the text, and then parsed by lxml, many at
once: whatever stands around them, and a damaged record is lost alone. What the metadata of a record
means is the reader's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from flows.formats import Dump

CHUNK_BYTES = 1024 * 1024
RECORD_LIMIT = 16 * 1024 * 1024
"""A longer record is none; what is read of it is rejected."""

_RECORD = re.compile(rb"<(/?)(?:[A-Za-z_][\w.-]*:)?[Rr]ecord(\s[^<>]*)?/?>")
_HEADER = re.compile(rb"(?:\s|<!--[^>]*-->)*<(?:[A-Za-z_][\w.-]*:)?header[\s>/]")
_NAMESPACE = re.compile(rb"xmlns(?::([A-Za-z_][\w.-]*))?\s*=\s*(?:\"([^\"<&]*)\"|'([^'<&]*)')")

OAI = "http://www.openarchives.org/OAI/2.0/"
USUAL_NAMESPACES = {
    b"": OAI.encode(),
    b"oai": OAI.encode(),
    b"oai_dc": b"http://www.openarchives.org/OAI/2.0/oai_dc/",
    b"dc": b"http://purl.org/dc/elements/1.1/",
    b"dcterms": b"http://purl.org/dc/terms/",
    b"xsi": b"http://www.w3.org/2001/XMLSchema-instance",
}
"""For records that stand without the response that declares their prefixes."""


@dataclass(frozen=True)
class Piece:
    """A part of a harvest as it stands there, and the number of its first line: a record, or what
    stands between two."""

    text: bytes
    line: int
    is_record: bool

    @property
    def line_end(self) -> int:
        """The number of the last line with ink."""
        return self.line + self.text.rstrip().count(b"\n")


def pieces(dump: Dump) -> Iterator[Piece]:
    """Yield the records of a harvest, and what stands between them, in order."""
    rest, line = b"", 1
    with dump.open() as file:
        is_last = False
        while not is_last:
            chunk = file.read(CHUNK_BYTES)
            is_last = not chunk
            rest += chunk
            done = 0
            # A loop over records: where one ends depends on what is in it.
            for start, end in _spans(rest, is_last=is_last):
                between = rest[done:start]
                if between.strip():
                    yield Piece(between, line, is_record=False)
                line += between.count(b"\n")
                yield Piece(rest[start:end], line, is_record=True)
                line += rest.count(b"\n", start, end)
                done = end
            rest = rest[done:]
            if len(rest) > RECORD_LIMIT:
                found = _RECORD.search(rest)
                yield Piece(rest, line, is_record=found is not None)
                line += rest.count(b"\n")
                rest = b""
    if rest.strip():
        yield Piece(rest, line, is_record=False)


def _spans(text: bytes, *, is_last: bool) -> Iterator[tuple[int, int]]:
    """Yield where the records of the text begin and end; one that is cut, in the last text only.

    A record in the metadata of a record belongs to it; one with a header of its own does not.
    """
    start, depth = 0, 0
    for tag in _RECORD.finditer(text):
        is_closing = tag.group(1) == b"/"
        is_empty = tag.group().endswith(b"/>")
        if depth and not is_closing and _HEADER.match(text, tag.end()):
            yield start, tag.start()
            depth = 0
        if not depth and not is_closing:
            start, depth = tag.start(), 1
        elif not is_closing and not is_empty:
            depth += 1
        if depth and (is_closing or (is_empty and start == tag.start())):
            depth -= 1
            if not depth:
                yield start, tag.end()
    if depth and is_last:
        yield start, len(text)


def namespaces(envelope: bytes) -> dict[bytes, bytes]:
    """Return the namespaces that what stands around records declares, by prefix."""
    found = _NAMESPACE.findall(envelope)
    return {prefix: double or single for prefix, double, single in found}


def parsed(records: Sequence[bytes], declared: Mapping[bytes, bytes]) -> list[etree._Element | str]:
    """Return each record as an element, or as the reason why it is none."""
    together = _parsed(b"\n".join(records), declared)
    if not isinstance(together, str) and len(together) == len(records):
        return list(together)
    alone = [_parsed(record, declared) for record in records]
    return [
        each if isinstance(each, str) else each[0] if len(each) == 1 else "it is not one element"
        for each in alone
    ]


def _parsed(text: bytes, declared: Mapping[bytes, bytes]) -> etree._Element | str:
    # Declarations of types and entities cannot stand here: they would be an error.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True,
        encoding="utf-8",
    )  # fmt: skip
    known = {**USUAL_NAMESPACES, **declared}
    attributes = b" ".join(
        b"xmlns" + (b":" + prefix if prefix else b"") + b'="' + name + b'"'
        for prefix, name in sorted(known.items())
        if name or not prefix
    )
    try:
        return etree.fromstring(b"<harvest " + attributes + b">" + text + b"</harvest>", parser)
    except etree.XMLSyntaxError as error:
        return re.sub(r",? line \d+, column \d+.*$", "", str(error.msg)).rstrip(".")


Fields = Mapping[str, Sequence[etree._Element]]
"""The children of an element by name, whatever their namespace."""


def local_name(element: etree._Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def fields(element: etree._Element) -> Fields:
    """Return the children of an element by name."""
    found: dict[str, list[etree._Element]] = {}
    for child in element:
        found.setdefault(local_name(child), []).append(child)
    return found


def texts(parent: Fields, name: str) -> list[str]:
    """Return the texts, not blank, of the children with this name, white space folded."""
    found = (" ".join("".join(map(str, each.itertext())).split()) for each in parent.get(name, ()))
    return [text for text in found if text]


def text(parent: Fields, name: str) -> str | None:
    """Return the first text of the children with this name."""
    return next(iter(texts(parent, name)), None)
