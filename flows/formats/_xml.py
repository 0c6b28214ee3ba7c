"""Reading XML: the records of a dump one after another, in pieces freed once they are passed.

Each piece of a file is a small document of its own for libxml2, which is given the character
entities of HTML, which bibliographic DTDs declare, and no other, no network and no file. So lines
stay right, memory bounded, and where a piece is not well-formed only the records that are not are
lost. What an element means is the reader's business.
"""

from __future__ import annotations

import html.entities
import re
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, cast

from lxml import etree

from flows.formats import RAW_TEXT_LIMIT, Dump
from flows.formats._xml_pieces import (
    Part,
    RefusedXmlError,
    parts,
    record_end,
    record_start,
    record_starts,
)

__all__ = [
    "Broken",
    "Piece",
    "RefusedXmlError",
    "elements",
    "inner",
    "pieces",
    "place",
    "raw",
    "reject",
    "root_tag",
]

_ROOT = b"bibmill-piece"
_MARK = b"bibmill-end"
_LINES = 50_000
"""Lines of a piece; libxml2 counts no more than 65,535."""

_PREDEFINED = ("amp", "lt", "gt", "quot", "apos")
_DOCTYPE = b"<!DOCTYPE bibmill-piece [%s]>" % b"".join(
    f'<!ENTITY {name} "&#{point};">'.encode()
    for name, point in sorted(html.entities.name2codepoint.items())
    if name not in _PREDEFINED
)
_TAG = re.compile(rb"<(/?)((?:[A-Za-z_][\w.-]*+:)?[A-Za-z_][\w.-]*+)([^<>]*+)>")
_UTF8_SIGN = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")
_OF_PIECE = re.compile(r",? line \d+(?:, column \d+)?")
_PROLOG = re.compile(
    r"\ufeff?(?:\s++|<!--.*?-->|<\?.*?\?>|<!DOCTYPE(?:[^\[<>\"']|\"[^\"]*\"|'[^']*')*+"
    r"(?:\[[^\]]*+\]\s*+)?>)*+",
    re.DOTALL | re.IGNORECASE,
)
_START_TAG = re.compile(r"<[A-Za-z_][^<>]*+>")
_CUT = "The XML ends in the middle: the file is cut. Deliver it again."


@dataclass(frozen=True)
class Broken:
    """A place that is not well-formed, from `line` to `line_end`; what follows it is read."""

    line: int
    message: str
    line_end: int | None = None
    raw_text: str | None = None


@dataclass(frozen=True)
class Piece:
    """Some records of a dump, in document order, whole; their ancestors have their attributes."""

    records: list[etree._Element]
    line: int
    """The line of the dump that is line 1 of the records."""

    def lines(self) -> list[int]:
        """Return the line each record begins at, 1-based."""
        before = self.line - 1
        return [before + _line(record) for record in self.records]


def root_tag(head: str) -> str | None:
    """Return the start tag of the first element of the text an XML dump begins with, as printed."""
    found = _PROLOG.match(head)
    tag = _START_TAG.match(head, found.end()) if found else None
    return tag.group() if tag else None


def elements(dump: Dump, tags: Sequence[str]) -> Iterator[etree._Element | Broken]:
    """Yield each element with one of the `tags` (`{namespace}name`), whole, in document order.

    Its ancestors have their attributes, but what stands before the element may be freed already.
    Raises RefusedXmlError.
    """
    for piece in pieces(dump, tags):
        if isinstance(piece, Broken):
            yield piece
        else:
            yield from piece.records


def pieces(dump: Dump, tags: Sequence[str]) -> Iterator[Piece | Broken]:
    """Yield the elements like `elements`, many at once; the next are parsed meanwhile.

    Raises RefusedXmlError.
    """
    with closing(_pieces(dump, tags)) as found:
        upcoming = _drawn(found)
        while (piece := upcoming.result()) is not None:
            upcoming = _drawn(found)
            try:
                yield piece
            except GeneratorExit:
                upcoming.exception()
                raise


def _drawn(found: Iterator[Piece | Broken]) -> Future[Piece | Broken | None]:
    """Draw the next in a thread of its own: lxml's names belong to a thread, and are then left to
    whoever uses the elements."""
    future: Future[Piece | Broken | None] = Future()

    def draw() -> None:
        try:
            future.set_result(next(found, None))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=draw, daemon=True).start()
    return future


def _pieces(dump: Dump, tags: Sequence[str]) -> Generator[Piece | Broken]:
    with dump.open() as file:
        reader = _Reader(tags)
        before: Part | None = None
        for part in parts(file, reader.start):
            if before is not None:
                yield from reader.read(before, is_last=part.begins_document)
            before = part
        if before is not None:
            yield from reader.read(before, is_last=True)


