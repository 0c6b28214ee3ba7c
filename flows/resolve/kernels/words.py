"""Text to words: columns of text as bytes, folded for comparison, and as numbers for their words.

A column of texts is `Texts`: UTF-8 bytes, and where each text begins. Words are hashed to 32 bits
(FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/, with a final mix): two words in a vocabulary
of a million meet by chance less often than one in a thousand does.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from flows.normalize.text import comparable
from flows.resolve.kernels.compiled import in_parts, kernel

Array: TypeAlias = npt.NDArray[Any]
Unsigned: TypeAlias = Any
"""An unsigned integer of NumPy, of a width that matters."""

BLANK = 32
# Of the signs beyond the first three planes of Unicode, ideographs are letters as they are, and
# selectors of variants show nothing.
_TABLE_END = 0x30000
_IDEOGRAPHS_END = 0x32400
_SELECTORS, _SELECTORS_END = 0xE0100, 0xE01F0
_FEW = 2_000


class Texts(NamedTuple):
    """A column of texts: bytes in UTF-8, and where each begins, with one more for the end."""

    data: Array
    starts: Array


class Lists(NamedTuple):
    """A column of lists: their values one after another, and where each begins, and the end."""

    values: Array
    starts: Array


def texts(column: pl.Series) -> Texts:
    """Return a column of text as bytes; null is an empty text."""
    array = column.fill_null("").to_arrow(compat_level=pl.CompatLevel.oldest())
    if len(array) == 0:
        return Texts(np.zeros(0, np.uint8), np.zeros(1, np.int64))
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return Texts(np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8), starts)


def joined(parts: list[Any]) -> Any:
    """Return columns (of `Texts` or of `Lists`) one below the other."""
    if len(parts) == 1:
        return parts[0]
    ends = np.cumsum([0] + [part.starts[-1] - part.starts[0] for part in parts])
    starts = [
        part.starts[:-1] - part.starts[0] + end for part, end in zip(parts, ends, strict=False)
    ]
    values = [part[0][part.starts[0] : part.starts[-1]] for part in parts]
    return type(parts[0])(np.concatenate(values), np.concatenate([*starts, ends[-1:]]))


def folded(column: Texts) -> Texts:
    """Return the texts as `normalize.text.match_key` gives them; empty where nothing is left."""
    table = _folding()

    def part(start: int, end: int) -> Texts:
        starts = column.starts[start : end + 1]
        used = column.data[starts[0] : starts[-1]]
        wide = int((used >= 128).sum())
        room = len(used) + end - start + int(wide * table.widening) + 8
        return Texts(*_fold(column.data, starts, table.data, table.starts, room))

    return Texts(*joined(in_parts(len(column.starts) - 1, _FEW, part)))


def words(column: Texts, fewest_bytes: int = 1) -> Lists:
    """Return the hashed words of folded texts, in their order."""
    return Lists(*_words(column.data, column.starts, fewest_bytes))


def hashed(text: str) -> int:
    """Return the number of a single folded word."""
    data = np.frombuffer(text.encode(), np.uint8)
    return int(_hash(data, 0, len(data)))


class _Folding(NamedTuple):
    data: Array
    starts: Array
    widening: float


@cache
def _folding() -> _Folding:
    """Return what each sign of Unicode's first planes is folded to: marks to nothing, signs to a
    blank."""
    signs = [chr(code) if not 0xD800 <= code < 0xE000 else " " for code in range(_TABLE_END)]
    column = pl.Series("sign", signs).to_frame().select(comparable(pl.col("sign"))).to_series()
    data, starts = texts(column)
    width = np.array([len(sign.encode()) for sign in signs])
    return _Folding(data, starts, float(np.max(np.diff(starts) / width)))


_ASCII = np.array(
    [ord(chr(code).lower()) if chr(code).isalnum() else BLANK for code in range(128)], np.uint8
)
"""What each sign of ASCII is folded to."""


@kernel
def _fold(
    data: Array, starts: Array, table: Array, table_starts: Array, room: int
) -> tuple[Array, Array]:
    out = np.empty(room, np.uint8)
    out_starts = np.empty(len(starts), np.int64)
    place = 0
    out_starts[0] = 0
    for text in range(len(starts) - 1):
        at = starts[text]
        end = starts[text + 1]
        begun = place
        after_blank = True
        while at < end:
            byte = data[at]
            if byte < 128:
                at += 1
                letter = _ASCII[byte]
                out[place] = letter
                is_blank = letter == BLANK
                place += not (is_blank and after_blank)
                after_blank = is_blank
                continue
            if byte < 0xE0:
                code = ((byte & 0x1F) << 6) | (data[at + 1] & 0x3F)
                width = 2
            elif byte < 0xF0:
                code = ((byte & 0x0F) << 12) | ((data[at + 1] & 0x3F) << 6) | (data[at + 2] & 0x3F)
                width = 3
            else:
                code = (
                    ((byte & 0x07) << 18)
                    | ((data[at + 1] & 0x3F) << 12)
                    | ((data[at + 2] & 0x3F) << 6)
                    | (data[at + 3] & 0x3F)
                )
                width = 4
            if code < _TABLE_END:
                for source in range(table_starts[code], table_starts[code + 1]):
                    letter = table[source]
                    if letter != BLANK:
                        out[place] = letter
                        place += 1
                        after_blank = False
                    elif not after_blank:
                        out[place] = BLANK
                        place += 1
                        after_blank = True
            elif code < _IDEOGRAPHS_END:
                for step in range(width):
                    out[place] = data[at + step]
                    place += 1
                after_blank = False
            elif not (after_blank or _SELECTORS <= code < _SELECTORS_END):
                out[place] = BLANK
                place += 1
                after_blank = True
            at += width
        if place > begun and out[place - 1] == BLANK:
            place -= 1
        out_starts[text + 1] = place
    return out[:place].copy(), out_starts


@kernel
def _hash(data: Array, start: int, end: int) -> Unsigned:
    state = np.uint64(14695981039346656037)
    for at in range(start, end):
        state = (state ^ np.uint64(data[at])) * np.uint64(1099511628211)
    state ^= state >> np.uint64(29)
    state *= np.uint64(0xBF58476D1CE4E5B9)
    return np.uint32(state >> np.uint64(32))


@kernel
def _words(data: Array, starts: Array, fewest_bytes: int) -> tuple[Array, Array]:
    most = 0
    for at in range(starts[0], starts[-1]):
        most += data[at] == BLANK
    out = np.empty(most + len(starts), np.uint32)
    out_starts = np.empty(len(starts), np.int64)
    out_starts[0] = 0
    place = 0
    for text in range(len(starts) - 1):
        begun = starts[text]
        for at in range(starts[text], starts[text + 1] + 1):
            if at == starts[text + 1] or data[at] == BLANK:
                if at - begun >= fewest_bytes and at > begun:
                    out[place] = _hash(data, begun, at)
                    place += 1
                begun = at + 1
        out_starts[text + 1] = place
    return out[:place].copy(), out_starts
