"""Zip archives whose end is missing: the files before the cut, by the header before each.

The directory at the end of an archive is what `zipfile` needs; where that is cut off, the local
headers are all there is (APPNOTE.TXT, 4.3.7). Whole archives are `flows.archives`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from flows.decompression import READ_BYTES, TruncatedError, pieces

_HEADER = struct.Struct("<4s5H3I2H")
_SIGNATURE = b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8
_IS_UTF8, _HAS_DESCRIPTOR, _IS_ENCRYPTED = 0x800, 0x8, 0x1

Content = Callable[[], Generator[bytes]]


def entries_before_cut(path: Path) -> Iterator[tuple[str, Content]]:
    """Yield name and content of each file of an archive, up to the first that does not say how long
    it is and cannot be told by its compression."""
    place: int | None = 0
    with path.open("rb") as file:
        while place is not None:
            file.seek(place)
            header = file.read(_HEADER.size)
            if len(header) < _HEADER.size or not header.startswith(_SIGNATURE):
                return
            _, _, flags, method, _, _, _, packed, _, name_length, extra = _HEADER.unpack(header)
            name = file.read(name_length)
            start = place + _HEADER.size + name_length + extra
            is_open = bool(flags & _HAS_DESCRIPTOR) and not packed
            if flags & _IS_ENCRYPTED or method not in (_STORED, _DEFLATED):
                return
            if is_open and method == _STORED:
                return
            length = None if is_open else packed
            yield _text(name, flags), partial(_content, path, start, length, method)
            place = _next_header(file, start, length)


def _text(name: bytes, flags: int) -> str:
    return name.decode("utf-8" if flags & _IS_UTF8 else "cp437", errors="backslashreplace")


def _next_header(file: BinaryIO, start: int, length: int | None) -> int | None:
    """Return where the next header stands; null where there is none."""
    place = start + (length or 0)
    file.seek(place)
    before = b""
    while data := file.read(READ_BYTES):
        found = (before + data).find(_SIGNATURE)
        if found >= 0:
            return place - len(before) + found
        place += len(data)
        before = data[-3:]
    return None


def _content(path: Path, start: int, length: int | None, method: int) -> Generator[bytes]:
    file = path.open("rb")
    file.seek(start)
    part = _Part(file, length)
    if method == _DEFLATED:
        yield from pieces("deflate", part)  # type: ignore[arg-type]
        return
    with file:
        while data := part.read(READ_BYTES):
            yield data
    if part.left:
        raise TruncatedError("The archive is cut in the middle of this file: deliver it again.")


class _Part:
    """So many bytes of a file; all that follow where `left` is null."""

    def __init__(self, file: BinaryIO, left: int | None) -> None:
        self._file = file
        self.left = left

    def read(self, size: int) -> bytes:
        """Return up to `size` of the bytes."""
        data = self._file.read(size if self.left is None else min(size, self.left))
        if self.left is not None:
            self.left -= len(data)
        return data

    def __enter__(self) -> _Part:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
