"""Digests: the one way in which bibmill derives ids from values, and knows a file again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from flows.scratch import cursor

ID_LENGTH = 20
SEPARATOR = "\x1f"


def with_id(frame: pl.DataFrame, name: str, prefix: str, columns: Sequence[str]) -> pl.DataFrame:
    """Return `frame` with the column `name`: `prefix` and 20 hex digits of a SHA-256.

    The digest is of the values of `columns`, joined by the unit separator; null counts as ''.
    """
    joined = pl.concat_str(
        [pl.col(column).cast(pl.String).fill_null("") for column in columns], separator=SEPARATOR
    )
    texts = frame.select(joined.alias("text"))
    with cursor() as connection:
        connection.register("texts", texts)
        digests = connection.sql(f"SELECT sha256(text)[:{ID_LENGTH}] AS digest FROM texts").pl()
    return frame.with_columns((pl.lit(prefix) + digests["digest"]).alias(name))


def digest_text(text: str) -> str:
    """Return the same 20 hex digits for one text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:ID_LENGTH]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of the content of a file, in hex, read in pieces.

    Raises OSError where it cannot be read; opening what is no regular file may wait for ever.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
