"""Containers: a file as a sequence of streams, compressed or not, archive or not.

Nothing is unpacked to disk and no content is held. What a container is, its first bytes tell, not
its name. What stands in the streams is not known here.
"""

from __future__ import annotations

import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from flows.decompression import (
    PIECE_BYTES,
    Budget,
    Meter,
    RefusedError,
    TruncatedError,
    Unpacked,
    compression,
    pieces,
)
from flows.tar_headers import TarEntry, TarStream, tar_entries
from flows.zip_headers import entries_before_cut

HEAD_BYTES = 256 * 1024
DEEPEST = 4
"""Layers: `works.tar.gz` with `.json.gz` members has three."""

_TAR_MAGIC = slice(257, 262)
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_UNSAFE = re.compile(r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)")
_RUBBISH = re.compile(r"(?:^|/)(?:__MACOSX/|\.[^/.])")
_PART_BYTES = PIECE_BYTES // 16
_READABLE_ZIP = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)

Open = Callable[[], BinaryIO]


@dataclass(frozen=True)
class Member:
    """A stream of a dump.

    name: its path inside the archive (`outer!inner` where archives are nested), null where the dump
    is no archive. head: how its content begins. open: its content from the beginning. The head
    costs nothing, and neither does what follows it, once, until the next member is asked for; else
    the archive is read again. fault: why it is refused, else null. cut: why nothing follows the
    head, where it is cut there. is_plain: it is the file itself, neither compressed nor in an
    archive.
    """

    name: str | None
    head: bytes
    open: Open
    fault: str | None = None
    cut: str | None = None
    is_plain: bool = False


def members(path: Path) -> Iterator[Member]:
    """Yield the streams of a file, in the order of its archive; folders and hidden files are none.

    Streams raise TruncatedError where their container is cut or damaged, after all bytes before
    that place, and RefusedError where they grow beyond measure. Raises RefusedError and OSError.
    """
    budget = Budget(path.stat().st_size)
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(_ZIP_STARTS):
        yield from _zip_members(path, budget)
    else:
        yield from _layer(lambda: path.open("rb"), head, None, budget, depth=0)


def _layer(
    opened: Open, head: bytes, name: str | None, budget: Budget, depth: int, cut: str | None = None
) -> Iterator[Member]:
    """Yield what is in a stream that begins with `head`."""
    kind = compression(head)
    is_tar = head[_TAR_MAGIC] == b"ustar"
    if (kind or is_tar) and depth >= DEEPEST:
        raise RefusedError(
            f"Containers stand in containers, more than {DEEPEST} deep, as in archives made to do"
            " harm: deliver the files by themselves."
        )
    if kind:
        meter = Meter(budget, depth)

        def unpacked() -> BinaryIO:
            return cast("BinaryIO", Unpacked(pieces(kind, opened()), meter))

        yield from _content(unpacked(), unpacked, name, budget, depth)
    elif is_tar:
        yield from _tar_members(opened, name, budget, depth)
    elif head.startswith(_ZIP_STARTS):
        yield _refused(
            name,
            "It is a zip archive inside another container, which cannot be read without unpacking:"
            " deliver it by itself.",
        )
    else:
        yield Member(name, head, opened, cut=cut, is_plain=depth == 0 and name is None)


def _content(
    stream: BinaryIO, again: Open, name: str | None, budget: Budget, depth: int
) -> Iterator[Member]:
    """Yield what is in the content of a container at this depth."""
    content = _Content(stream, again)
    cut = str(content.cut) if content.cut else None
    yield from _layer(content.open, content.head, name, budget, depth + 1, cut)
    content.leave()


