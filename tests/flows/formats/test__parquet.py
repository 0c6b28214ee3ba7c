"""Parquet: batches bounded by their bytes; files that write out to far more than they are."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from flows.decompression import RefusedError
from flows.formats import _parquet
from flows.formats._parquet import ParquetTable


@pytest.mark.parametrize("code", ["RLE_DICTIONARY", "DELTA_BYTE_ARRAY"])
def test_parquet_that_writes_out_to_far_more_than_its_size_is_refused(tmp_path, code) -> None:
    options = (
        {"use_dictionary": True}
        if code == "RLE_DICTIONARY"
        else {"use_dictionary": False, "column_encoding": {"title": code}}
    )
    table = pa.table({"title": ["many words " * 2_000] * 4_000, "doi": ["10.1/x"] * 4_000})
    path = tmp_path / "table.parquet"
    parquet.write_table(table, path, **options)
    assert path.stat().st_size < 100_000
    with pytest.raises(RefusedError, match="do harm"):
        list(ParquetTable(path).batches(["title"]))


def test_parquet_is_read_in_batches_of_so_many_bytes(tmp_path, monkeypatch) -> None:
    listed = [["one", None], None, [], ["two" * 900]] * 500
    named = [[{"name": "Ann Onym"}, {"name": None}], []] * 1000
    table = pa.table({"a.b": ["word " * 300, None] * 1000, "listed": listed, "named": named})
    path = tmp_path / "table.parquet"
    parquet.write_table(table, path, row_group_size=700)
    columns = ["named", "a.b", "listed"]
    [whole] = ParquetTable(path).batches(columns)
    assert whole.equals(pl.DataFrame(table).select(columns))
    monkeypatch.setattr(_parquet, "BATCH_BYTES", 100_000)
    parts = list(ParquetTable(path).batches(columns))
    assert pl.concat(parts).equals(whole)
    assert max(part.estimated_size() for part in parts) < 150_000
    assert len(parts) > 10
