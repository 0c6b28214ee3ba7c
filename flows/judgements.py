"""Judgements: people's rulings in raw/judgements/*.csv, read and written. They outlive every
recomputation; what they mean for matching is decided in `flows.resolve`."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import polars as pl

from flows.sources import JUDGEMENTS, RawError

COLUMNS = ("left", "right", "ruling", "who", "when", "why")
RULINGS = ("same", "different")
SCHEMA = pl.Schema({name: pl.String() for name in (*COLUMNS, "origin")})


def read_judgements(raw: Path) -> pl.DataFrame:
    """Return every ruling under `raw`: the columns of `COLUMNS`, and origin as 'file:line'.

    Raises RawError with the place for a file without the columns or a ruling unknown to bibmill.
    """
    frames = [pl.DataFrame(schema=SCHEMA)]
    for path in sorted((raw / JUDGEMENTS).glob("*.csv")):
        frames.append(_read_file(path))
    return pl.concat(frames)


def write_judgement(raw: Path, left: str, right: str, ruling: str, who: str, why: str) -> Path:
    """Append a ruling to raw/judgements/judgements.csv and return the file."""
    path = raw / JUDGEMENTS / "judgements.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(COLUMNS)
        writer.writerow([left, right, ruling, who, dt.date.today().isoformat(), why])
    return path


def _read_file(path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise RawError(f"{path} is no readable CSV ({error}): mend or remove it.") from error
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise RawError(f"{path} lacks the column '{missing[0]}'; needed are {', '.join(COLUMNS)}.")
    placed = frame.with_row_index("line", offset=2).with_columns(
        origin=pl.concat_str(pl.lit(f"{path.name}:"), pl.col("line").cast(pl.String))
    )
    wrong = placed.filter(~pl.col("ruling").is_in(RULINGS).fill_null(value=False))
    if wrong.height:
        raise RawError(
            f"{path.parent / wrong.item(0, 'origin')} rules '{wrong.item(0, 'ruling')}';"
            " a ruling is 'same' or 'different'."
        )
    return placed.select(list(SCHEMA))
