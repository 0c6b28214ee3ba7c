"""Table: CSV, JSON lines or Parquet, its columns mapped to ours in source.toml.

`[columns]` in source.toml says which column is which field; without it, columns count that bear the
name of a field. Lists of names in one text are told apart, and what stands parallel to the authors
(affiliations, ORCIDs, profile ids) goes to them where it has as many parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import polars as pl
import pyarrow as pa

from flows.formats import (
    PARQUET_MAGIC,
    Batch,
    Dump,
    Format,
    Reading,
    RefusedContentError,
)
from flows.formats._csv import header, read_csv
from flows.formats._entries import as_entries, numbered
from flows.formats._json import Fields, first_value, read_json
from flows.formats._lists import in_lists
from flows.formats._parquet import ParquetTable
from flows.formats._warnings import Doubt, with_warnings
from flows.normalize.author_lists import author_names
from flows.normalize.dates import iso_date
from flows.normalize.links import links
from flows.normalize.text import fold
from schemas.columns import AUTHOR_STRUCT

FORMAT = Format(
    name="table",
    title="Table with columns of your own: CSV, JSON lines or Parquet",
    recognised_by='format = "table" in source.toml, with [columns]; or a header with title and'
    " other names of fields",
    example="record_id,title,authors,year\n1,An Example,Jane Doe; Max Roe,2017",
)

_TEXTS = (
    "source_key", "title", "abstract", "venue", "volume", "issue", "pages", "publisher", "doi",
    "arxiv_id", "category", "entry_type", "note",
)  # fmt: skip
_PARALLEL = ("affiliations", "orcid", "author_ids")
_IDENTIFIERS = (
    "pmid",
    "pmcid",
    "isbn",
    "issn",
    "openalex",
    "s2",
    "dblp",
    "acl",
    "mag",
    "openreview",
)
FIELDS = (
    *_TEXTS, "authors", *_PARALLEL, "editors", "year", "month", "day", "date", "url", "version",
    *_IDENTIFIERS,
)  # fmt: skip
"""The fields a column can be."""

_VERSIONS = {"preprint": "preprint", "published": "published"}


def sniff(head: str) -> float:
    """Return 0.2 for Parquet, and for CSV or JSON with a title and another field by name."""
    if head.startswith(PARQUET_MAGIC.decode()):
        return 0.2
    names = first_value(head).keys() or set(header(head[:65536])[0])
    lowered = {name.lower() for name in names}
    return 0.2 if "title" in lowered and len(lowered & set(FIELDS)) > 1 else 0.0


def read(dump: Dump) -> Reading:
    """Return the rows as entries. Raises RefusedContentError where a mapped column is missing, or
    no column is known."""
    with dump.open() as file:
        head = file.read(1 << 18)
    if head.startswith(PARQUET_MAGIC):
        batches = _parquet(dump)
    elif head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        batches = _json(dump, head.decode("utf-8", errors="replace"))
    else:
        batches = _csv(dump, head.decode("utf-8", errors="replace"))
    return Reading(batches, has_lines=False)


def mapped(columns: Mapping[str, str], there: list[str]) -> dict[str, str]:
    """Return the column of each field. Raises RefusedContentError as `read` does."""
    by_name = {name.lower(): name for name in reversed(there)}
    wanted = columns or {name: name for name in FIELDS if name in by_name}
    missing = sorted(column for column in wanted.values() if column.lower() not in by_name)
    known = ", ".join(there[:40]) or "none"
    if missing:
        raise RefusedContentError(
            f"source.toml names the column '{missing[0]}', which the table does not have; it has"
            f" {known}."
        )
    if not {"title", "abstract"} & wanted.keys():
        raise RefusedContentError(
            "No column of the table is known to be a title or an abstract: name it under [columns]"
            f' in source.toml, as in title = "Paper Title"; the table has {known}.'
        )
    return {
        name: column if column in there else by_name[column.lower()]
        for name, column in wanted.items()
    }


def _csv(dump: Dump, head: str) -> Iterator[Batch]:
    names, _ = header(head)
    fields = mapped(dump.columns, names)
    places = {name: names.index(column) for name, column in fields.items()}
    return numbered(
        Batch(
            entries=_entries(
                rows.places.hstack(
                    rows.columns.select(
                        pl.col(f"column_{place}").alias(name) for name, place in places.items()
                    )
                )
            ),
            rejects=rows.rejects,
        )
        for rows in read_csv(dump)
    )


def _json(dump: Dump, head: str) -> Iterator[Batch]:
    # JSON leaves out what an object lacks: what the first one has is not all there is.
    fields = mapped(dump.columns, [*first_value(head), *dump.columns.values(), *FIELDS])
    queried = {name: _as_text(column) for name, column in fields.items()}
    batches = read_json(
        dump,
        Fields(pa.schema([]), queried=queried),
        lambda values: Batch(entries=_entries(values)),
    )
    # A table may have any column besides those that are mapped.
    return (replace(batch, unknown_fields={}) for batch in batches)


def _as_text(column: str) -> str:
    """Return the SQL of a JSON field as text; the parts of a list stand between semicolons, blanks
    in their places; of objects it is the name."""
    quoted = column.replace("'", "''").replace('"', '\\"')

    def path(rest: str = "") -> str:
        return f"'$.\"{quoted}\"{rest}'"

    parts = f"TRY_CAST(json_extract(raw_text, {path()}) AS VARCHAR[])"
    filled = f"list_transform({parts}, lambda part: coalesce(part, ''))"
    names = f"json_extract_string(raw_text, {path('[*].name')})"
    return (
        f"CASE WHEN json_type(raw_text, {path('[0]')}) = 'OBJECT'"
        f" THEN array_to_string({names}, '; ')"
        f" WHEN json_type(raw_text, {path()}) = 'ARRAY' THEN array_to_string({filled}, '; ')"
        f" WHEN json_type(raw_text, {path()}) = 'OBJECT'"
        f" THEN json_extract_string(raw_text, {path('.name')})"
        f" ELSE json_extract_string(raw_text, {path()}) END"
    )


def _parquet(dump: Dump) -> Iterator[Batch]:
    if dump.path is None:
        raise RefusedContentError(
            "Parquet inside a compressed file or an archive cannot be read: it is compressed"
            " itself, deliver the file as it is."
        )
    table = ParquetTable(dump.path)
    fields = mapped(dump.columns, table.columns)
    return numbered(_parquet_batches(table, fields))


def _parquet_batches(table: ParquetTable, fields: Mapping[str, str]) -> Iterator[Batch]:
    for rows in table.batches(sorted(set(fields.values()))):
        texts = rows.select(_text(rows, column).alias(name) for name, column in fields.items())
        raw = texts.select(pl.struct(pl.all()).struct.json_encode()).to_series()
        yield Batch(
            entries=_entries(
                texts.with_columns(
                    ordinal=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), raw_text=raw
                )
            )
        )


def _text(rows: pl.DataFrame, column: str) -> pl.Expr:
    """Return a column as text; the parts of a list stand between semicolons."""
    dtype = rows.schema[column]
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        names = pl.element().struct.field("name").cast(pl.String)
        return pl.col(column).list.eval(names.fill_null("")).list.join("; ")
    if isinstance(dtype, pl.List):
        parts = pl.element().cast(pl.String).fill_null("")
        return pl.col(column).list.eval(parts).list.join("; ")
    if dtype == pl.Binary:
        raise RefusedContentError(
            f"The column '{column}' is of bytes, not of text: write it as text, and deliver again."
        )
    return pl.col(column).cast(pl.String)


def _entries(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows of `FIELDS` (texts, as far as they are mapped), with their places, as entries."""
    absent = [pl.lit(None, pl.String).alias(name) for name in FIELDS if name not in rows.columns]
    rows = rows.with_columns(absent).with_columns(fold(pl.col(name)) for name in FIELDS)
    numbers = pl.col("year", "month", "day").str.replace(r"\.0+$", "")
    rows = rows.with_columns(numbers)
    named = rows.with_columns(author_names(rows["authors"]))
    parallel = named.with_columns(
        _parts(name, of_authors=True).alias(f"{name}_parts") for name in _PARALLEL
    )
    people = parallel.with_row_index("row").filter(pl.col("names").is_not_null())
    listed = people.select(
        "row",
        name="names",
        **{
            own: pl.when(pl.col(f"{name}_parts").list.len() == pl.col("names").list.len())
            .then(f"{name}_parts")
            .otherwise(pl.lit(None, pl.String).repeat_by(pl.col("names").list.len()))
            for own, name in (
                ("affiliation", "affiliations"),
                ("orcid", "orcid"),
                ("source_author_key", "author_ids"),
            )
        },
    ).explode("name", "affiliation", "orcid", "source_author_key")
    authors = in_lists(
        listed.with_columns(
            fold(pl.col("orcid", "source_author_key")),
            affiliations=pl.when(fold(pl.col("affiliation")).is_not_null()).then(
                pl.concat_list(fold(pl.col("affiliation")))
            ),
        ),
        rows.height,
        AUTHOR_STRUCT,
    )
    printed = pl.coalesce(
        "date", pl.concat_str("year", "month", "day", separator="-"),
        pl.concat_str("year", "month", separator="-"), "year",
    )  # fmt: skip
    dated = parallel.with_columns(authors=authors, date_printed=printed).with_columns(
        iso_date(pl.col("date_printed")).struct.unnest()
    )
    is_dated = pl.col("publication_date").is_not_null()
    is_uneven = [
        pl.col("names").is_not_null()
        & (pl.col(f"{name}_parts").list.len() != pl.col("names").list.len())
        for name in _PARALLEL
    ]
    doubted = with_warnings(
        dated,
        Doubt(
            "publication_date",
            "possible_date",
            "The date is none such as 2017, 2017-06 or 2017-06-12.",
            pl.when(~is_dated).then("date_printed"),
        ),
        *(
            Doubt(
                "authors",
                f"parallel_{name}",
                f"There are not as many {name} as authors: whose they are cannot be told.",
                pl.when(uneven).then(name),
            )
            for name, uneven in zip(_PARALLEL[1:], is_uneven[1:], strict=True)
        ),
    )
    return as_entries(
        doubted.with_columns(
            authors_complete="is_complete",
            version=pl.col("version").str.to_lowercase().replace_strict(_VERSIONS, default=None),
            affiliations=pl.when(pl.col("names").is_null() | is_uneven[0]).then(
                _parts("affiliations", of_authors=False)
            ),
            editors=author_names(dated["editors"])["names"],
            categories=_parts("category", of_authors=False),
            date_basis=pl.when(is_dated).then(pl.lit("printed")),
            identifiers=_identifiers(),
            links=links(pl.concat_str("url", "abstract", separator=" ", ignore_nulls=True)),
        )
    )


def _parts(name: str, *, of_authors: bool) -> pl.Expr:
    """Return the parts of a list in one text; with blanks in their places where `of_authors`."""
    parts = pl.col(name).str.strip_suffix(";").str.split(";")
    if of_authors:
        return parts
    kept = parts.list.eval(fold(pl.element())).list.drop_nulls()
    return pl.when(kept.list.len() > 0).then(kept)


def _identifiers() -> pl.Expr:
    """Return the identifiers besides DOI and arXiv identifier, as printed."""
    found = pl.concat_list(
        pl.when(pl.col(scheme).is_not_null()).then(
            pl.struct(scheme=pl.lit(scheme), value=pl.col(scheme))
        )
        for scheme in _IDENTIFIERS
    ).list.drop_nulls()
    return pl.when(found.list.len() > 0).then(found)
