"""Decompression: the bytes of a compressed stream, up to where it is cut, within bounds.

The decompressors are those of the standard library and zstandard; here is what they leave open:
every byte before a cut, several streams in one file, and bombs. Archives are `flows.archives`.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any, BinaryIO

READ_BYTES = 64 * 1024
PIECE_BYTES = 1024 * 1024

# JSON and XML shrink to a tenth, very repetitive XML to a sixtieth. Zeros, of which bombs are made,
# shrink to a thousandth (gzip) or less.
LARGEST_RATIO = 200
ALWAYS_ALLOWED = 64 * 1024 * 1024


class TruncatedError(OSError):
    """A container ends too early or is damaged; the message says where."""


class TrailingError(TruncatedError):
    """Behind a container that is whole stands what is no part of it; the message says what."""


class RefusedError(ValueError):
    """A container is dangerous to read; the message says why."""


class Budget:
    """How much may come out of a dump: at each layer, so many times its size on disk."""

    def __init__(self, size: int) -> None:
        self._limit = max(ALWAYS_ALLOWED, LARGEST_RATIO * size)
        self._totals: dict[int, int] = {}

    def spend(self, layer: int, amount: int) -> None:
        """Take so many bytes off the budget of a layer. Raises RefusedError beyond the limit."""
        total = self._totals[layer] = self._totals.get(layer, 0) + amount
        if total > self._limit:
            raise RefusedError(
                f"It unpacks to more than {self._limit:,} bytes, which is far more than its"
                " size allows, as archives do that are made to do harm: nothing of it is read."
            )


class Meter:
    """How far one stream of a layer was read; what is read again costs nothing again."""

    def __init__(self, budget: Budget, layer: int) -> None:
        self._budget = budget
        self._layer = layer
        self._reached = 0

    def note(self, position: int) -> None:
        """Note that the stream was read so far. Raises RefusedError beyond the limit."""
        if position > self._reached:
            amount, self._reached = position - self._reached, position
            self._budget.spend(self._layer, amount)


def compression(head: bytes) -> str | None:
    """Return how content that begins with `head` is compressed: gz, bz2, xz or zst; else null."""
    if head.startswith(b"\x1f\x8b\x08"):
        return "gz"
    if head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bz2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    # A file of several frames may begin with one to be skipped, which lists the others.
    is_skipped = head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50
    return "zst" if is_skipped or head.startswith(b"\x28\xb5\x2f\xfd") else None


_SIGN_BYTES = 10
"""How many bytes `compression` looks at."""


def pieces(kind: str, file: BinaryIO) -> Generator[bytes]:
    """Yield the decompressed content of `file`, compressed as `compression` says; closes it.

    Raises TruncatedError after the last byte before a cut or a damaged place, and TrailingError
    where another content follows the compressed one.
    """
    new, through = _KINDS[kind]
    total = 0
    with file:
        data = file.read(READ_BYTES)
        while True:
            decompressor = new()
            while not decompressor.eof:
                if not data:
                    raise TruncatedError(
                        f"Its compressed data is cut; {total:,} bytes before the cut were read:"
                        " deliver it again."
                    )
                try:
                    for piece in through(decompressor, data):
                        total += len(piece)
                        yield piece
                except _DAMAGE as error:
                    raise TruncatedError(
                        f"Its compressed data is damaged ({error}); {total:,} bytes before that"
                        " place were read: deliver it again."
                    ) from error
                data = b"" if decompressor.eof else file.read(READ_BYTES)
            if kind == "deflate":
                return
            data = _behind_padding(decompressor.unused_data, file)
            if not data:
                return
            if compression(data) != kind:
                raise TrailingError(
                    f"Behind the {total:,} bytes of its compressed data stand others that are none"
                    " and are not read: deliver it again."
                )


def _behind_padding(data: bytes, file: BinaryIO) -> bytes:
    """Return what follows the zeros behind a compressed stream; nothing at the end of the file."""
    while len(data := data.lstrip(b"\0")) < _SIGN_BYTES and (more := file.read(READ_BYTES)):
        data += more
    return data


def _inflate(decompressor: Any, data: bytes) -> Iterator[bytes]:
    while data:
        yield decompressor.decompress(data, PIECE_BYTES)
        data = decompressor.unconsumed_tail


def _bounded(decompressor: Any, data: bytes) -> Iterator[bytes]:
    yield decompressor.decompress(data, PIECE_BYTES)
    while not (decompressor.eof or decompressor.needs_input):
        yield decompressor.decompress(b"", PIECE_BYTES)


def _in_small_steps(decompressor: Any, data: bytes) -> Iterator[bytes]:
    # zstandard sets no bound to what comes out of what goes in, so little goes in at a time; what
    # stands behind the end of the frame is put back for the next one.
    for start in range(0, len(data), _ZST_STEP):
        yield decompressor.decompress(data[start : start + _ZST_STEP])
        if decompressor.eof:
            decompressor.unused_data = decompressor.unused_data + data[start + _ZST_STEP :]
            return


_ZST_STEP = 1024


class _Zstandard:
    """zstandard's decompressor with an `unused_data` that can be added to."""

    def __init__(self) -> None:
        import zstandard

        self._inner = zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()
        self.unused_data = b""
        self.eof = False

    def decompress(self, data: bytes) -> bytes:
        """Return what `data` decompresses to. Raises ValueError where it is damaged."""
        import zstandard

        try:
            content: bytes = self._inner.decompress(data)
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from error
        self.eof = self._inner.eof
        self.unused_data = self._inner.unused_data if self.eof else b""
        return content


_LZMA_MEMORY = 512 * 1024 * 1024
"""More than any preset of xz takes, and less than a header can ask for."""

_DAMAGE = (zlib.error, OSError, EOFError, lzma.LZMAError, MemoryError, ValueError)
_KINDS: dict[str, tuple[Callable[[], Any], Callable[[Any, bytes], Iterator[bytes]]]] = {
    "gz": (lambda: zlib.decompressobj(wbits=31), _inflate),
    "deflate": (lambda: zlib.decompressobj(wbits=-15), _inflate),
    "bz2": (bz2.BZ2Decompressor, _bounded),
    "xz": (partial(lzma.LZMADecompressor, memlimit=_LZMA_MEMORY), _bounded),
    "zst": (_Zstandard, _in_small_steps),
}


class Unpacked(io.RawIOBase):
    """A stream of pieces, within a budget where it has a meter; reading raises what the pieces
    raise, after the bytes before it."""

    def __init__(self, content: Generator[bytes], meter: Meter | None = None) -> None:
        self._content = content
        self._meter = meter
        self._piece = b""
        self._place = 0
        self._position = 0
        self._error: TruncatedError | None = None

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, all there are by default."""
        parts: list[bytes] = []
        wanted = size
        while wanted != 0:
            if self._place == len(self._piece) and not self._next():
                break
            part = self._piece[self._place : None if wanted < 0 else self._place + wanted]
            self._place += len(part)
            parts.append(part)
            wanted -= len(part) if wanted > 0 else 0
        if not parts and self._error is not None and size != 0:
            raise self._error
        return b"".join(parts)

    def close(self) -> None:
        """Close what the pieces are read from."""
        self._content.close()
        super().close()

    def _next(self) -> bool:
        """Take the next piece that is not empty; tell whether there was one."""
        while self._error is None:
            try:
                piece = next(self._content)
            except StopIteration:
                return False
            except TruncatedError as error:
                self._error = error
                return False
            if piece:
                self._piece, self._place = piece, 0
                self._position += len(piece)
                if self._meter is not None:
                    self._meter.note(self._position)
                return True
        return False
