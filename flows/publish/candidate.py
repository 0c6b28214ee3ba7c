"""A release before it is published, and what a check says of it.

Here: what every check is given and gives back, and what several of them share. Not here: the checks
(`guarantees`, `notices`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from flows.sources import Expect, shown

FAULT = "This is a fault of bibmill: please report it."
EXAMPLES = 3


@dataclass(frozen=True)
class Candidate:
    """A release before it is published, beside the one before it and what sources promise."""

    tables: Mapping[str, pl.DataFrame]
    previous: Mapping[str, pl.DataFrame]
    expectations: Mapping[str, Expect]
    judgements: pl.DataFrame


class Measured(NamedTuple):
    """What a check found: it passes where the value does not exceed the bound."""

    value: float
    bound: float
    message: str


def none_found(found: pl.Series | Sequence[str], holds: str, broken: str, advice: str) -> Measured:
    """Return a measurement that passes where nothing was found."""
    if not len(found):
        return Measured(0, 0, holds)
    more = "" if len(found) <= EXAMPLES else ", ..."
    examples = ", ".join(shown(str(example)) for example in found[:EXAMPLES])
    return Measured(len(found), 0, f"{broken}: {len(found):,} ({examples}{more}). {advice}")


def without(ids: pl.Series, *known: pl.Series) -> pl.Series:
    """Return the distinct ids that are in none of the known ones, sorted."""
    distinct = ids.unique().sort()
    return distinct.filter(~distinct.is_in(pl.concat(known).unique().implode()))


def counts_by_source(dumps: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Return record_count, reject_count and read_count of the dumps of each source."""
    sums = dumps.group_by("source").agg(pl.col("record_count", "reject_count", "read_count").sum())
    return {row.pop("source"): row for row in sums.to_dicts()}
