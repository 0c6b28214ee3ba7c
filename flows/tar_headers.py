"""Tar archives, read from front to back: the entries by their headers, and what is between them.

`tarfile` reads the single header (pax, POSIX.1-2008; GNU tar). Going from one to the next is done
here, so that what a header claims costs no more memory than the archive is worth, and that a
damaged one loses no later file. What the files hold is `flows.archives`.
"""

from __future__ import annotations

import tarfile
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import BinaryIO

from flows.decompression import TruncatedError

BLOCK = 512
HEADER_LIMIT = 1024 * 1024
"""A longer name is none; it is dealt with as a damaged header."""

_SKIP_BYTES = 1024 * 1024
_DIGITS = 20
_PAX, _PAX_OLD, _GLOBAL = b"x", b"X", b"g"
_LONG_NAMES = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_EXTENDED = (_PAX, _PAX_OLD, _GLOBAL, *_LONG_NAMES)
_NOT_FILES = (tarfile.DIRTYPE, b"D", b"V")
"""Folders, and the label of a volume."""
_WITHOUT_DATA = (
    tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE,
    tarfile.FIFOTYPE, b"V",
)  # fmt: skip
_SPARSE = "It is stored with its holes left out (sparse), which is not read: archive it without."
_LINK = "It is a link or a device, not a file: it is not read."
_CUT = "The archive is cut: it has no end mark; deliver it again."
_DAMAGED = (
    "A header in the archive is damaged: the files from here to the next sound header are lost;"
    " deliver it again."
)
_CUT_FILE = "The archive is cut in the middle of this file: deliver it again."
_LEFT = "The archive was read on before this file was: open it anew."


@dataclass(frozen=True)
class TarEntry:
    """A file in an archive, or (`fault` not null) what stands there and is not read.

    `number` counts the entries; `start` and `size` are the place of its content.
    """

    number: int
    name: str
    start: int = 0
    size: int = 0
    fault: str | None = None


class TarStream:
    """An archive as a stream that knows its place and whether it was told that it is cut."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.position = 0
        self.error: TruncatedError | None = None
        self.is_told = False

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only where it ends or is cut."""
        parts: list[bytes] = []
        while size and self.error is None:
            try:
                part = self._stream.read(size)
            except TruncatedError as error:
                self.error = error
                break
            if not part:
                break
            parts.append(part)
            self.position += len(part)
            size -= len(part)
        return b"".join(parts)

    def skip_to(self, position: int) -> bool:
        """Go on to a place; tell whether it is there."""
        while self.position < position:
            if not self.read(min(_SKIP_BYTES, position - self.position)):
                return False
        return True

    def content(self, entry: TarEntry, size: int) -> Generator[bytes]:
        """Yield the content of an entry in parts of `size` bytes.

        Raises TruncatedError behind the last byte before a cut, and ValueError where the stream
        has left the entry.
        """
        place, end = entry.start, entry.start + entry.size
        while place < end:
            if place != self.position:
                raise ValueError(_LEFT)
            part = self.read(min(size, end - place))
            if not part:
                self.is_told = True
                raise self.error or TruncatedError(_CUT_FILE)
            yield part
            place += len(part)

    def close(self) -> None:
        """Close the stream below."""
        self._stream.close()


@dataclass(frozen=True)
class _Said:
    """What extended headers say of the entry behind them."""

    name: str | None = None
    size: int | None = None
    is_sparse: bool = False


