"""Containers: a file as a sequence of streams, compressed or not, archive or not.

Nothing is unpacked to disk and no content is held. What a container is, its first bytes tell, not
its name. What stands in the streams is not known here.
"""

from __future__ import annotations

import lzma
import re
import tarfile
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
    RefusedError,
    TruncatedError,
    Unpacked,
    compression,
    pieces,
)
from flows.zip_headers import entries_before_cut

HEAD_BYTES = 256 * 1024
DEEPEST = 4
"""Layers: `works.tar.gz` with `.json.gz` members has three."""

_TAR_MAGIC = slice(257, 262)
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_UNSAFE = re.compile(r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)")
_RUBBISH = re.compile(r"(?:^|/)(?:__MACOSX/|\.[^/.])")
_READABLE_ZIP = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)

Open = Callable[[], BinaryIO]


@dataclass(frozen=True)
class Member:
    """A stream of a dump.

    name: its path inside the archive (`outer!inner` where archives are nested), null where the dump
    is no archive. head: how its content begins. open: its content from the beginning; the first
    call is cheap, later ones read the archive again. fault: why it is refused, else null.
    is_plain: it is the file itself, neither compressed nor in an archive.
    """

    name: str | None
    head: bytes
    open: Open
    fault: str | None = None
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
    opened: Open, head: bytes, name: str | None, budget: Budget, depth: int, key: str = ""
) -> Iterator[Member]:
    """Yield what is in a stream that begins with `head`; `key` names it in the budget."""
    kind = compression(head)
    is_tar = head[_TAR_MAGIC] == b"ustar"
    if (kind or is_tar) and depth >= DEEPEST:
        raise RefusedError(
            f"Containers stand in containers, more than {DEEPEST} deep, as in archives made to do"
            " harm: deliver the files by themselves."
        )
    if kind:

        def unpacked() -> BinaryIO:
            return cast("BinaryIO", Unpacked(pieces(kind, opened()), budget, depth, key))

        first = _Once(unpacked)
        yield from _layer(first.open, first.head, name, budget, depth + 1, key)
    elif is_tar:
        yield from _tar_members(opened, name, budget, depth, key)
    elif head.startswith(_ZIP_STARTS):
        yield _refused(
            name,
            "It is a zip archive inside another container, which cannot be read without unpacking:"
            " deliver it by itself.",
        )
    else:
        yield Member(name, head, opened, is_plain=depth == 0 and name is None)


class _Once:
    """A stream whose head is known: opened first as it stands, later anew."""

    def __init__(self, opened: Open, again: Open | None = None) -> None:
        self._stream: BinaryIO | None = opened()
        self._again = again or opened
        self._cut: TruncatedError | None = None
        parts: list[bytes] = []
        length = 0
        while length < HEAD_BYTES:
            try:
                part = self._stream.read(HEAD_BYTES - length)
            except TruncatedError as error:
                self._cut = error
                break
            if not part:
                break
            parts.append(part)
            length += len(part)
        self.head = b"".join(parts)

    def open(self) -> BinaryIO:
        """Return the content from its beginning."""
        if self._stream is None:
            return self._again()
        stream, self._stream = self._stream, None
        # What it reads was counted below.
        return cast("BinaryIO", Unpacked(self._rest(stream), Budget.unbounded(), 0, ""))

    def _rest(self, stream: BinaryIO) -> Generator[bytes]:
        yield self.head
        if self._cut is not None:
            raise self._cut
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


def _joined(outer: str | None, name: str) -> str:
    printable = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return printable if outer is None else f"{outer}!{printable}"


# Tar: read as a stream, so that archives inside compressed files need no seeking.


def _tar_members(
    opened: Open, outer: str | None, budget: Budget, depth: int, outer_key: str
) -> Iterator[Member]:
    source = _Padded(opened())
    with closing(source):
        for number, (entry, content) in enumerate(_tar_entries(source)):
            name = _joined(outer, entry.name)
            if fault := _unsafe_path(entry.name) or _tar_fault(entry):
                yield _refused(name, fault)
                continue
            assert content is not None
            key = f"{outer_key}!{number}:{name}"
            once = _Once(
                partial(_tar_stream, content, entry, source, budget, depth, key),
                partial(_tar_again, opened, number, budget, depth, key),
            )
            yield from _layer(once.open, once.head, name, budget, depth + 1, key)
        if source.is_cut():
            yield _refused(
                _joined(outer, "(end)"),
                str(source.error or "The archive is cut: it has no end mark; deliver it again."),
            )


def _tar_entries(source: _Padded) -> Iterator[tuple[tarfile.TarInfo, BinaryIO | None]]:
    """Yield the entries of a tar archive, folders and hidden files left out."""
    try:
        with tarfile.open(fileobj=cast("BinaryIO", source), mode="r|") as archive:
            for entry in archive:
                if not entry.isdir() and not _RUBBISH.search(entry.name.removeprefix("./")):
                    yield entry, cast("BinaryIO | None", archive.extractfile(entry))
                archive.members.clear()  # type: ignore[attr-defined]  # kept for seeking
    except RefusedError:
        raise
    except (tarfile.TarError, EOFError, ValueError) as error:
        source.error = source.error or TruncatedError(
            f"The archive is cut or damaged ({error}): deliver it again."
        )


