"""Records, judgements and validated inputs in few words, for the tests of this room."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from flows.collect import Validated
from flows.normalize.digest import with_id
from flows.resolve.papers import resolve_papers
from schemas import TABLES
from schemas.columns import AUTHOR_STRUCT
from schemas.dictionary import empty_frame, polars_schema

JUDGEMENTS = pl.DataFrame(
    schema=dict.fromkeys(("left", "right", "ruling", "who", "when", "why", "origin"), pl.String)
)


def record(key: str, **said: Any) -> dict[str, Any]:
    """A record as a dictionary: authors are names (or structs), `year` or `day` stands for
    a date, `cut` for a truncated list."""
    row: dict[str, Any] = {
        "source": said.pop("source", "here"),
        "source_key": key,
        "dump_id": said.pop("dump_id", "D" + "0" * 20),
        "version": said.pop("version", "unknown"),
        "ordinal": 1,
    }
    authors = said.pop("authors", None)
    cut, inferred = said.pop("cut", False), said.pop("inferred", False)
    if authors:
        row["authors"] = [_author(author) for author in authors]
        row["authors_complete"] = not cut
    if year := said.pop("year", None):
        row["publication_date"] = dt.date(year, 1, 1)
        row["date_precision"] = said.pop("date_precision", "year")
        row["date_basis"] = "inferred_year" if inferred else "printed"
    if day := said.pop("day", None):
        row["publication_date"] = dt.date.fromisoformat(day)
        row["date_precision"], row["date_basis"] = "day", "printed"
    return row | said


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Records as validation gives them, with their ids."""
    schema = polars_schema(TABLES["records"])
    columns = {name: dtype for name, dtype in schema.items() if name != "record_id"}
    if not rows:
        return empty_frame(TABLES["records"])
    plain = pl.DataFrame(
        [{name: row.get(name) for name in columns} for row in rows], schema=columns
    )
    return with_id(plain, "record_id", "R", ["source", "source_key"]).select(*schema)


def resolved(
    records: pl.DataFrame, judgements: pl.DataFrame = JUDGEMENTS, *more: Any
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The published evidence on records, and their clusters."""
    compared = resolve_papers(records, judgements, *more)
    return compared.matches(), compared.clusters()


def validated(rows: list[dict[str, Any]], stated: list[dict[str, Any]] | None = None) -> Validated:
    """The validated input of a release made of `rows`."""
    records = frame(rows)
    dumps = (
        records.select("dump_id", "source")
        .unique("dump_id")
        .sort("dump_id")
        .with_columns(
            pl.lit(None, dtype).alias(name)
            for name, dtype in polars_schema(TABLES["dumps"]).items()
            if name not in ("dump_id", "source")
        )
        .select(*polars_schema(TABLES["dumps"]))
    )
    schema = {
        "dump_id": pl.String,
        "record_id": pl.String,
        "subject_type": pl.String,
        "subject_name": pl.String,
        "metric": pl.String,
        "value": pl.Float64,
        "observed_on": pl.Date,
    }
    return Validated(
        dumps=dumps,
        records=records,
        author_records=empty_frame(TABLES["author_records"]),
        rejects=empty_frame(TABLES["rejects"]),
        stated=pl.DataFrame(stated or [], schema=schema),
    )


def record_id(key: str, source: str = "here") -> str:
    """The id of a record."""
    named = with_id(pl.DataFrame({"s": [source], "k": [key]}), "id", "R", ["s", "k"])
    return str(named.item(0, "id"))


def judgement(left: str, right: str, ruling: str, when: str = "2026-01-01") -> pl.DataFrame:
    """One ruling."""
    row = (left, right, ruling, "ada", when, "seen both", "judgements.csv:2")
    return pl.DataFrame([dict(zip(JUDGEMENTS.columns, row, strict=True))], schema=JUDGEMENTS.schema)


def _author(author: str | dict[str, Any]) -> dict[str, Any]:
    said = {"name": author} if isinstance(author, str) else author
    unknown = dict.fromkeys(field.name for field in AUTHOR_STRUCT.fields)
    return unknown | said
