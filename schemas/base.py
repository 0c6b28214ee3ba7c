"""The base of every table's model: strict columns, and keys kept beside them as metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandera.polars as pa


@dataclass(frozen=True)
class Keys:
    """What identifies a table's rows, what they point to, and how the files are divided.

    `references` maps a column to the "table.column" it points to (nulls point nowhere).
    """

    primary: tuple[str, ...]
    references: dict[str, str] = field(default_factory=dict)
    partition_by: str | None = None


class Table(pa.DataFrameModel):
    """A published table; the docstring of a subclass is the table's description."""

    class Config:
        """Columns are exactly those of the model, in its order, of its types."""

        strict = True
        ordered = True
        coerce = False


def keys_of(table: type[Table]) -> Keys:
    """Return the keys of a table, as its Config declares them."""
    metadata: dict[str, Any] = table.get_metadata() or {}
    keys = metadata[table.__name__]["dataframe"]["keys"]
    assert isinstance(keys, Keys)
    return keys
