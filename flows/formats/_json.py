"""Reading JSON: the fields of a dump's values as columns.

Parsing is Arrow's, strict about types; what it cannot type (maps, fields of several types) is
DuckDB's. What a field means is the reader's business.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.json as pj

from flows.formats import RAW_TEXT_LIMIT, Batch, Dump
from flows.formats._entries import as_rejects, numbered
from flows.formats._json_values import Values, array_start, read_values
from flows.parallel import in_order
from flows.scratch import cursor

# What Arrow raises where a value is not as the schema says, or mixes types.
_UNREADABLE = (pa.ArrowInvalid, pa.ArrowNotImplementedError)
_TYPE_CHANGED = re.compile(r"Column\(/?([^)]*)\) changed from (\w+) to (\w+)")
_NULLS = re.compile(r"^(?:[\s,]|null\b)*")
_KINDS = {"string": "a text", "number": "a number", "boolean": "true or false", "array": "a list",
          "object": "an object", "null": "null"}  # fmt: skip


@dataclass(frozen=True)
class Fields:
    """The fields a format has.

    `typed`: columns Arrow reads, with their types; a number is float64 unless it can be nothing but
    whole. `queried`: columns by a DuckDB expression over `raw_text`, for maps and for fields that
    are of several types. `ignored`: fields that are known and not wanted. Where every known field
    is typed, wanted or not, reading is fastest: Arrow itself then tells whether others occur.
    """

    typed: pa.Schema
    queried: Mapping[str, str] = field(default_factory=dict)
    ignored: Collection[str] = ()
    known: Collection[str] = ()
    """Fields that `queried` reads."""


@lru_cache(maxsize=4)
def first_value(head: str) -> dict[str, Any]:
    """Return the first object of the text a JSON dump begins with; empty where there is none.

    Of an array, or of an array in a wrapping object, it is the first element.
    """
    text = head.lstrip("\ufeff \t\r\n")
    start = array_start(text)
    text = _NULLS.sub("", text[start:], count=1) if start is not None else text
    if not text.startswith("{"):
        return {}
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (json.JSONDecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def read_json(
    dump: Dump, fields: Fields, batch: Callable[[pl.DataFrame], Batch]
) -> Iterator[Batch]:
    """Yield the batches of a JSON dump, numbered, with rejects and unknown fields added.

    `batch` is given one row per value that could be parsed, in order: ordinal, line_start,
    line_end, line_total, raw_text, and the columns of `fields`. It accounts for each of them.
    """
    return numbered(_batches(read_values(dump), fields, batch))


def _batches(
    chunks: Iterator[Values], fields: Fields, batch: Callable[[pl.DataFrame], Batch]
) -> Iterator[Batch]:
    def read(values: Values) -> Batch:
        with cursor() as connection:
            return _batch(_parse(values(), fields, connection), batch)

    return in_order(read, chunks)


@dataclass(frozen=True)
class _Parsed:
    """A chunk of values with the columns of the format, its rejects and unknown fields."""

    values: pl.DataFrame
    rejects: pl.DataFrame
    unknown_fields: Mapping[str, int]


def _batch(parsed: _Parsed, batch: Callable[[pl.DataFrame], Batch]) -> Batch:
    read = batch(parsed.values)
    return Batch(
        entries=read.entries,
        people=read.people,
        deletions=read.deletions,
        rejects=pl.concat([read.rejects, parsed.rejects]).sort("ordinal"),
        stated=read.stated,
        unknown_fields=parsed.unknown_fields,
    )


def _parse(values: pl.DataFrame, fields: Fields, connection: duckdb.DuckDBPyConnection) -> _Parsed:
    """Return the values with the columns of `fields`.

    A value that is no JSON object, or has a field of another type than the format's, is a reject.
    """
    # Arrow crashes, with the whole process, on nothing but `null`.
    is_other = pl.col("check").is_null() & ~pl.col("raw_text").str.contains(r"^\s*\{")
    other = _fault("it is no object")
    values = values.with_columns(
        pl.when(is_other).then(pl.lit(other[name])).otherwise(pl.col(name)).alias(name)
        for name in ("check", "message")
    )
    sound = values.filter(pl.col("check").is_null())
    tables, faults, is_known = _typed(sound["raw_text"], fields)
    rejects = pl.concat(
        [
            as_rejects(values.filter(pl.col("check").is_not_null())),
            as_rejects(_faulty(sound, faults)),
        ]
    ).with_columns(pl.col("raw_text").str.head(RAW_TEXT_LIMIT))
    kept = sound.with_row_index("row").filter(~pl.col("row").is_in([f["row"] for f in faults]))
    columns = pa.concat_tables([fields.typed.empty_table(), *tables])
    typed = pl.DataFrame(columns) if columns.num_columns else pl.DataFrame(height=kept.height)
    place = kept.select("ordinal", "line_start", "line_end", "line_total", "raw_text")
    frames = [place, typed]
    if fields.queried or not is_known:
        connection.register("parsed", place.select("raw_text"))
    if fields.queried:
        wanted = ", ".join(f'{sql} AS "{name}"' for name, sql in fields.queried.items())
        frames.append(connection.sql(f"SELECT {wanted} FROM parsed").pl())
    return _Parsed(
        values=pl.concat(frames, how="horizontal"),
        rejects=rejects,
        unknown_fields={} if is_known else _unknown_fields(fields, connection),
    )


def _typed(texts: pl.Series, fields: Fields) -> tuple[list[pa.Table], list[dict[str, Any]], bool]:
    """Return the texts as tables, faults by row, and whether all their fields are certainly known.

    Parsed once, strictly, where only typed fields are known; what that refuses is parsed anew.
    """
    if not (fields.ignored or fields.queried or fields.known or texts.is_empty()):
        # What is refused here is parsed below, where each fault is told.
        with suppress(*_UNREADABLE):
            table = _table(texts, fields.typed, "error")
            if table.num_rows == texts.len():
                return [table], [], True
    tables, faults = _halved(texts, 0, fields.typed)
    return tables, faults, False


def _halved(
    texts: pl.Series, first: int, schema: pa.Schema
) -> tuple[list[pa.Table], list[dict[str, Any]]]:
    """Return the texts as tables, and faults by row; halved where something fails."""
    if texts.is_empty():
        return [], []
    try:
        table = _table(texts, schema, "ignore")
        if table.num_rows == texts.len():
            return [table], []
        why = "It is not one JSON object."
    except _UNREADABLE as error:
        # Told as a reject once the value at fault is found.
        why = str(error)
    if texts.len() == 1:
        return [], [{"row": first, **_fault(why)}]
    half = texts.len() // 2
    tables, faults = _halved(texts[:half], first, schema)
    more_tables, more_faults = _halved(texts[half:], first + half, schema)
    return tables + more_tables, faults + more_faults


def _table(texts: pl.Series, schema: pa.Schema, unexpected: str) -> pa.Table:
    joined = texts.str.join("\n").to_arrow(compat_level=pl.CompatLevel.oldest())
    longest = texts.str.len_bytes().max()
    assert isinstance(longest, int)
    return pj.read_json(
        pa.BufferReader(joined.buffers()[2]),
        read_options=pj.ReadOptions(block_size=max(1 << 20, longest + 1)),
        parse_options=pj.ParseOptions(
            explicit_schema=schema,
            newlines_in_values=bool(texts.str.contains("\n", literal=True).any()),
            unexpected_field_behavior=unexpected,
        ),
    )


def _fault(why: str) -> dict[str, str | None]:
    """Return column, check and message of a value that Arrow refuses, for `why`."""
    changed = _TYPE_CHANGED.search(why)
    if changed is None or not changed.group(1):
        reason = "it is no object" if changed else why.removeprefix("JSON parse error: ")
        reason = re.sub(r"\s*in row \d+$", "", reason).rstrip(".")
        return {
            "column": None,
            "check": "valid_json",
            "message": f"The value is not the JSON object expected here ({reason}): mend the line.",
        }
    name = changed.group(1).replace("/[]", "[]").replace("/", ".")
    expected, found = (_KINDS.get(kind, kind) for kind in changed.groups()[1:])
    return {
        "column": name,
        "check": "field_type",
        "message": f"The field '{name}' is {found} where {expected} is expected: the layout has"
        " changed, or the value is damaged.",
    }


def _faulty(sound: pl.DataFrame, faults: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {"row": pl.UInt32, "column": pl.String, "check": pl.String, "message": pl.String}
    return (
        sound.drop("check", "message")
        .with_row_index("row")
        .join(pl.DataFrame(faults, schema=schema), on="row")
    )


def _unknown_fields(fields: Fields, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the top-level fields that `fields` does not name, and how many of the values
    registered as `parsed` have each."""
    layouts = connection.sql(
        "SELECT json_keys(raw_text) AS keys, count(*) AS total FROM parsed GROUP BY ALL"
    ).fetchall()
    known = {*fields.typed.names, *fields.ignored, *fields.known}
    counts: Counter[str] = Counter()
    for keys, total in layouts:
        for key in {*keys} - known:
            counts[key] += total
    return dict(sorted(counts.items()))