@dataclass(frozen=True)
class _Opened:
    """An element that is open where a piece begins: its name and its start tag."""

    name: bytes
    tag: bytes


class _NotWellFormedError(ValueError):
    """A part is not well-formed; the message says why."""


class _Reader:
    """Reads one part after another; remembers which elements are open in between."""

    def __init__(self, tags: Sequence[str]) -> None:
        self.start = record_start(tags)
        self._end = record_end(tags)
        self._tags = tuple(tags)
        self._open: list[_Opened] = []
        self._containers: set[bytes] = set()
        self._parser = etree.XMLParser(no_network=True, remove_comments=True, remove_pis=True)

    def read(self, part: Part, *, is_last: bool) -> Iterator[Piece | Broken]:
        """Yield what the part has; `is_last` where its document ends with it."""
        if part.begins_document:
            self._open = []
        last: Piece | Broken | None = None
        for found in self._found(part):
            if last is not None:
                yield last
            last = None if isinstance(found, Piece) and not found.records else found
        if is_last and self._open:
            line = part.line + part.content.rstrip().count(b"\n")
            if isinstance(last, Broken):
                last = replace(last, message=_CUT)
            else:
                if last is not None:
                    yield last
                last = Broken(line, _CUT, line)
        if last is not None:
            yield last

    def _found(self, part: Part) -> Iterator[Piece | Broken]:
        """Yield what the part has, halved while it is not well-formed or has too many lines."""
        if part.fault:
            yield _broken(part, part.fault)
            return
        if part.content.count(b"\n") <= _LINES or not self._cuts(part.content):
            try:
                root = self._parsed(part)
            except _NotWellFormedError as error:
                fault = str(error)
            else:
                records = self._records(root)
                yield Piece(records, part.line)
                yield from _stray(root, records, part.line)
                return
        cuts = self._cuts(part.content)
        if not cuts:
            yield _broken(part, fault)
            self._skip(part.content)
            return
        cut = cuts[len(cuts) // 2]
        line = part.line + part.content.count(b"\n", 0, cut)
        yield from self._found(replace(part, content=part.content[:cut]))
        yield from self._found(replace(part, content=part.content[cut:], line=line))

    def _records(self, root: etree._Element) -> list[etree._Element]:
        """Return the records; those that all stand in one element are found faster."""
        container = root
        while len(container) == 1 and container[0].tag not in self._tags:
            container = container[0]
        records = list(container.iterchildren(*self._tags))
        return records if len(records) == len(container) else list(root.iter(*self._tags))

    def _cuts(self, content: bytes) -> list[int]:
        """Return where records begin and end inside of the content."""
        ends = record_starts(content, self._end)
        after = {content.find(b">", end) + 1 for end in ends}
        return sorted({*record_starts(content, self.start), *after} - {0, len(content)})

    def _parsed(self, part: Part) -> etree._Element:
        """Return the root of the part's elements, and remember which of them stay open.

        Raises _NotWellFormedError.
        """
        content = _as_utf8(part)
        begin = (_DOCTYPE if b"&" in content else b"") + b'<%b line="%d">' % (_ROOT, part.line)
        begin += b"".join(opened.tag for opened in self._open)
        end = b"".join(b"</%b>" % opened.name for opened in reversed(self._open))
        whole = b'%b%b<%b xmlns=""/>%b</%b>' % (begin, content, _MARK, end, _ROOT)
        try:
            root = etree.fromstring(whole, self._parser)
            mark = root
            for _ in range(len(self._open) + 1):
                mark = mark[-1]
        except (etree.XMLSyntaxError, IndexError):
            mark = self._marked(b'%b%b<%b xmlns=""/>\n' % (begin, content, _MARK))
        return self._left_open(mark)

    def _marked(self, content: bytes) -> etree._Element:
        """Return the mark at the end of the content, which leaves elements open."""
        parser = etree.XMLPullParser(
            ("end",), tag=_MARK.decode(), no_network=True, remove_comments=True, remove_pis=True
        )
        try:
            parser.feed(content)
            marks = [cast("etree._Element", found) for _, found in parser.read_events()]
        except etree.XMLSyntaxError as error:
            message = _OF_PIECE.sub("", " ".join(str(error.msg).split())).rstrip(".")
            if _ROOT.decode() in message:
                message = "an end tag closes nothing"
            raise _NotWellFormedError(f"The XML is not well-formed: {message}.") from None
        if not marks:
            raise _NotWellFormedError("The XML is not well-formed: a comment or tag is not closed.")
        return marks[-1]

    def _left_open(self, mark: etree._Element) -> etree._Element:
        """Remember what is open at the mark, which is taken out; return the root."""
        *ancestors, root = list(mark.iterancestors())
        unclosed = next((each for each in ancestors if each.tag in self._tags), None)
        if unclosed is not None:
            name = etree.QName(unclosed).localname
            raise _NotWellFormedError(f"The XML is not well-formed: <{name}> is not closed.")
        outside = [root.text, *(child.tail for child in root)]
        if any(text and text.strip() for text in outside):
            raise _NotWellFormedError("The XML is not well-formed: text stands outside of it.")
        mark.getparent().remove(mark)  # type: ignore[union-attr]
        self._open = [_opened(each) for each in reversed(ancestors)]
        self._containers.update(opened.name for opened in self._open)
        return root

    def _skip(self, content: bytes) -> None:
        """Follow what tags of a part that is not well-formed open and close, as far as known."""
        for closing_sign, name, rest in _TAG.findall(content):
            names = [opened.name for opened in self._open]
            if closing_sign and name in names:
                del self._open[len(names) - 1 - names[::-1].index(name) :]
            elif (
                not closing_sign
                and (name in self._containers or self._is_root(name))
                and not rest.endswith(b"/")
            ):
                self._containers.add(name)
                self._open.append(_Opened(name, b"<%b%b>" % (name, rest)))

    def _is_root(self, name: bytes) -> bool:
        return not self._containers and not self.start.match(b"<%b>" % name)


def _opened(element: etree._Element) -> _Opened:
    bare = etree.Element(element.tag, nsmap=cast("dict[str, str]", element.nsmap))
    for name, value in element.items():
        bare.set(name, value)
    tag = etree.tostring(bare).removesuffix(b"/>")
    return _Opened(tag.split(None, 1)[0].removeprefix(b"<"), tag + b">")


def _as_utf8(part: Part) -> bytes:
    """Return the part in UTF-8. Raises _NotWellFormedError where it is not what it declares."""
    content = part.content
    if content.isascii():
        return content
    if part.encoding not in ("utf-8", "ascii") and _UTF8_SIGN.search(content):
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            message = f"The XML declares {part.encoding} and is UTF-8 here: mend its declaration."
            raise _NotWellFormedError(message)
    try:
        return content.decode(part.encoding).encode()
    except UnicodeDecodeError:
        message = f"The XML has bytes that are not {part.encoding}, which it declares: convert it."
        raise _NotWellFormedError(message) from None


def _broken(part: Part, message: str) -> Broken:
    text = part.content.decode("utf-8", errors="backslashreplace")
    first = part.line + text[: len(text) - len(text.lstrip())].count("\n")
    last = part.line + text.rstrip().count("\n")
    return Broken(first, message, max(first, last), text.strip()[:RAW_TEXT_LIMIT])


def _stray(
    root: etree._Element, records: list[etree._Element], first_line: int
) -> Iterator[Broken]:
    """Yield text between records, which belongs to none."""
    before = records[0].getparent() if records else None
    places = [(before, before.text)] if before is not None and len(before) else []
    for element, text in [*places, *((record, record.tail) for record in records)]:
        if text and text.strip():
            line = first_line + _line(element) - 1
            message = "Text stands between the records and belongs to none: mend the XML."
            yield Broken(line, message, None, text.strip()[:RAW_TEXT_LIMIT])


def _line(element: etree._Element) -> int:
    return cast("int", element.sourceline)


def place(element: etree._Element) -> tuple[int, int]:
    """Return the first and the last line of an element, 1-based."""
    root = element.getroottree().getroot()
    before = int(root.get("line", "1")) - 1
    first = before + _line(element)
    if not len(element):
        return first, first + (element.text or "").count("\n")
    last = element[-1]
    inside = "".join(map(str, last.itertext())) + (last.tail or "")
    return first, before + _line(last) + inside.count("\n")


def reject(broken: Broken, ordinal: int) -> dict[str, Any]:
    """Return the reject of a broken place: the values of the columns of REJECT_SCHEMA."""
    last = max(broken.line_end or broken.line, broken.line)
    return {
        "ordinal": ordinal,
        "line_start": broken.line,
        "line_end": last,
        "line_total": last - broken.line + 1,
        "check": "valid_xml",
        "message": broken.message,
        "raw_text": broken.raw_text,
    }


def inner(element: etree._Element) -> str:
    """Return what stands inside of an element, with its markup where it has some."""
    if not len(element):
        return element.text or ""
    whole = raw(element)
    return whole[whole.index(">") + 1 : whole.rindex("<")]


def raw(element: etree._Element) -> str:
    """Return the element as it stands in the document, for rejects."""
    return str(etree.tostring(element, encoding="unicode", with_tail=False))
