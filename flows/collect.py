"""Collect: the validated dumps together, each record once.

What a newer delivery, another part of the same record, or a notice of deletion makes of a record is
decided here; what a valid record is, in `flows.validate`; which records are one paper, later.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from flows.formats import readers
from flows.normalize.digest import with_id
from flows.normalize.text import match_key
from flows.parts import PART, put_together
from flows.validate import VALIDATED, ValidatedDump, failed_rows, numbered_rejects
from schemas.dictionary import polars_schema
from schemas.dump import Dumps
from schemas.record import Records

_KEY = ["source", "source_key"]
_PLACE = ["dump_id", "ordinal"]


@dataclass(frozen=True)
class Validated:
    """The validated input of a release: current records, what was rejected, what dumps state."""

    dumps: pl.DataFrame
    records: pl.DataFrame
    author_records: pl.DataFrame
    rejects: pl.DataFrame
    stated: pl.DataFrame


def collect(validated: Sequence[ValidatedDump]) -> Validated:
    """Return the validated dumps together, with what newer or equal deliveries supersede removed.

    Of the entries of one source_key, the one that the source changed last counts; where it does not
    tell, in an `append` source the one from the dump with the latest day of capture. Dumps of one
    day, and dumps without a day, which count as older, go by their paths: the first keeps the
    entry, so that a copy added under a later name changes nothing.

    In a `snapshot` source the newest delivery that could be read replaces all others, and a notice
    of deletion removes the entries that are not newer. A delivery is a dump, where publishers
    deliver all they have as one file; else all dumps of one folder whose name has a year
    (`2026-10`), or of the source where there is no such folder. Here the last path is the newest
    among equal days, and among dumps without a day: deliveries are named in order.
    """
    ordered = sorted(validated, key=lambda dump: dump.extracted.relative)
    together = {name: _together(ordered, name) for name in VALIDATED}
    facts = pl.DataFrame(
        [_dump_facts(dump, rank) for rank, dump in enumerate(ordered)],
        schema={"rank": pl.Int64(), "delivery": pl.String(), **polars_schema(Dumps)},
    )
    deletions = together["deletions"]
    entries = _told_apart(together["records"], facts)
    current = _current(entries, deletions, facts)
    authors = _current(together["author_records"], deletions, facts)
    is_part = pl.col(PART).is_not_null()
    parts = current.filter(is_part)
    made = put_together(parts)
    late = _late_rejects(made)
    made = made.join(late, on=_PLACE, how="anti")
    records = pl.concat([current.filter(~is_part).drop(PART), made])
    rejects = _with_late(together["rejects"], late)
    read = [together["records"], together["author_records"], deletions]
    kept = [records, authors, late]
    dumps = _with_counts(
        facts,
        {
            "record_count": _places([records, authors]),
            "superseded_count": _places(read).join(_places(kept), on=_PLACE, how="anti"),
            "part_count": parts.join(_places(kept), on=_PLACE, how="anti"),
            "deletion_count": deletions,
            "reject_count": rejects,
        },
    )
    stated = together["stated"]
    return Validated(
        dumps=dumps.select(list(polars_schema(Dumps))).sort("dump_id"),
        records=records.sort("record_id"),
        author_records=authors.sort("record_id"),
        rejects=rejects.sort("dump_id", "reject_number"),
        # An entry printed twice in a dump is one record; what it states is then stated twice.
        stated=pl.concat(
            [
                stated.filter(pl.col("record_id").is_null()),
                stated.join(current, on=["dump_id", "record_id"], how="semi").join(
                    records, on="record_id", how="semi"
                ),
            ]
        )
        .unique()
        .sort(stated.columns),
    )


def _places(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([frame.select(_PLACE) for frame in frames])


def _together(validated: Sequence[ValidatedDump], name: str) -> pl.DataFrame:
    files = [file for dump in validated for file in sorted((dump.folder / name).glob("*.parquet"))]
    return pl.concat([pl.DataFrame(schema=VALIDATED[name]), *map(pl.read_parquet, files)])


def _dump_facts(validated: ValidatedDump, rank: int) -> dict[str, object]:
    """Return the row of `dumps` but for the counts of what became of the entries.

    A dump that could not be read counts as one entry: the reject it became.
    """
    extracted = validated.extracted
    source = extracted.source
    unknown = [{"field": name, "count": n} for name, n in extracted.unknown_fields.items()]
    return {
        "rank": rank,
        "delivery": delivery(extracted.relative, extracted.format),
        "dump_id": extracted.dump_id,
        "source": source.name,
        "source_title": source.title,
        "source_homepage": source.homepage,
        "source_publisher": source.publisher,
        "source_licence": source.licence,
        "format": extracted.format,
        "path": extracted.relative,
        "sha256": extracted.sha256,
        "bytes": extracted.bytes,
        "captured_on": extracted.captured_on,
        "captured_on_basis": extracted.captured_on_basis,
        "capture_year": extracted.capture_year,
        "mode": source.mode,
        "duplicate_free": source.duplicate_free,
        "stated_count": extracted.stated_count,
        "read_count": 1 if extracted.unreadable is not None else extracted.read_count,
        "line_count": extracted.line_count,
        "entry_line_count": extracted.entry_line_count,
        "furniture_line_count": extracted.furniture_line_count,
        "blank_line_count": extracted.blank_line_count,
        "unknown_fields": unknown or None,
    }


def delivery(relative: str, format_names: str | None) -> str:
    """Return what names the delivery a dump belongs to, among those of its source."""
    names = (format_names or "").split(", ")
    known = readers()
    if all(known[name].FORMAT.delivery == "one_file" for name in names if name in known):
        return relative
    folders = relative.split("/")[1:-1]
    dated = (name for name in folders if re.search(r"(?:19|20)\d\d", name) and "=" not in name)
    return next(dated, "")


def _current(entries: pl.DataFrame, deletions: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Return the entries that no other delivery and no deletion supersedes."""
    newest_first = ["updated_at", "captured_on", "rank"]
    key = [*_KEY, *(name for name in (PART,) if name in entries.columns)]
    placed = (
        entries.join(_replaced(facts), on="dump_id", how="anti")
        .join(facts.select("dump_id", "captured_on", "rank"), on="dump_id")
        .sort(*newest_first, "ordinal", descending=[True, True, False, False], nulls_last=True)
        .unique(key, keep="first", maintain_order=True)
    )
    deleted = (
        deletions.join(facts.filter(pl.col("mode") == "snapshot"), on="dump_id")
        .join(_replaced(facts), on="dump_id", how="anti")
        .group_by(_KEY)
        .agg(deleted_at=pl.col("updated_at").max(), is_undated=pl.col("updated_at").has_nulls())
    )
    is_deleted = pl.col("is_undated") | (pl.col("updated_at") <= pl.col("deleted_at")).fill_null(
        value=True
    )
    return (
        placed.join(deleted, on=_KEY, how="left", maintain_order="left")
        .filter(pl.col("is_undated").is_null() | ~is_deleted)
        .select(entries.columns)
    )


