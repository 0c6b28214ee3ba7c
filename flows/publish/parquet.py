"""Tables as Parquet files: sorted, partitioned, described, the same bytes for the same rows.

Where the files of a release lie among others is not known here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from flows.normalize.digest import file_digest
from flows.publish.files import sync
from schemas import TABLES, keys_of
from schemas.dictionary import arrow_schema, polars_schema

PART = "part-0.parquet"
ROWS_PER_GROUP = 122_880
"""Rows in a row group: what DuckDB reads with one thread at a time."""

LONGEST_NAME = 255
"""Bytes in a file name on the usual file systems."""

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class WrittenFile:
    """A file of a release: its path below the release's folder, with forward slashes."""

    path: str
    rows: int
    bytes: int
    sha256: str


def write_table(name: str, frame: pl.DataFrame, folder: Path) -> list[WrittenFile]:
    """Write table `name` below `folder` and return its files, sorted by path.

    Rows are sorted by primary key. A table with a partition key has a folder `key=value` for each
    value, and keeps the key as a column; without rows it is one file. Raises ValueError where the
    frame is not what the dictionary says.
    """
    table = TABLES[name]
    if frame.schema != polars_schema(table):
        raise ValueError(f"{name} differs from its schema: {_difference(name, frame)}.")
    keys = keys_of(table)
    rows = frame.sort(keys.primary, maintain_order=True)
    schema = arrow_schema(table)
    if keys.partition_by is None or rows.is_empty():
        return [_write(rows, schema, folder, f"{name}/{PART}")]
    parts = rows.partition_by(keys.partition_by, as_dict=True, maintain_order=True)
    files = [
        _write(part, schema, folder, f"{name}/{partition_folder(keys.partition_by, value)}/{PART}")
        for (value,), part in parts.items()
    ]
    return sorted(files, key=lambda file: file.path)


def partition_folder(key: str, value: object) -> str:
    """Return the folder name of a partition, from which readers decode exactly `value`.

    ASCII signs other than letters, digits and `_.-~` are percent-encoded. A value that cannot be
    told by a folder name (too long, or the word for null) gets a folder that is no hive partition,
    so that readers keep to the column.
    """
    if value is None:
        raise ValueError(f"The partition key {key} is null: give every row a value.")
    text = str(value)
    encoded = "".join(sign if ord(sign) > 127 else quote(sign, safe="") for sign in text)
    name = f"{key}={encoded}"
    if text == HIVE_NULL or len(name.encode()) > LONGEST_NAME:
        return f"other-{hashlib.sha256(text.encode()).hexdigest()[:20]}"
    return name


def _write(frame: pl.DataFrame, schema: pa.Schema, folder: Path, path: str) -> WrittenFile:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    # One chunk for each column: how a frame is chunked depends on threads, and pages on chunks.
    plain = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks()
    table = pa.Table.from_arrays(plain.columns, schema=schema)
    pq.write_table(
        table, target, compression="zstd", row_group_size=ROWS_PER_GROUP, write_page_index=True
    )
    sync(target)
    return WrittenFile(path, frame.height, target.stat().st_size, file_digest(target))


def _difference(name: str, frame: pl.DataFrame) -> str:
    expected = polars_schema(TABLES[name])
    for column, dtype in expected.items():
        if column not in frame.schema:
            return f"the column {column} is missing"
        if frame.schema[column] != dtype:
            return f"the column {column} is {frame.schema[column]}, not {dtype}"
    unknown = [column for column in frame.columns if column not in expected]
    return (
        f"the column {unknown[0]} is not in it" if unknown else "the columns are in another order"
    )
