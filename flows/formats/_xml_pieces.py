"""Cutting XML: a file in bounded parts that begin where a record, or a document, begins.

Works on bytes, since only so damage can be told from what is sound around it: `<` always begins
markup but inside comments, CDATA and processing instructions. Declarations are taken out here, so
that none reaches the parser. What the parts say is `_xml`'s business.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from flows.formats import RefusedContentError

PART_BYTES = 256 * 1024
PART_LIMIT = 64 * 1024 * 1024
"""Bytes from the beginning of one record on within which the next, or the end, is looked for."""

_SPECIAL = re.compile(rb"<[!?]")
_TOKEN_BYTES = 9
_COMMENT = re.compile(rb"<!--(?:[^-]|-(?!-))*+-->")
_OPEN_COMMENT = re.compile(rb"<!--(?:[^-]|-(?!-))*+-{0,2}\Z")
_CDATA = re.compile(rb"<!\[CDATA\[(?:[^\]]|\](?!\]>))*+\]\]>")
_OPEN_CDATA = re.compile(rb"<!\[CDATA\[")
_INSTRUCTION = re.compile(rb"<\?(?:[^?<]|\?(?!>))*+\?>")
_OPEN_INSTRUCTION = re.compile(rb"<\?(?:[^?<]|\?(?!>))*+\Z")
_DECLARATION = re.compile(rb"<\?xml(?=\s)[^<>?]*+\?>")
_ENCODING = re.compile(rb"\sencoding\s*=\s*[\"']\s*([^\"']*?)\s*[\"']")
_QUOTED = rb"\"[^\"]*+\"|'[^']*+'"
_INSIDE = rb"<!--(?:[^-]|-(?!-))*+-->|<\?(?:[^?]|\?(?!>))*+\?>|" + _QUOTED
_DOCTYPE = re.compile(
    rb"<!DOCTYPE(?:[^\[<>\"']|" + _QUOTED + rb")*+(?:\[(?:" + _INSIDE + rb"|[^\]\"'])*+\]\s*+)?>",
    re.IGNORECASE,
)
_OPEN_DOCTYPE = re.compile(
    rb"<!DOCTYPE(?:[^\[<>\"']|" + _QUOTED + rb")*+(?:[\"'].{0,4096}|\[.{0,1000000})?\Z",
    re.IGNORECASE | re.DOTALL,
)
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_HIDING = (
    (_COMMENT, _OPEN_COMMENT),
    (_CDATA, _OPEN_CDATA),
    (_INSTRUCTION, _OPEN_INSTRUCTION),
    (_DOCTYPE, _OPEN_DOCTYPE),
)
"""What hides tags: the whole of it, and its beginning where the rest has not been read yet."""

_ASCII = bytes(range(128))


class RefusedXmlError(RefusedContentError):
    """The document declares entities of its own, which are never expanded; the message says so."""


@dataclass(frozen=True)
class Part:
    """Bytes of a file, without declarations; `line` is that of the first byte.

    `begins_document`: the part follows a declaration, or is the first. `fault`: why nothing of the
    part can be read; null for all but a few.
    """

    content: bytes
    line: int
    encoding: str = "utf-8"
    begins_document: bool = False
    fault: str | None = None


def record_start(tags: Sequence[str]) -> re.Pattern[bytes]:
    """Return the pattern a record with one of the `tags` (`{namespace}name`) begins with."""
    names = sorted({tag.rpartition("}")[2] for tag in tags})
    return re.compile(
        rb"<(?:[A-Za-z_][\w.-]*+:)?(?:" + "|".join(map(re.escape, names)).encode() + rb")(?=[\s/>])"
    )


def record_end(tags: Sequence[str]) -> re.Pattern[bytes]:
    """Return the pattern of a record's end tag."""
    return re.compile(record_start(tags).pattern.replace(rb"<", rb"</", 1))


def record_starts(content: bytes, start: re.Pattern[bytes]) -> list[int]:
    """Return where records begin in `content`, outside of comments and CDATA."""
    hidden = _Hidden(_scanned(content, is_over=True).hidden)
    return [match.start() for match in start.finditer(content) if match.start() not in hidden]