def tar_entries(stream: TarStream) -> Iterator[TarEntry]:
    """Yield the entries of an archive, or of several behind one another, folders left out.

    A damaged header, and an end that is cut, are entries with a fault.
    """
    number, said = 0, _Said()
    is_lost, is_ended = False, False
    while len(block := stream.read(BLOCK)) == BLOCK:
        if not block.strip(b"\0"):
            is_ended = True
            continue
        header = _header(block, is_doubted=is_lost or is_ended)
        is_extended = header is not None and header.type in _EXTENDED
        added = _extended(stream, header, said) if header and is_extended else None
        if header is None or (is_extended and added is None):
            if not is_lost:
                number += 1
                yield TarEntry(number, "(damaged)", fault=_DAMAGED)
            said, is_lost, is_ended = _Said(), True, False
            continue
        is_lost, is_ended = False, False
        if added is not None:
            said = added
            continue
        number += 1
        entry = _entry(stream, number, header, block, said)
        if header.type not in _NOT_FILES:
            yield entry
        said = _Said()
        if not stream.skip_to(entry.start + _padded(entry.size)):
            break
    else:
        is_ended = is_ended and not block.strip(b"\0")
    if not stream.is_told and (stream.error or not (is_lost or is_ended)):
        yield TarEntry(number + 1, "(end)", fault=str(stream.error or _CUT))


def _header(block: bytes, *, is_doubted: bool) -> tarfile.TarInfo | None:
    """Return the header in a block; null where it is none. Where it `is_doubted` that one stands
    there, it has to bear the sign of one."""
    if is_doubted and block[257:262] != b"ustar":
        return None
    with suppress(tarfile.HeaderError, ValueError):
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if header.size >= 0:
            return header
    return None


def _entry(
    stream: TarStream, number: int, header: tarfile.TarInfo, block: bytes, said: _Said
) -> TarEntry:
    """Return the entry of a header, whose block the stream has just passed."""
    is_sparse = said.is_sparse or header.type == tarfile.GNUTYPE_SPARSE
    if header.type == tarfile.GNUTYPE_SPARSE and block[482]:
        while len(more := stream.read(BLOCK)) == BLOCK and more[504]:
            pass
    size = header.size if said.size is None else said.size
    fault = _SPARSE if is_sparse else None if header.isreg() else _LINK
    return TarEntry(
        number=number,
        name=said.name or header.name,
        start=stream.position,
        size=0 if header.type in _WITHOUT_DATA else size,
        fault=fault,
    )


def _extended(stream: TarStream, header: tarfile.TarInfo, said: _Said) -> _Said | None:
    """Return what is known of the next entry, with what this header adds; null where it is damaged.

    The stream is passed on to the next block.
    """
    if header.size > HEADER_LIMIT:
        return None
    content = stream.read(_padded(header.size))[: header.size]
    if header.type == tarfile.GNUTYPE_LONGNAME:
        return replace(said, name=_decoded(content.partition(b"\0")[0]))
    # What is said of all entries, and of the aims of links, is not used.
    return _with_pax(content, said) if header.type in (_PAX, _PAX_OLD) else said


def _with_pax(content: bytes, said: _Said) -> _Said | None:
    values = _pax_values(content)
    if values is None:
        return None
    size = values.get(b"size")
    if size is not None and not (size.isdigit() and len(size) < _DIGITS):
        return None
    name = values.get(b"GNU.sparse.name", values.get(b"path"))
    return replace(
        said,
        name=said.name if name is None else _decoded(name),
        size=said.size if size is None else int(size),
        is_sparse=said.is_sparse or any(key.startswith(b"GNU.sparse.") for key in values),
    )


def _pax_values(content: bytes) -> dict[bytes, bytes] | None:
    """Return the values of a pax header, records of `length key=value` and a newline; null where
    it is damaged."""
    values: dict[bytes, bytes] = {}
    place = 0
    while place < len(content):
        blank = content.find(b" ", place, place + _DIGITS)
        length = content[place : max(blank, place)]
        if not length.isdigit():
            return None
        end = place + int(length)
        key, sign, value = content[blank + 1 : end].partition(b"=")
        # Where the length is too small, nothing is left to be a key.
        if end > len(content) or not sign or not value.endswith(b"\n"):
            return None
        values[key] = value[:-1]
        place = end
    return values


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
