"""Judgements: people's rulings in raw/judgements/*.csv, read and written. They outlive every
recomputation; what they mean for matching is decided in `flows.resolve`."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from flows.sources import JUDGEMENTS, WEIGHTS, RawError

COLUMNS = ("left", "right", "ruling", "who", "when", "why")
RULINGS = ("same", "different")
SCHEMA = pl.Schema({name: pl.String() for name in (*COLUMNS, "origin")})


def read_judgements(raw: Path) -> pl.DataFrame:
    """Return every ruling under `raw`: the columns of `COLUMNS`, and origin as 'file:line'.

    Columns may stand in any order, among others. Raises RawError with the place for a file that is
    no such CSV, for a row without its ids and for a ruling unknown to bibmill.
    """
    if not raw.is_dir():
        raise RawError(f"There is no folder '{raw}': name the folder of dumps with --raw.")
    frames = [pl.DataFrame(schema=SCHEMA)]
    for path in sorted((raw / JUDGEMENTS).glob("*.csv")):
        if path.name != WEIGHTS:
            frames.append(_read_file(path, COLUMNS))
    return pl.concat(frames)


def read_rulings(path: Path) -> pl.DataFrame:
    """Return the rulings of one file as `read_judgements` does; who, when and why may be absent."""
    return _read_file(path, COLUMNS[:3])


def write_judgement(raw: Path, left: str, right: str, ruling: str, who: str, why: str) -> Path:
    """Append a ruling to raw/judgements/judgements.csv, under the file's own header; return it.

    Raises RawError where the rulings there cannot be read, or the file cannot be written.
    """
    read_judgements(raw)
    path = raw / JUDGEMENTS / "judgements.csv"
    today = dt.date.today().isoformat()
    row = dict(zip(COLUMNS, (left, right, ruling, who, today, why), strict=True))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8", newline="") as file:
            file.seek(0)
            there = file.read()
            header = next(csv.reader(io.StringIO(there.removeprefix("\ufeff"))), list(COLUMNS))
            if there and not there.endswith(("\n", "\r")):
                file.write("\n")
            end = "\r\n" if "\r\n" in there else "\n"
            writer = csv.DictWriter(file, [name.strip() for name in header], lineterminator=end)
            if not there:
                writer.writeheader()
            writer.writerow(row)
    except OSError as error:
        raise RawError(
            f"'{path}' cannot be written ({error.strerror}): make it writable."
        ) from error
    return path


def _read_file(path: Path, needed: Sequence[str]) -> pl.DataFrame:
    """Read one file, row by row: people write them, and want to be told the line that is wrong."""
    rows = []
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, COLUMNS)]
            if missing := [name for name in needed if name not in header]:
                raise RawError(
                    f"{path}:1 lacks the column '{missing[0]}': give it the columns"
                    f" {', '.join(needed)}."
                )
            line = reader.line_num + 1
            for values in reader:
                if any(value.strip() for value in values):
                    rows.append(_row(values, header, path, line))
                line = reader.line_num + 1
    except UnicodeDecodeError as error:
        raise RawError(f"{path} is not UTF-8: save it as UTF-8, or remove it.") from error
    except csv.Error as error:
        raise RawError(f"{path}:{line} is no CSV ({error}): mend or remove the line.") from error
    except OSError as error:
        raise RawError(
            f"{path} cannot be read ({error.strerror}): make it readable, or remove it."
        ) from error
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _row(values: list[str], header: list[str], path: Path, line: int) -> list[str | None]:
    """Return one ruling in the order of SCHEMA; raise RawError where it is none."""
    if len(values) != len(header):
        raise RawError(
            f"{path}:{line} has {len(values)} values for {len(header)} columns: mend the line, with"
            ' quotes around a text with commas, as in "so, and so".'
        )
    given = {name: value.strip() or None for name, value in zip(header, values, strict=True)}
    if not (given["left"] and given["right"]):
        raise RawError(f"{path}:{line} lacks an id: give left and right, or remove the line.")
    if given["ruling"] not in RULINGS:
        raise RawError(
            f"{path}:{line} rules '{given['ruling'] or ''}': a ruling is 'same' or 'different'."
        )
    return [*(given.get(name) for name in COLUMNS), f"{path.name}:{line}"]
