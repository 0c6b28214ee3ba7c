"""What must hold inside a set of tables: values, keys, references.

Rules about where the tables come from belong to `flows.publish.guarantees`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from flows.normalize.digest import file_digest
from flows.publish.manifest import MANIFEST, read_manifest
from flows.publish.parquet import WrittenFile
from flows.publish.warehouse import Warehouse, read_table
from schemas import SCHEMA_VERSION, TABLES, keys_of
from schemas.dictionary import arrow_schema

SUBJECTS = {"paper": ("papers", "paper_id"), "author": ("authors", "author_id")}
"""What metrics.subject_id points to, by subject_type."""

EXAMPLES = 3


def invalid_values(tables: Mapping[str, pl.DataFrame]) -> list[str]:
    """Return a sentence for each table that its model in `schemas` does not accept."""
    return [text for name, frame in tables.items() for text in _invalid_values(name, frame)]


def duplicate_keys(tables: Mapping[str, pl.DataFrame]) -> list[str]:
    """Return a sentence for each table in which a primary key occurs more than once."""
    found = []
    for name, frame in tables.items():
        keys = keys_of(TABLES[name]).primary
        twins = frame.group_by(keys).len().filter(pl.col("len") > 1).sort(keys)
        if twins.height:
            found.append(
                f"{name}: keys ({', '.join(keys)}) that occur more than once: {twins.height}, e.g."
                f" {_shown(twins.drop('len'))}."
            )
    return found


def broken_references(tables: Mapping[str, pl.DataFrame]) -> list[str]:
    """Return a sentence for each column with values that are not in the column it refers to."""
    found = []
    for name, frame in tables.items():
        for column, target in keys_of(TABLES[name]).references.items():
            table, key = target.split(".")
            if table in tables:
                found += _missing(f"{name}.{column}", frame[column], target, tables[table][key])
    if "metrics" in tables:
        for subject_type, (table, key) in SUBJECTS.items():
            ids = tables["metrics"].filter(pl.col("subject_type") == subject_type)["subject_id"]
            if table in tables:
                found += _missing("metrics.subject_id", ids, f"{table}.{key}", tables[table][key])
    return found


def verify(warehouse: Warehouse, release_id: str) -> list[str]:
    """Return what is wrong with a published release, a sentence each; empty if it is whole.

    Every file is held against the manifest (presence, size, checksum, rows), then columns, values,
    keys and references against the dictionary, if all files are whole. A release of another version
    of the dictionary is held against its manifest only. Raises WarehouseError where there is no
    such release, or no readable manifest to hold it against.
    """
    manifest = read_manifest(warehouse, release_id)
    folder = warehouse.release_folder(release_id)
    problems = _unlisted_files(folder, {file.path for file in manifest.files()})
    problems += [text for file in manifest.files() for text in _file_problems(folder, file)]
    if manifest.schema_version != SCHEMA_VERSION or problems:
        return problems
    problems += [
        f"{name}: the release lacks it, or the dictionary does."
        for name in sorted(set(TABLES) ^ set(manifest.tables))
    ]
    tables = {}
    for name in sorted(set(TABLES) & set(manifest.tables)):
        paths = [folder / file.path for file in manifest.tables[name]]
        problems += [
            f"{path.relative_to(folder)}: its columns are not those of the dictionary."
            for path in paths
            if not pq.read_schema(path).equals(arrow_schema(TABLES[name]))
        ]
        tables[name] = read_table(name, paths)
    return [*problems, *invalid_values(tables), *duplicate_keys(tables), *broken_references(tables)]


def _invalid_values(name: str, frame: pl.DataFrame) -> list[str]:
    import pandera.errors

    try:
        TABLES[name].validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases: pl.DataFrame = errors.failure_cases
        first = cases.sort("column", "check", "index", nulls_last=True).row(0, named=True)
        return [
            f"{name}: values that break the dictionary: {cases.height}; the first is"
            f" {str(first['failure_case'])[:80]!r} in {first['column']} (row {first['index']}),"
            f" which fails {first['check']}."
        ]
    return []


def _missing(column: str, values: pl.Series, target: str, known: pl.Series) -> list[str]:
    missing = values.drop_nulls().unique()
    missing = missing.filter(~missing.is_in(known.implode())).sort()
    if missing.is_empty():
        return []
    return [
        f"{column}: values that are not in {target}: {missing.len()}, e.g."
        f" {_shown(missing.to_frame())}."
    ]


def _shown(rows: pl.DataFrame) -> str:
    return "; ".join(", ".join(map(str, row)) for row in rows.head(EXAMPLES).iter_rows())


def _unlisted_files(folder: Path, listed: set[str]) -> list[str]:
    there = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    return [
        f"{path}: the manifest does not list it." for path in sorted(there - listed - {MANIFEST})
    ]


def _file_problems(folder: Path, file: WrittenFile) -> list[str]:
    path = folder / file.path
    if not path.is_file():
        return [f"{file.path}: the file is missing."]
    if path.stat().st_size != file.bytes or file_digest(path) != file.sha256:
        return [f"{file.path}: the content is not what was published (size or checksum differs)."]
    rows = pq.read_metadata(path).num_rows
    if rows != file.rows:
        return [f"{file.path}: it has {rows} rows, the manifest says {file.rows}."]
    return []
