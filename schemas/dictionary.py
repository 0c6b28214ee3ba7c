"""Everything derived from the models: Polars and Arrow schemas, DuckDB comments, Markdown.

A new way to show the dictionary belongs here; what a column means belongs in the models.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa

from schemas import TABLES, Table, keys_of


def column_descriptions(table: type[Table]) -> dict[str, str]:
    """Return the description of each column, in published order."""
    return {name: column.description or "" for name, column in table.to_schema().columns.items()}


def table_description(table: type[Table]) -> str:
    """Return the table's description: its docstring on one line."""
    return " ".join((table.__doc__ or "").split())


def polars_schema(table: type[Table]) -> pl.Schema:
    """Return the Polars schema of a table, columns in published order."""
    columns: dict[str, Any] = table.to_schema().columns
    return pl.Schema({name: column.dtype.type for name, column in columns.items()})


def empty_frame(table: type[Table]) -> pl.DataFrame:
    """Return the table without rows."""
    return pl.DataFrame(schema=polars_schema(table))


def arrow_schema(table: type[Table]) -> pa.Schema:
    """Return the Arrow schema of a table, descriptions as metadata of its fields and of itself."""
    plain = empty_frame(table).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    nullable = {name: column.nullable for name, column in table.to_schema().columns.items()}
    descriptions = column_descriptions(table)
    fields = [
        pa.field(
            field.name,
            field.type,
            nullable=nullable[field.name],
            metadata={"description": descriptions[field.name]},
        )
        for field in plain
    ]
    return pa.schema(fields, metadata={"description": table_description(table)})


def duckdb_comments(name: str, table: type[Table]) -> list[str]:
    """Return the COMMENT statements that document view `name` and its columns in DuckDB."""
    statements = [f"COMMENT ON VIEW {name} IS {_sql_text(table_description(table))}"]
    statements += [
        f'COMMENT ON COLUMN {name}."{column}" IS {_sql_text(description)}'
        for column, description in column_descriptions(table).items()
    ]
    return statements


def markdown() -> str:
    """Return the whole dictionary as Markdown, as `schemas/README.md` holds it.

    To write it anew: `python -m schemas.dictionary > schemas/README.md`.
    """
    head = (
        "# Data dictionary\n\nDerived from the models in this folder; the same descriptions stand"
        " in the Parquet files and in DuckDB (`FROM dictionary`).\n"
    )
    return "\n".join([head, *(_table_markdown(name, table) for name, table in TABLES.items())])


def _table_markdown(name: str, table: type[Table]) -> str:
    keys = keys_of(table)
    lines = [f"## {name}", "", table_description(table), "", f"Key: {', '.join(keys.primary)}."]
    if keys.partition_by:
        lines.append(f"Partitioned by: {keys.partition_by}.")
    lines += ["", "| column | type | null | meaning |", "|---|---|---|---|"]
    arrow = arrow_schema(table)
    for field in arrow:
        description = field.metadata[b"description"].decode().replace("|", "\\|")
        target = keys.references.get(field.name)
        reference = f" Refers to {target}." if target else ""
        null = "yes" if field.nullable else "no"
        kind = str(polars_schema(table)[field.name])
        lines.append(f"| {field.name} | {kind} | {null} | {description}{reference} |")
    return "\n".join([*lines, ""])


def _sql_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    print(markdown(), end="")
