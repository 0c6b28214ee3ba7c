"""DuckDB in memory: one database for the process, for queries on frames.

Opening a database takes longer than most queries of ours. What is registered stays within a cursor.
"""

from __future__ import annotations

from functools import cache

import duckdb


def cursor() -> duckdb.DuckDBPyConnection:
    """Return a connection of its own to the database; any thread may ask for one, and closes it."""
    return _database().cursor()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()
