"""Review: the most uncertain pairs of a release, and both records side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from flows.sources import shown

WIDTH = 58
SHOWN = ("title", "names", "publication_date", "venue", "abstract", "place")


@dataclass(frozen=True)
class Pair:
    """Two records whose verdict is uncertain."""

    left: str
    right: str
    probability: float
    reason: str


def uncertain_pairs(
    connection: duckdb.DuckDBPyConnection, most: int, judgements: pl.DataFrame
) -> list[Pair]:
    """Return up to `most` pairs that no person has ruled on, nearest to a probability of one half.

    Pairs that a model finds clear (below .02 or above .98) are not uncertain. `judgements` may have
    been made after the release.
    """
    connection.register("judgements", judgements)
    rows = connection.execute(_UNCERTAIN, [most]).fetchall()
    connection.unregister("judgements")
    return [Pair(*row) for row in rows]


def side_by_side(connection: duckdb.DuckDBPyConnection, pair: Pair) -> list[str]:
    """Return lines that show both records of a pair in two columns, and the evidence."""
    left, right = (_record(connection, record_id) for record_id in (pair.left, pair.right))
    lines = [
        "",
        f"p = {pair.probability:.3f}; {pair.reason}",
        f"{pair.left:<{WIDTH}}  {pair.right}",
    ]
    for field in SHOWN:
        lines.append(f"{_cut(left[field]):<{WIDTH}}  {_cut(right[field])}")
    return lines


def _record(connection: duckdb.DuckDBPyConnection, record_id: str) -> dict[str, Any]:
    cursor = connection.execute(
        "SELECT title, list_transform(authors, lambda author: author.name) AS names,"
        " publication_date, venue, abstract, path || ':' || coalesce(line_start, 0) AS place"
        " FROM records JOIN dumps USING (dump_id) WHERE record_id = ?",
        [record_id],
    )
    names = [column[0] for column in cursor.description or ()]
    return dict(zip(names, cursor.fetchall()[0], strict=True))


def _cut(value: object) -> str:
    text = "-" if value is None else ", ".join(value) if isinstance(value, list) else str(value)
    text = shown(text)
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


_UNCERTAIN = """
SELECT record_id_left, record_id_right, probability, reason FROM matches
WHERE decided_by <> 'judgement' AND probability BETWEEN 0.02 AND 0.98
  AND NOT EXISTS (
    FROM judgements WHERE ("left", "right")
      IN ((record_id_left, record_id_right), (record_id_right, record_id_left)))
ORDER BY abs(probability - 0.5), record_id_left, record_id_right LIMIT ?
"""