def parts(file: BinaryIO, start: re.Pattern[bytes]) -> Iterator[Part]:
    """Yield the file in parts of about `PART_BYTES`, cut where records or documents begin.

    Raises RefusedXmlError.
    """
    buffer = file.read(PART_BYTES).removeprefix(codecs.BOM_UTF8)
    line, encoding, begins_document, is_over = 1, "utf-8", True, not buffer
    while buffer:
        declaration = _DECLARATION.match(buffer)
        if declaration is not None:
            encoding, fault = _encoding(declaration.group())
            if fault:
                yield Part(declaration.group(), line, fault=fault)
            buffer = _blank(declaration.group()) + buffer[declaration.end() :]
            begins_document = True
        scan = _scanned(buffer, is_over=is_over)
        buffer = scan.content
        is_whole = is_over or scan.is_document_end
        cut = scan.end if is_whole else _last_start(scan, start)
        if not cut and not is_over and len(buffer) < PART_LIMIT:
            more = file.read(max(PART_BYTES, len(buffer)))
            is_over = not more
            buffer += more
            continue
        fault = None
        if not cut:
            fault = "Nothing that could be read begins within 64 MB of this place."
            cut = len(buffer) - _TOKEN_BYTES
        yield Part(buffer[:cut], line, encoding, begins_document, fault)
        begins_document = False
        line += buffer.count(b"\n", 0, cut)
        buffer = buffer[cut:]
        if not is_over and len(buffer) < PART_BYTES:
            more = file.read(PART_BYTES)
            is_over = not more
            buffer += more


@dataclass(frozen=True)
class _Scan:
    """Bytes with declarations blanked out, what of them hides tags, and where what is complete
    ends: there a document ends, or the end has not been read yet."""

    content: bytes
    hidden: list[tuple[int, int]]
    end: int
    is_document_end: bool = False


def _scanned(content: bytes, *, is_over: bool) -> _Scan:
    """Return the content without DOCTYPE. What opens and is never closed hides nothing."""
    hidden: list[tuple[int, int]] = []
    hiding = list(_HIDING)
    place = 0
    while special := _SPECIAL.search(content, place):
        at = special.start()
        if len(content) - at < _TOKEN_BYTES and not is_over:
            return _Scan(content, hidden, at)
        if at and _DECLARATION.match(content, at):
            return _Scan(content, hidden, at, is_document_end=True)
        whole = next((found for each, _ in hiding if (found := each.match(content, at))), None)
        if whole is None:
            if not is_over and any(opened.match(content, at) for _, opened in hiding):
                return _Scan(content, hidden, at)
            if content.startswith((b"<![", b"<!D", b"<!d"), at):
                # What is not closed behind this place is not closed behind the next either; to look
                # for it each time would take forever.
                hiding = [each for each in hiding if each[0] is not _kind(content, at)]
        declared = content[at : whole.end() if whole else at + _TOKEN_BYTES]
        is_doctype = whole is not None and whole.re is _DOCTYPE
        if _ENTITY.match(declared) or (is_doctype and _ENTITY.search(declared)):
            message = (
                "The XML declares entities of its own, which are not expanded, as they can point"
                " to other files or grow without bound: deliver it with characters in their place."
            )
            raise RefusedXmlError(message)
        if whole is None:
            place = at + 2
            continue
        if is_doctype:
            content = content[:at] + _blank(declared) + content[whole.end() :]
        else:
            hidden.append(whole.span())
        place = whole.end()
    return _Scan(content, hidden, len(content))


def _kind(content: bytes, at: int) -> re.Pattern[bytes]:
    return _CDATA if content.startswith(b"<![", at) else _DOCTYPE


class _Hidden:
    """Whether a place is inside of what hides tags."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]

    def __contains__(self, place: int) -> bool:
        before = bisect_right(self._starts, place) - 1
        return before >= 0 and place < self._ends[before]


def _last_start(scan: _Scan, start: re.Pattern[bytes]) -> int:
    """Return where the last record begins, not counting one at the very beginning; 0 if nowhere."""
    hidden = _Hidden(scan.hidden)
    window = 16 * 1024
    while True:
        begin = max(1, scan.end - window)
        found = [at.start() for at in start.finditer(scan.content, begin, scan.end)]
        seen = [at for at in found if at not in hidden]
        if seen:
            return seen[-1]
        if begin == 1:
            return 0
        window *= 4


def _blank(content: bytes) -> bytes:
    """Return as many bytes, and as many lines, that say nothing."""
    return re.sub(rb"[^\n]", b" ", content)


def _encoding(declaration: bytes) -> tuple[str, str | None]:
    """Return the declared encoding, and why it is not used, if it cannot be."""
    found = _ENCODING.search(declaration)
    name = found.group(1).decode("ascii", errors="replace") if found else "utf-8"
    try:
        codec = codecs.lookup(name)
        is_usable = codec._is_text_encoding and _ASCII.decode(codec.name) == _ASCII.decode("ascii")
    except (LookupError, ValueError):
        is_usable = False
    if is_usable:
        return codec.name, None
    return "utf-8", f"The declared encoding '{name[:40]}' is none bibmill reads: UTF-8 is tried."
