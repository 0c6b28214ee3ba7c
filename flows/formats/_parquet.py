"""Reading Parquet: rows in batches bounded by their bytes, not by their number alone.

A dictionary, or a prefix that values share, lets a small file hold texts that are enormous when
they are written out. What the columns mean is the reader's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from flows.decompression import Budget
from flows.formats import RefusedContentError

ROWS_PER_BATCH = 50_000
BATCH_BYTES = 32 * 1024 * 1024
_ROWS_UNMEASURED = 1_000
"""Of texts that share dictionaries or prefixes, and that Arrow writes out before they can be
measured."""

_AS_LARGE = {"PLAIN", "RLE", "BIT_PACKED", "DELTA_LENGTH_BYTE_ARRAY"}
"""Codes in which texts are as large as written out."""
_DICTIONARIES = {"RLE_DICTIONARY", "PLAIN_DICTIONARY"}
_WITH_DICTIONARY = {*_DICTIONARIES, "PLAIN", "RLE", "BIT_PACKED"}


class ParquetTable:
    """A Parquet file: its columns, and their rows. Raises RefusedContentError where damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(error) from error
        self.columns: list[str] = self._file.schema_arrow.names

    def batches(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the rows of some columns. Raises RefusedError where they are far more than the
        size of the file allows."""
        waiting: list[pl.DataFrame] = []
        for rows in self._small_batches(columns):
            together = sum(each.height for each in (*waiting, rows))
            weight = sum(each.estimated_size() for each in (*waiting, rows))
            if waiting and (together > ROWS_PER_BATCH or weight > BATCH_BYTES):
                yield pl.concat(waiting)
                waiting = []
            waiting.append(rows)
        if waiting:
            yield pl.concat(waiting)

    def _small_batches(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        budget = Budget(self._path.stat().st_size)
        within = tuple(f"{column}." for column in columns)
        leaves = [leaf for leaf in self._leaves() if f"{leaf.path}.".startswith(within)]
        for chunk in self._chunks({leaf.path for leaf in leaves}):
            # An element of a list, even an empty one, takes a byte at least.
            budget.spend(0, max(chunk.total_uncompressed_size, chunk.num_values))
        texts = {
            leaf.path: {code for chunk in self._chunks({leaf.path}) for code in chunk.encodings}
            for leaf in leaves
            if leaf.physical_type == "BYTE_ARRAY"
        }
        listed = [path for path, codes in texts.items() if _is_listed(path, codes)]
        is_unmeasured = any(
            codes - _AS_LARGE for path, codes in texts.items() if path not in listed
        )
        rows_per_batch = _ROWS_UNMEASURED if is_unmeasured else ROWS_PER_BATCH
        plain = pa.schema([self._file.schema_arrow.field(name) for name in columns])
        try:
            # Texts as places in a dictionary are as small as they are in the file.
            file = pq.ParquetFile(self._path, read_dictionary=listed)
            for batch in file.iter_batches(rows_per_batch, columns=list(columns)):
                sizes = sum((_sizes(column) for column in batch.columns), np.zeros(batch.num_rows))
                budget.spend(1, int(sizes.sum()))
                for start, end in _spans(sizes):
                    rows = batch.slice(start, end - start).select(list(columns)).cast(plain)
                    yield pl.DataFrame(rows)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(error) from error

    def _leaves(self) -> list[pq.ColumnSchema]:
        return [self._file.schema.column(place) for place in range(len(self._file.schema))]

    def _chunks(self, paths: set[str]) -> Iterator[pq.ColumnChunkMetaData]:
        for number in range(self._file.num_row_groups):
            group = self._file.metadata.row_group(number)
            chunks = (group.column(place) for place in range(group.num_columns))
            yield from (chunk for chunk in chunks if chunk.path_in_schema in paths)


def _is_listed(path: str, codes: set[str]) -> bool:
    """Tell whether the texts of a column stand in a dictionary, as Arrow can read them: not those
    in lists, nor with other codes among them."""
    return "." not in path and bool(codes & _DICTIONARIES) and codes <= _WITH_DICTIONARY


def _damaged(error: Exception) -> RefusedContentError:
    return RefusedContentError(f"The Parquet file is damaged ({error}): deliver it again.")


def _sizes(values: pa.Array) -> NDArray[np.float64]:
    """Return the bytes of each value of a column, its dictionary written out."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        of_words = _sizes(values.dictionary)
        places = pc.fill_null(values.indices, 0).to_numpy(zero_copy_only=False)
        return of_words[places] if len(of_words) else np.zeros(len(values))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        ends = np.concatenate([[0.0], np.cumsum(_sizes(values.values))])
        offsets = values.offsets.to_numpy()
        return np.diff(ends[offsets])
    if pa.types.is_struct(kind):
        return sum(map(_sizes, values.flatten()), np.zeros(len(values)))
    if any(is_kind(kind) for is_kind in _TEXTS):
        lengths = pc.fill_null(pc.binary_length(values), 0)
        return np.asarray(lengths.to_numpy(zero_copy_only=False), dtype=np.float64) + 1
    return np.full(len(values), 8.0)


_TEXTS = (
    pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary,
)  # fmt: skip


def _spans(sizes: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Yield first and last (exclusive) of the rows that are `BATCH_BYTES` together, or one row."""
    boxes = np.floor(np.cumsum(sizes) / BATCH_BYTES)
    cuts = [0, *(np.flatnonzero(np.diff(boxes)) + 1).tolist(), len(sizes)]
    yield from ((start, end) for start, end in pairwise(cuts) if end > start)
