"""What each level of evidence is worth: log-odds in nats, and rates, as data.

Here: the shipped weights (`data/weights.csv`, and `data/README.md` for how they were found), or
those that a user learned from labelled pairs (`learning`). Not here: what the levels are
(`levels`), the sum (`scoring`), and what an input teaches of its own versions (`rates`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from flows.resolve.levels import EVIDENCE, Evidence

SHIPPED = Path(__file__).parent / "data" / "weights.csv"
COLUMNS = ("question", "evidence", "level", "nats", "same", "other")
PRIOR = "prior"
MOST_NATS = 1000.0
_REMEDY = "run `bibmill learn` again, or remove the file."
_COMPARED, _OF_ONE_WORK = "the two were compared", "the two are of one work"


class WeightsError(Exception):
    """A file of weights that cannot be used; the message says where, and what to do."""


@dataclass(frozen=True)
class Rate:
    """How often a level is found among records of one version, and of two versions of one work."""

    same: float
    other: float

    @property
    def nats(self) -> float:
        """Return what the level is worth."""
        return float(np.log(self.same / self.other))


@dataclass(frozen=True)
class Weights:
    """What the levels of all evidence are worth."""

    compared: float
    """Log-odds that a pair of records that were compared are of one work."""
    same_version: float
    """Share of the records of one work that are of one version."""
    worth: Mapping[str, tuple[float | Rate, ...]]
    """By kind of evidence, for each of its levels: nats, 0 where its worth depends on the pair; or
    the rates that tell it."""

    def nats(self, kind: Evidence) -> list[float]:
        """Return what the levels of a kind of evidence are worth, 0 for what depends on the
        pair."""
        return [level.nats if isinstance(level, Rate) else level for level in self.worth[kind.name]]


@cache
def shipped_weights() -> Weights:
    """Return the weights that hold where nobody learned others."""
    return weights_of(pl.read_csv(SHIPPED, infer_schema=False), SHIPPED.name)


def weights_of(table: pl.DataFrame, name: str) -> Weights:
    """Return the weights in a table of text: the columns of `COLUMNS`, one row for each level.

    name: of the file it was read from. Raises WeightsError with the line for a level that is
    unknown or missing, and for what is no number.
    """
    if missing := [column for column in COLUMNS if column not in table.columns]:
        raise WeightsError(f"{name}:1 lacks the column '{missing[0]}': {_REMEDY}")
    wanted = [("work", PRIOR, _COMPARED), ("version", PRIOR, _OF_ONE_WORK)] + [
        (kind.question, kind.name, level.says)
        for kind in EVIDENCE
        for level in kind.levels
        if level.of_pair is None
    ]
    told: dict[tuple[str, str, str], float | Rate] = {}
    for line, row in enumerate(table.iter_rows(named=True), 2):
        if not any(row.values()):
            continue
        key = (row["question"], row["evidence"], row["level"])
        if key not in wanted or key in told:
            fault = "says again" if key in told else "has the unknown level"
            said = ", ".join(text or "" for text in key)
            raise WeightsError(f"{name}:{line} {fault} '{said}': {_REMEDY}")
        told[key] = _worth(row, f"{name}:{line}")
    for key in wanted:
        if key not in told:
            raise WeightsError(f"{name} lacks the level '{', '.join(key)}': {_REMEDY}")
    compared, version = told[wanted[0]], told[wanted[1]]
    if isinstance(compared, Rate) or not isinstance(version, Rate):
        raise WeightsError(
            f"{name} needs nats for '{_COMPARED}', and same and other for '{_OF_ONE_WORK}':"
            f" {_REMEDY}"
        )
    return Weights(
        compared=compared,
        same_version=version.same,
        worth={
            kind.name: tuple(
                0.0 if level.of_pair is not None else told[kind.question, kind.name, level.says]
                for level in kind.levels
            )
            for kind in EVIDENCE
        },
    )


def weights_table(weights: Weights) -> pl.DataFrame:
    """Return the weights as rows: the columns of `COLUMNS`, as `weights_of` reads them."""
    rate = weights.same_version
    rows: list[tuple[str, str, str, float | None, float | None, float | None]] = [
        ("work", PRIOR, _COMPARED, weights.compared, None, None),
        ("version", PRIOR, _OF_ONE_WORK, None, rate, 1.0 - rate),
    ]
    for kind in EVIDENCE:
        for level, worth in zip(kind.levels, weights.worth[kind.name], strict=True):
            if level.of_pair is not None:
                continue
            told = (
                (None, worth.same, worth.other) if isinstance(worth, Rate) else (worth, None, None)
            )
            rows.append((kind.question, kind.name, level.says, *told))
    numbers = dict.fromkeys(COLUMNS[3:], pl.Float64)
    schema = {**dict.fromkeys(COLUMNS[:3], pl.String), **numbers}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.col(*COLUMNS[3:]).round(6)
    )


def _worth(row: Mapping[str, str | None], place: str) -> float | Rate:
    numbers = {name: row[name] for name in COLUMNS[3:] if row[name]}
    try:
        values = {name: float(text or "") for name, text in numbers.items()}
    except ValueError:
        values = {}
    if values.keys() == {"nats"} and abs(values["nats"]) <= MOST_NATS:
        return values["nats"]
    if values.keys() == {"same", "other"} and all(0 < rate < 1 for rate in values.values()):
        return Rate(**values)
    raise WeightsError(
        f"{place} needs a number under nats (of at most {MOST_NATS:.0f}), or one between 0 and 1"
        f" under both same and other: {_REMEDY}"
    )