def _told_apart(records: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Return the records with a source_key that names them in all their source delivers.

    Where keys name an entry in its dump alone, as citation keys do, a digest of the title's words
    stands behind them: another paper under the same key is another record, whatever comes first.
    """
    local = "|".join(
        sorted(name for name, reader in readers().items() if reader.FORMAT.keys == "dump")
    )
    is_local = facts.select(
        "dump_id", is_local=pl.col("format").str.contains(rf"(?:^|, )(?:{local})(?:,|$)")
    )
    marked = records.join(is_local, on="dump_id", how="left", maintain_order="left")
    keyed = marked.filter("is_local").with_columns(_title=match_key(pl.col("title")))
    if keyed.is_empty():
        return records
    named = with_id(keyed, "_digest", "~", ["_title"]).with_columns(
        source_key=pl.col("source_key") + pl.col("_digest").str.head(9)
    )
    renamed = with_id(named.drop("record_id"), "record_id", "R", _KEY)
    others = marked.filter(~pl.col("is_local").fill_null(value=False))
    return pl.concat([others.select(records.columns), renamed.select(records.columns)])


def _replaced(facts: pl.DataFrame) -> pl.DataFrame:
    """Return the dumps of snapshot sources that are not of the newest delivery."""
    deliveries = (
        facts.filter(pl.col("mode") == "snapshot", pl.col("format").is_not_null())
        .with_columns(
            last=pl.col("rank").max().over("source", "delivery"),
            day=pl.col("captured_on").max().over("source", "delivery"),
        )
        .sort("day", "last", descending=True, nulls_last=True)
    )
    newest = pl.col("delivery").first().over("source")
    return deliveries.filter(pl.col("delivery") != newest).select("dump_id")


def _late_rejects(records: pl.DataFrame) -> pl.DataFrame:
    """Return those records that are no valid ones even when their parts are put together."""
    failures = failed_rows(Records, records)
    return records.with_row_index("index").join(failures, on="index").drop("index")


def _with_late(rejects: pl.DataFrame, late: pl.DataFrame) -> pl.DataFrame:
    """Return the rejects of all dumps, numbered anew where there are late ones."""
    if late.is_empty():
        return rejects
    rows = late.with_columns(
        stage=pl.lit("validate"),
        reject_number=pl.lit(None, pl.Int64),
        message=pl.format("{} It is {}, in all its parts.", "message", "source_key"),
        raw_text="note",
    ).select(list(rejects.schema))
    by_dump = pl.concat([rejects, rows]).partition_by("dump_id", maintain_order=True)
    return pl.concat(
        [numbered_rejects(each, str(each["dump_id"][0]), before=0) for each in by_dump]
    )


def _with_counts(facts: pl.DataFrame, counted: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the dumps with the number of rows each has in the frames of `counted`."""
    dumps = facts.drop(*counted)
    for name, rows in counted.items():
        dumps = dumps.join(
            rows.group_by("dump_id").agg(pl.len().cast(pl.Int64).alias(name)),
            on="dump_id",
            how="left",
        ).with_columns(pl.col(name).fill_null(0))
    return dumps
