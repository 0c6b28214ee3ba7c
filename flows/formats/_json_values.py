"""JSON values in bounded chunks: lines, or elements of an array, with their places.

JSON lines, an array, and an array in a wrapping object (`{"items": [...]}`) give the same frames.
What is in a value is not looked at here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any, BinaryIO

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from flows.formats import HEAD_BYTES, RAW_TEXT_LIMIT, Dump

CHUNK_BYTES = 6 * 1024 * 1024
VALUE_LIMIT = 64 * 1024 * 1024
"""A longer value is none that a bibliography holds; it is rejected unread."""

VALUES_SCHEMA = pl.Schema(
    {
        "ordinal": pl.Int64(),
        "line_start": pl.Int64(),
        "line_end": pl.Int64(),
        "line_total": pl.Int64(),
        "raw_text": pl.String(),
        "check": pl.String(),
        "message": pl.String(),
    }
)
"""A value: its place, text, and why it cannot be parsed (null: it may be)."""

_NAME = re.compile(r'[\s,]*"((?:[^"\\]|\\.)*)"\s*:\s*')
_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,{}\[\]"]+')
_ARRAYS = ("items", "results", "data", "recommendedPapers")
_OBJECTS = ("message",)
"""Names under which APIs wrap an array, and an object with such an array."""
_OF_OBJECTS = re.compile(r"\[(?:\s|null\b|,)*[{\]]")
_NOTHING = re.compile(rb"(?:[\s,]|null\b)*")
_MEMBER_OR_END = re.compile(rb'\s*(?:\}|,\s*"[^"]*"\s*:)')


Values = Callable[[], pl.DataFrame]
"""Values of a chunk (VALUES_SCHEMA; ordinals 1-based in it), told when called, on any thread."""


def read_values(dump: Dump) -> Iterator[Values]:
    """Yield the values of a JSON dump in chunks of about 6 MB."""
    with dump.open() as file:
        head = file.read(CHUNK_BYTES).removeprefix(codecs.BOM_UTF8)
        # Latin-1 gives a letter for each byte: places in the text are places in the bytes.
        start = array_start(head[:HEAD_BYTES].decode("latin-1"))
        if start is None:
            yield from _lines(head, file)
        else:
            yield from (partial(_frame, rows) for rows in _arrays(head, start, file))


def array_start(text: str) -> int | None:
    """Return where the first element may stand: behind the bracket of an array, at 0 for objects of
    several lines; null for JSON lines."""
    bare = len(text) - len(text.lstrip())
    if text[bare : bare + 1] == "[":
        return bare + 1
    if text[bare : bare + 1] == "{" and (inside := _wrapped_start(text[bare:])) is not None:
        return bare + inside
    line, _, behind = text[bare:].partition("\n")
    is_open = line.startswith("{") and not element_spans(line.encode())[0]
    # Where the next line begins an object too, the first is a damaged line.
    is_continued = behind.strip() != "" and not behind.lstrip("\r\n").startswith("{")
    return 0 if is_open and is_continued else None


def _wrapped_start(text: str) -> int | None:
    """Return where the elements of the array begin that a wrapping object holds; null where the
    object holds none, or is not seen whole up to there."""
    brackets, steps = _brackets(text.encode("latin-1", "replace"))
    depth = np.cumsum(steps)
    place = 1
    while name := _NAME.match(text, place):
        place = name.end()
        if name[1] in _ARRAYS and _OF_OBJECTS.match(text, place):
            return place + 1
        if name[1] in _OBJECTS and text[place : place + 1] == "{":
            place += 1
        elif text[place : place + 1] in ("{", "["):
            opened = int(np.searchsorted(brackets, place))
            closed = np.flatnonzero(depth[opened:] < depth[opened])
            if not closed.size:
                return None
            place = int(brackets[opened + closed[0]]) + 1
        elif scalar := _SCALAR.match(text, place):
            place = scalar.end()
        else:
            return None
    return None


def _lines(head: bytes, file: BinaryIO) -> Iterator[Values]:
    number, rest = 1, b""
    chunk = head
    while chunk:
        cut = chunk.rfind(b"\n") + 1
        if cut:
            text = b"".join((rest, memoryview(chunk)[:cut]))
            yield partial(_line_values, text, number)
            number += text.count(b"\n")
        rest = chunk[cut:] if cut else rest + chunk
        if len(rest) > VALUE_LIMIT:
            yield partial(_frame, [_overlong(rest, number, number)])
            rest = _after_line(file)
            number += 1
        chunk = file.read(CHUNK_BYTES)
    if rest.strip():
        yield partial(_line_values, rest, number)


def _after_line(file: BinaryIO) -> bytes:
    """Read on to the end of the line; return what was read behind it."""
    while chunk := file.read(CHUNK_BYTES):
        _, end, rest = chunk.partition(b"\n")
        if end:
            return rest
    return b""


def _line_values(text: bytes, number: int) -> pl.DataFrame:
    if _is_utf8(text):
        lines = _as_lines(text)
        flaws = pl.Series([None], dtype=pl.String)
    else:
        # A loop over lines only where bytes are damaged.
        parts = text.split(b"\n")
        lines = pl.Series([part.decode("utf-8", errors="backslashreplace") for part in parts])
        flaws = pl.Series([None if _is_utf8(part) else "readable_encoding" for part in parts])
    return (
        pl.DataFrame({"raw_text": lines})
        .with_columns(
            line_start=pl.int_range(number, number + pl.len(), dtype=pl.Int64),
            check=flaws if flaws.len() > 1 else pl.lit(None, pl.String),
        )
        .with_columns(pl.col("raw_text").str.strip_chars("\ufeff\r\n"))
        .filter(pl.col("raw_text").str.contains(r"\S"))
        .with_row_index("ordinal", offset=1)
        .select(
            pl.col("ordinal").cast(pl.Int64),
            "line_start",
            line_end="line_start",
            line_total=pl.lit(1, pl.Int64),
            raw_text="raw_text",
            check="check",
            message=pl.when(pl.col("check").is_not_null()).then(pl.lit(_NOT_UTF8)),
        )
    )


def _as_lines(text: bytes) -> pl.Series:
    """Return the lines of sound UTF-8, with their ends; they refer to `text`, which is not
    copied."""
    ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n")) + 1
    offsets = np.concatenate(([0], ends, [len(text)])).astype(np.int64)
    lines = pa.LargeStringArray.from_buffers(
        len(ends) + 1, pa.py_buffer(offsets), pa.py_buffer(text)
    )
    return pl.Series("lines", lines)


_NOT_UTF8 = (
    "The value has bytes that are not UTF-8 (shown as \\x..): convert the dump, for example with"
    " iconv -f latin1 -t utf-8, and deliver it again."
)


def _is_utf8(text: bytes) -> bool:
    # Arrow tells it several times faster than decoding does.
    offsets = pa.py_buffer(np.array([0, len(text)], dtype=np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(text)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _arrays(head: bytes, start: int, file: BinaryIO) -> Iterator[list[dict[str, Any]]]:
    """Yield the elements of arrays that follow each other, as pages of an API do."""
    number = 1
    while True:
        depth = int(_brackets(head[:start])[1].sum()) - 1
        behind, number = yield from _elements(head, start, file, number)
        head, number = _after_wrapping(behind, depth, number, file)
        bare = head.lstrip()
        number += head.count(b"\n", 0, len(head) - len(bare))
        head = bare
        if not head:
            return
        start = array_start(head[:HEAD_BYTES].decode("latin-1")) or 0
        if not start:
            yield [_surplus(head, number)]
            return


def _after_wrapping(text: bytes, depth: int, number: int, file: BinaryIO) -> tuple[bytes, int]:
    """Return what stands behind the objects around an array, `depth` of them, and its first line's
    number; `text` is what was read behind the array."""
    while len(text.lstrip()) < HEAD_BYTES and (chunk := file.read(CHUNK_BYTES)):
        text += chunk
    if not depth or not _MEMBER_OR_END.match(text):
        return text, number
    closed = _closings(text, depth)
    while not closed.size:
        chunk = file.read(CHUNK_BYTES)
        if not chunk:
            return b"", number
        if len(text) > VALUE_LIMIT:
            return text, number
        text += chunk
        closed = _closings(text, depth)
    cut = int(closed[0]) + 1
    text, number = text[cut:], number + text.count(b"\n", 0, cut)
    while len(text.lstrip()) < HEAD_BYTES and (chunk := file.read(CHUNK_BYTES)):
        text += chunk
    return text, number


def _closings(text: bytes, depth: int) -> NDArray[np.int64]:
    """Return where brackets close the object that is `depth` levels out, and those around it."""
    places, steps = _brackets(text)
    return places[np.cumsum(steps) <= -depth]


def _elements(
    head: bytes, start: int, file: BinaryIO, number: int
) -> Generator[list[dict[str, Any]], None, tuple[bytes, int]]:
    """Yield the elements of an array; return what was read behind it, and its line's number."""
    number += head.count(b"\n", 0, start)
    rest, chunk = b"", head[start:]
    while chunk:
        text = rest + chunk
        spans, end, is_closed = element_spans(text)
        rows = []
        done = 0
        # A loop over elements: each is a slice of its own of the bytes read.
        for begin, stop in spans:
            gap = text[done:begin]
            first = number + gap.count(b"\n")
            if not _NOTHING.fullmatch(gap):
                rows.append(_stray(gap.strip(b" \t\r\n,"), number, first))
            element = text[begin:stop]
            last = first + element.count(b"\n")
            rows.append(_element(element, first, last))
            number, done = last, stop
        if is_closed:
            gap = text[done:end]
            last = number + gap.count(b"\n")
            if not _NOTHING.fullmatch(gap):
                rows.append(_stray(gap.strip(b" \t\r\n,"), number, last))
            number = last
        if rows:
            yield rows
        if is_closed:
            return text[end + 1 :], number
        rest = text[done:]
        if len(rest) > VALUE_LIMIT:
            yield [_overlong(rest, number, number + rest.count(b"\n"))]
            return b"", number
        chunk = file.read(CHUNK_BYTES)
    if start or rest.strip():
        yield [_unclosed(rest, number)]
    return b"", number


