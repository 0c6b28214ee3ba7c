"""The DuckDB file over one release: views, macros, and the dictionary to read them by.

Holds no data of the tables, only views over the release's Parquet. Views find the files beside the
DuckDB file itself, so that a moved, copied or mounted warehouse answers at once, from any working
directory. DuckDB names its temporary folder after the file that was opened, which is how a view
learns where it stands; where another database was opened first and the catalog attached to it, the
folder recorded at publication is used, and `repoint` renews that.

The file is replaced by each release: whoever wants tables of their own keeps them in another file
and attaches the catalog there.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq

from flows.publish.files import replace, sync
from flows.publish.manifest import Manifest, load_manifest
from flows.publish.views import DICTIONARY, MACROS, RELEASE, VIEWS, Extra, Macro
from flows.publish.warehouse import CATALOG, Warehouse
from schemas import TABLES, Table, keys_of
from schemas.dictionary import arrow_schema, duckdb_comments


def build_catalog(warehouse: Warehouse, release_id: str, target: Path) -> None:
    """Write the catalog of a release to the file `target`, anew."""
    target.unlink(missing_ok=True)
    folder = warehouse.release_folder(release_id)
    manifest = load_manifest(folder)
    with duckdb.connect(str(target)) as connection:
        root = f"{_own_folder(warehouse)} || 'releases/{release_id}/"
        # One transaction: each on its own would be forced to the disk.
        connection.begin()
        for name, table in TABLES.items():
            types = _column_types(connection, table)
            scan = _scan(name, types, manifest, folder, root)
            connection.execute(f"CREATE VIEW {name} AS {scan}")
            for comment in duckdb_comments(name, table):
                connection.execute(comment)
        for view in VIEWS:
            connection.execute(f"CREATE VIEW {view.name} AS {view.sql}")
            _describe(connection, view)
        for macro in MACROS:
            _create_macro(connection, macro)
        for extra in (RELEASE, DICTIONARY):
            connection.execute(f"CREATE TABLE {extra.name} ({extra.sql})")
            _describe(connection, extra)
        _fill_release(connection, manifest)
        _fill_dictionary(connection)
        connection.commit()
    sync(target)


def replace_catalog(warehouse: Warehouse, built: Path) -> None:
    """Put the catalog in the file `built` in place of the warehouse's, in one rename.

    Readers that have the old file open go on with it. What a reader wrote into the old file without
    finishing lies in a log beside it, and DuckDB refuses a new file with an old log: it goes first.
    """
    warehouse.catalog.with_name(f"{CATALOG}.wal").unlink(missing_ok=True)
    replace(built, warehouse.catalog)


def _own_folder(warehouse: Warehouse) -> str:
    """Return SQL for the folder of the opened catalog, signs of glob patterns escaped."""
    recorded = _text(os.fspath(warehouse.root.resolve()) + "/")
    name = CATALOG.replace(".", "[.]")
    opened = f"regexp_extract(current_setting('temp_directory'), '^(.*/){name}[.]tmp$', 1)"
    own = f"coalesce(nullif({opened}, ''), {recorded})"
    return f"regexp_replace({own}, '([*?\\[])', '[\\1]', 'g')"


def _scan(name: str, types: dict[str, str], manifest: Manifest, folder: Path, root: str) -> str:
    """Return the SELECT over a table's files: columns in published order, of the types given.

    What a release of an older dictionary lacks, a table or a column, is empty or null.
    """
    paths = [file.path for file in manifest.tables.get(name, ())]
    there = pq.read_schema(folder / paths[0]).names if paths else []
    columns = ", ".join(
        f'"{column}"' if column in there else f'NULL::{dtype} AS "{column}"'
        for column, dtype in types.items()
    )
    if not paths:
        return f"SELECT {columns} WHERE false"
    pattern = "*/*.parquet" if any(path.count("/") > 1 for path in paths) else "*.parquet"
    key = keys_of(TABLES[name]).partition_by
    # Folder names are used to skip files, where all of them tell the key (see partition_folder).
    hive = "hive_partitioning = false"
    if key and all(path.startswith(f"{name}/{key}=") for path in paths):
        hive = f"hive_partitioning = true, hive_types = {{'{key}': {types[key]}}}"
    return f"SELECT {columns} FROM read_parquet({root}{name}/{pattern}', {hive})"


def _column_types(connection: duckdb.DuckDBPyConnection, table: type[Table]) -> dict[str, str]:
    """Return DuckDB's type of each column of a table, in published order."""
    empty = arrow_schema(table).empty_table()
    types = connection.from_arrow(empty).types
    return {column: str(dtype) for column, dtype in zip(empty.column_names, types, strict=True)}


def _create_macro(connection: duckdb.DuckDBPyConnection, macro: Macro) -> None:
    body = f"TABLE {macro.sql}" if macro.kind == "MACRO TABLE" else f"({macro.sql})"
    connection.execute(f"CREATE MACRO {macro.signature} AS {body}")
    name = macro.signature.partition("(")[0]
    connection.execute(f"COMMENT ON {macro.kind} {name} IS {_text(macro.description)}")


def _describe(connection: duckdb.DuckDBPyConnection, extra: Extra) -> None:
    connection.execute(f"COMMENT ON {extra.kind} {extra.name} IS {_text(extra.description)}")
    for column, description in extra.columns.items():
        connection.execute(f'COMMENT ON COLUMN {extra.name}."{column}" IS {_text(description)}')


def _fill_release(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    connection.execute(
        "INSERT INTO release VALUES (?, ?, ?, ?, ?, ?)",
        [
            manifest.release_id,
            manifest.previous_release_id,
            manifest.schema_version,
            manifest.code_version,
            sum(file.bytes for file in manifest.files()),
            {name: manifest.rows(name) for name in TABLES},
        ],
    )


def _fill_dictionary(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill the table `dictionary` with every column of this file, its own columns included.

    Nullability, keys and references come from the models, the rest from the catalog's comments.
    """
    facts = pl.DataFrame(
        [
            (name, column.name, column.nullable, column.name in primary, refers.get(column.name))
            for name, table in TABLES.items()
            for primary, refers in ((keys_of(table).primary, keys_of(table).references),)
            for column in arrow_schema(table)
        ],
        schema=["table_name", "column_name", "nullable", "is_key", "refers_to"],
        orient="row",
        infer_schema_length=None,
    )
    connection.register("facts", facts)
    connection.execute(
        """
        INSERT INTO dictionary
        SELECT table_name, column_name, data_type, coalesce(facts.nullable, true),
            coalesce(is_key, false), refers_to, comment
        FROM duckdb_columns() AS columns LEFT JOIN facts USING (table_name, column_name)
        WHERE database_name = current_database() AND NOT internal
        ORDER BY columns.table_name, column_index
        """
    )
    connection.unregister("facts")


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
