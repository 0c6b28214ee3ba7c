"""Cut dumps: what is read of a compressed stream that ends too early, up to the cut.

A reader sees the end of the dump where the cut is. What it makes of the torn entry, and that there
is a cut at all, becomes one reject.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO, cast

import polars as pl

from flows.decompression import TrailingError, TruncatedError
from flows.formats import RAW_TEXT_LIMIT, Batch
from flows.formats._entries import as_rejects, entry_total

_ACCOUNTED = ("entries", "people", "deletions", "rejects")


class UntilCut:
    """Opens a stream that ends where its content was cut off, and remembers the cut."""

    def __init__(self, open_stream: Callable[[], BinaryIO]) -> None:
        self._open_stream = open_stream
        self.why: str | None = None
        self.is_mid_line = False
        self.is_whole = False

    def open(self) -> BinaryIO:
        """Return the content from its beginning; no read raises TruncatedError."""
        self.why = None
        return cast("BinaryIO", _Ending(self._open_stream(), self))


class _Ending(io.RawIOBase):
    """A stream that ends where reading it fails as truncated."""

    def __init__(self, stream: BinaryIO, told: UntilCut) -> None:
        self._stream = stream
        self._told = told
        self._last = b"\n"

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, all there are by default; none at the end or the cut."""
        parts: list[bytes] = []
        wanted = size
        while wanted != 0 and self._told.why is None:
            try:
                part = self._stream.read(wanted if wanted > 0 else 1 << 20)
            except TruncatedError as error:
                self._told.why = str(error)
                self._told.is_mid_line = self._last != b"\n"
                self._told.is_whole = isinstance(error, TrailingError)
                break
            if not part:
                break
            parts.append(part)
            self._last = part[-1:]
            wanted -= len(part) if wanted > 0 else 0
        return b"".join(parts)

    def close(self) -> None:
        """Close the stream below."""
        self._stream.close()
        super().close()


def cut_off(batches: Iterator[Batch], stream: UntilCut) -> Iterator[Batch]:
    """Yield the batches; where the stream was cut, the last one ends with a reject that says so.

    That reject takes the place of the torn entry: of a last reject, and of a last entry where the
    cut is in the middle of a line. Where the content is whole, no entry is torn.
    """
    last: Batch | None = None
    total = 0
    for batch in batches:
        if last is not None:
            yield last
        last = batch
        total += entry_total(batch)
    if stream.why is None:
        if last is not None:
            yield last
        return
    yield _torn(last or Batch(), total, stream, stream.why)


def _torn(batch: Batch, total: int, stream: UntilCut, why: str) -> Batch:
    frames: dict[str, pl.DataFrame] = {name: getattr(batch, name) for name in _ACCOUNTED}
    at_end = pl.col("ordinal") == total
    holder = next((name for name in _ACCOUNTED if frames[name].filter(at_end).height), None)
    torn = pl.DataFrame({"ordinal": [total + 1]})
    is_torn = not stream.is_whole and (stream.is_mid_line or holder == "rejects")
    if holder is not None and is_torn:
        torn = frames[holder].filter(at_end)
        frames[holder] = frames[holder].filter(~at_end)
    said = as_rejects(
        torn.with_columns(
            column=pl.lit(None, pl.String), check=pl.lit("complete_dump"), message=pl.lit(why)
        )
    ).with_columns(pl.col("raw_text").str.head(RAW_TEXT_LIMIT))
    kept = frames["entries"]["ordinal"].implode()
    return replace(
        batch,
        entries=frames["entries"],
        people=frames["people"],
        deletions=frames["deletions"],
        rejects=pl.concat([frames["rejects"], said]),
        stated=batch.stated.filter(pl.col("ordinal").is_null() | pl.col("ordinal").is_in(kept)),
    )