def element_spans(text: bytes) -> tuple[list[tuple[int, int]], int, bool]:
    """Return where the objects and arrays directly in `text`, the inside of an array, begin and
    end; how far they reach; and whether the array is closed after them."""
    brackets, steps = _brackets(text)
    depth = np.cumsum(steps)
    closing = np.flatnonzero(depth < 0)
    end = int(closing[0]) if closing.size else len(brackets)
    begins = brackets[:end][(steps[:end] == 1) & (depth[:end] == 1)]
    stops = brackets[:end][(steps[:end] == -1) & (depth[:end] == 0)] + 1
    spans = list(zip(begins.tolist(), stops.tolist(), strict=False))
    reach = int(brackets[end]) if closing.size else (spans[-1][1] if spans else 0)
    return spans, reach, bool(closing.size)


def _brackets(text: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where brackets stand, and 1 for each that opens and -1 for each that closes.

    Brackets count where they are not inside a string; a quote does not where an odd number of
    backslashes precedes it.
    """
    signs = np.frombuffer(text, dtype=np.uint8)
    quotes = np.flatnonzero(signs == ord('"'))
    slashes = np.flatnonzero(signs == ord("\\"))
    if slashes.size and quotes.size:
        breaks = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)
        run_start = slashes[breaks][np.searchsorted(breaks, np.arange(slashes.size), "right") - 1]
        before = np.searchsorted(slashes, quotes - 1)
        before_or_last = np.minimum(before, slashes.size - 1)
        is_after = slashes[before_or_last] == quotes - 1
        is_escaped = is_after & ((quotes - run_start[before_or_last]) % 2 == 1)
        quotes = quotes[~is_escaped]
    is_open = (signs == ord("{")) | (signs == ord("["))
    is_close = (signs == ord("}")) | (signs == ord("]"))
    brackets = np.flatnonzero(is_open | is_close)
    brackets = brackets[np.searchsorted(quotes, brackets) % 2 == 0]
    return brackets, np.where(is_open[brackets], 1, -1)


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={name: VALUES_SCHEMA[name] for name in VALUES_SCHEMA})
    return frame.with_columns(ordinal=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))


def _element(element: bytes, first: int, last: int) -> dict[str, Any]:
    is_utf8 = _is_utf8(element)
    return {
        "line_start": first,
        "line_end": last,
        "line_total": last - first + 1,
        "raw_text": element.decode("utf-8", errors="strict" if is_utf8 else "backslashreplace"),
        "check": None if is_utf8 else "readable_encoding",
        "message": None if is_utf8 else _NOT_UTF8,
    }


def _stray(text: bytes, first: int, last: int) -> dict[str, Any]:
    return _element(text, first, last) | {
        "check": "valid_json",
        "message": "Between two values of the array stands what is none: mend the dump.",
    }


def _overlong(text: bytes, first: int, last: int) -> dict[str, Any]:
    return _element(text[:RAW_TEXT_LIMIT], first, last) | {
        "check": "readable_length",
        "message": f"The value is longer than {VALUE_LIMIT:,} bytes, which no entry is; its"
        " beginning is kept here.",
    }


def _surplus(text: bytes, number: int) -> dict[str, Any]:
    return _element(text[:RAW_TEXT_LIMIT], number, number + text.count(b"\n")) | {
        "check": "valid_json",
        "message": "Behind the array stands what is no other array; it is not read. Mend the dump.",
    }


def _unclosed(text: bytes, number: int) -> dict[str, Any]:
    return _element(text[:RAW_TEXT_LIMIT], number, number + text.count(b"\n")) | {
        "check": "complete_dump",
        "message": "The array is not closed: the dump is cut, or a bracket or quote is damaged."
        " What stands before this place was read; deliver it again.",
    }