class _Content:
    """A stream whose head is known; what follows it is read as it stands once, later anew."""

    def __init__(self, stream: BinaryIO, again: Open) -> None:
        self._again = again
        self.cut: TruncatedError | None = None
        parts: list[bytes] = []
        left = HEAD_BYTES
        while left:
            try:
                part = stream.read(left)
            except TruncatedError as error:
                self.cut = error
                break
            if not part:
                break
            parts.append(part)
            left -= len(part)
        self.head = b"".join(parts)
        self._is_whole = left > 0
        self._stream: BinaryIO | None = stream
        if self._is_whole:
            self.leave()

    def open(self) -> BinaryIO:
        """Return the content from its beginning."""
        return cast("BinaryIO", Unpacked(self._parts()))

    def leave(self) -> None:
        """Close the stream, unless it is being read."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _parts(self) -> Generator[bytes]:
        yield self.head
        if self.cut is not None:
            raise self.cut
        if self._is_whole:
            return
        stream, self._stream = self._stream, None
        if stream is None:
            stream = self._again()
            left = len(self.head)
            while left and (part := stream.read(left)):
                left -= len(part)
        with closing(stream):
            while piece := stream.read(PIECE_BYTES):
                yield piece


def _refused(name: str | None, fault: str) -> Member:
    def nothing() -> BinaryIO:
        raise RefusedError(fault)

    return Member(name, b"", nothing, fault=fault)


def _unsafe_path(name: str) -> str | None:
    if not _UNSAFE.search(name):
        return None
    return (
        "Its path in the archive is absolute or leads out of it (..), as in archives made to do"
        " harm: it is not read."
    )


def _is_rubbish(name: str) -> bool:
    return _RUBBISH.search(name) is not None


def _joined(outer: str | None, name: str) -> str:
    printable = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return printable if outer is None else f"{outer}!{printable}"


# Tar: read as a stream, so that archives inside compressed files need no seeking.


def _tar_members(opened: Open, outer: str | None, budget: Budget, depth: int) -> Iterator[Member]:
    with closing(TarStream(opened())) as archive:
        for entry in tar_entries(archive):
            if entry.fault is None and _is_rubbish(entry.name.removeprefix("./")):
                continue
            name = _joined(outer, entry.name)
            if fault := entry.fault or _unsafe_path(entry.name):
                yield _refused(name, fault)
                continue
            meter = Meter(budget, depth)
            first = _tar_stream(archive, entry, meter)
            again = partial(_tar_again, opened, entry.number, meter)
            yield from _content(first, again, name, budget, depth)


def _tar_stream(archive: TarStream, entry: TarEntry, meter: Meter) -> BinaryIO:
    return cast("BinaryIO", Unpacked(archive.content(entry, _PART_BYTES), meter))


def _tar_again(opened: Open, number: int, meter: Meter) -> BinaryIO:
    """Return a member once more, by going through the archive up to it."""
    archive = TarStream(opened())
    for entry in tar_entries(archive):
        if entry.number == number and entry.fault is None:
            return _tar_stream(archive, entry, meter)
    raise TruncatedError("The archive changed while it was read: read it again.")


# Zip: by its directory; where that is cut off, by the headers before each file.


def _zip_members(path: Path, budget: Budget) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(path)
    except _ZIP_DAMAGE as error:
        yield from _cut_zip_members(path, budget, str(error))
        return
    with archive:
        for entry in archive.infolist():
            if entry.is_dir() or _is_rubbish(entry.filename):
                continue
            name = _joined(None, entry.filename)
            fault = _unsafe_path(entry.orig_filename) or _zip_fault(entry)
            if fault:
                yield _refused(name, fault)
                continue
            opened = partial(_zip_stream, archive, path, entry, Meter(budget, 0))
            yield from _content(opened(), opened, name, budget, 0)


def _zip_fault(entry: zipfile.ZipInfo) -> str | None:
    if entry.flag_bits & 0x1:
        return "It is encrypted: deliver it without a password."
    if entry.compress_type not in _READABLE_ZIP:
        return "It is compressed in a way that cannot be read: deliver it as a plain zip archive."
    is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
    return "It is a link, not a file: it is not read." if is_link else None


def _zip_stream(
    archive: zipfile.ZipFile, path: Path, entry: zipfile.ZipInfo, meter: Meter
) -> BinaryIO:
    def parts() -> Generator[bytes]:
        total = 0
        try:
            # It is closed behind its last member.
            source = archive if archive.fp else zipfile.ZipFile(path)
            with source.open(entry) as content:
                while part := content.read(_PART_BYTES):
                    total += len(part)
                    yield part
        except _ZIP_DAMAGE as error:
            raise TruncatedError(
                f"It is damaged in the archive ({error}); {total:,} bytes before that place were"
                " read: deliver it again."
            ) from error

    return cast("BinaryIO", Unpacked(parts(), meter))


_ZIP_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, IndexError, MemoryError,
    OSError, ValueError, RuntimeError,
)  # fmt: skip


def _cut_zip_members(path: Path, budget: Budget, why: str) -> Iterator[Member]:
    is_told = False

    def read_until_cut(content: Callable[[], Generator[bytes]]) -> Generator[bytes]:
        nonlocal is_told
        try:
            yield from content()
        except TruncatedError:
            is_told = True
            raise

    def opened(content: Callable[[], Generator[bytes]], meter: Meter) -> BinaryIO:
        return cast("BinaryIO", Unpacked(read_until_cut(content), meter))

    for name, content in entries_before_cut(path):
        if name.endswith("/") or _is_rubbish(name):
            continue
        is_told = False
        if fault := _unsafe_path(name):
            yield _refused(_joined(None, name), fault)
            continue
        again = partial(opened, content, Meter(budget, 0))
        yield from _content(again(), again, _joined(None, name), budget, 0)
    if not is_told:
        yield _refused(
            "(end)",
            f"The zip archive has no directory at its end ({why}): it is cut; deliver it again.",
        )