def _tar_fault(entry: tarfile.TarInfo) -> str | None:
    if entry.isreg():
        return None
    return "It is a link or a device, not a file: it is not read."


def _tar_stream(
    content: BinaryIO,
    entry: tarfile.TarInfo,
    source: _Padded,
    budget: Budget,
    depth: int,
    name: str,
) -> BinaryIO:
    def parts() -> Generator[bytes]:
        position = entry.offset_data
        while part := content.read(PIECE_BYTES // 16):
            there = part[: max(0, source.total - position)]
            yield there
            position += len(part)
            if len(there) < len(part):
                source.is_told = True
                raise source.error or TruncatedError(
                    "The archive is cut in the middle of this file: deliver it again."
                )

    return cast("BinaryIO", Unpacked(parts(), budget, depth, name))


def _tar_again(opened: Open, number: int, budget: Budget, depth: int, name: str) -> BinaryIO:
    """Return a member once more, by going through the archive up to it."""
    source = _Padded(opened())
    for place, (entry, content) in enumerate(_tar_entries(source)):
        if place == number and content is not None:
            return _tar_stream(content, entry, source, budget, depth, name)
    raise TruncatedError("The archive changed while it was read: read it again.")


class _Padded:
    """A stream that goes on with zeros, which end an archive, where it ends or is cut."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._last = b""
        self._is_over = False
        self.total = 0
        self.error: TruncatedError | None = None
        self.is_told = False

    def read(self, size: int) -> bytes:
        """Return `size` bytes."""
        parts: list[bytes] = []
        left = size
        while left and not self._is_over:
            try:
                part = self._stream.read(left)
            except TruncatedError as error:
                self.error, part = error, b""
            self._is_over = not part
            self._last = (self._last + part)[-512:]
            self.total += len(part)
            left -= len(part)
            parts.append(part)
        return b"".join([*parts, b"\0" * left])

    def is_cut(self) -> bool:
        """Tell whether it ended without the zeros that end an archive, and nobody was told."""
        ends_in_data = self._is_over and bool(self._last.strip(b"\0"))
        return not self.is_told and (self.error is not None or ends_in_data)

    def close(self) -> None:
        """Close the stream below."""
        self._stream.close()


# Zip: by its directory; where that is cut off, by the headers before each file.


def _zip_members(path: Path, budget: Budget) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        yield from _cut_zip_members(path, budget, str(error))
        return
    with archive:
        for number, entry in enumerate(archive.infolist()):
            if entry.is_dir() or _RUBBISH.search(entry.filename):
                continue
            name = _joined(None, entry.filename)
            fault = _unsafe_path(entry.orig_filename) or _zip_fault(entry)
            if fault:
                yield _refused(name, fault)
                continue
            key = f"{number}:{name}"
            opened = partial(_zip_stream, archive, entry, budget, key)
            once = _Once(opened)
            yield from _layer(once.open, once.head, name, budget, 1, key)


def _zip_fault(entry: zipfile.ZipInfo) -> str | None:
    if entry.flag_bits & 0x1:
        return "It is encrypted: deliver it without a password."
    if entry.compress_type not in _READABLE_ZIP:
        return "It is compressed in a way that cannot be read: deliver it as a plain zip archive."
    is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
    return "It is a link, not a file: it is not read." if is_link else None


def _zip_stream(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget, name: str
) -> BinaryIO:
    def parts() -> Generator[bytes]:
        total = 0
        try:
            with archive.open(entry) as content:
                while part := content.read(PIECE_BYTES // 16):
                    total += len(part)
                    yield part
        except _ZIP_DAMAGE as error:
            raise TruncatedError(
                f"It is damaged in the archive ({error}); {total:,} bytes before that place were"
                " read: deliver it again."
            ) from error

    return cast("BinaryIO", Unpacked(parts(), budget, 0, name))


_ZIP_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError,
)  # fmt: skip


def _cut_zip_members(path: Path, budget: Budget, why: str) -> Iterator[Member]:
    for number, (name, content) in enumerate(entries_before_cut(path)):
        printable = _joined(None, name)
        if name.endswith("/") or _RUBBISH.search(name):
            continue
        if fault := _unsafe_path(name):
            yield _refused(printable, fault)
            continue
        key = f"{number}:{name}"
        opened = partial(_unpacked, content, budget, key)
        once = _Once(opened)
        yield from _layer(once.open, once.head, printable, budget, 1, key)
    yield _refused(
        "(end)",
        f"The zip archive has no directory at its end ({why}): it is cut; deliver it again.",
    )


def _unpacked(content: Callable[[], Generator[bytes]], budget: Budget, name: str) -> BinaryIO:
    return cast("BinaryIO", Unpacked(content(), budget, 0, name))
