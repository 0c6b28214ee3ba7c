"""What a release guarantees: a check that fails here blocks its publication.

Each is a small function; `checks` has them in one tuple.
"""

from __future__ import annotations

import polars as pl

from flows.publish.candidate import (
    EXAMPLES,
    FAULT,
    Candidate,
    Measured,
    counts_by_source,
    none_found,
    without,
)
from flows.publish.changes import ENTITIES
from flows.publish.integrity import broken_references, duplicate_keys, invalid_values


def balanced_account(candidate: Candidate) -> Measured:
    """Count dumps whose entries are not all accounted for, or whose counts are not the rows."""
    # People that a source tells of are entries of its dumps too.
    places = [candidate.tables[name].select("dump_id") for name in ("records", "author_records")]
    records, rejects = pl.concat(places), candidate.tables["rejects"]
    accounts = (
        candidate.tables["dumps"]
        .join(records.group_by("dump_id").agg(records=pl.len()), on="dump_id", how="left")
        .join(rejects.group_by("dump_id").agg(rejects=pl.len()), on="dump_id", how="left")
        .with_columns(pl.col("records", "rejects").fill_null(0).cast(pl.Int64))
    )
    total = pl.sum_horizontal("record_count", "superseded_count", "reject_count")
    wrong = accounts.filter(
        (pl.col("read_count") != total)
        | (pl.col("record_count") != pl.col("records"))
        | (pl.col("reject_count") != pl.col("rejects"))
    )
    return none_found(
        wrong["path"],
        "For every dump, entries read = records + superseded + rejects.",
        "Dumps whose entries read are not records + superseded + rejects",
        FAULT,
    )


def line_coverage(candidate: Candidate) -> Measured:
    """Count dumps with lines that belong neither to an entry nor to page furniture."""
    known = pl.sum_horizontal("entry_line_count", "furniture_line_count", "blank_line_count")
    wrong = candidate.tables["dumps"].filter(pl.col("line_count") != known)
    return none_found(
        wrong["path"],
        "Every line of every page dump belongs to an entry or to page furniture, or is blank.",
        "Dumps with lines that belong to no entry and to no page furniture",
        FAULT,
    )


def valid_values(candidate: Candidate) -> Measured:
    """Count tables that the data dictionary does not accept."""
    return _no_problems(invalid_values(candidate.tables), "Every table keeps to the dictionary.")


def unique_keys(candidate: Candidate) -> Measured:
    """Count tables in which a primary key occurs twice."""
    return _no_problems(duplicate_keys(candidate.tables), "Every primary key occurs once.")


def whole_references(candidate: Candidate) -> Measured:
    """Count columns that refer to rows that do not exist."""
    return _no_problems(broken_references(candidate.tables), "Every reference finds its row.")


def every_record_in_one_paper(candidate: Candidate) -> Measured:
    """Count records that are in no paper, or in more than one."""
    homes = candidate.tables["paper_records"].group_by("record_id").agg(homes=pl.len())
    wrong = candidate.tables["records"].join(homes, on="record_id", how="left")
    wrong = wrong.filter(pl.col("homes").fill_null(0) != 1)
    return none_found(
        wrong["record_id"].sort(),
        "Every record is in exactly one paper.",
        "Records that are in no paper or in several",
        FAULT,
    )


def id_succession(candidate: Candidate) -> Measured:
    """Count ids of the previous release that are neither current nor redirected."""
    redirected = candidate.tables["redirects"]["old_id"]
    lost = [
        without(before[entity.id], candidate.tables[entity.table][entity.id], redirected)
        for entity in ENTITIES
        if (before := candidate.previous.get(entity.table)) is not None
    ]
    if "redirects" in candidate.previous:
        # What an earlier release redirected must still lead somewhere.
        lost.append(
            without(candidate.previous["redirects"]["old_id"], _current(candidate), redirected)
        )
    return none_found(
        pl.concat([pl.Series(dtype=pl.String), *lost]).unique().sort(),
        "Every id of the previous release is current or redirected.",
        "Ids of the previous release that are neither current nor redirected",
        FAULT,
    )


def redirects_arrive(candidate: Candidate) -> Measured:
    """Count redirects that lead to an id that is neither current nor redirected on."""
    redirects = candidate.tables["redirects"]
    lost = without(redirects["new_id"].drop_nulls(), _current(candidate), redirects["old_id"])
    return none_found(
        lost,
        "Every redirect leads to an id that is current or redirected on.",
        "Ids that redirects lead to, and that do not exist",
        FAULT,
    )


def min_records(candidate: Candidate) -> Measured:
    """Count sources with fewer records than their source.toml expects."""
    counts = counts_by_source(candidate.tables["dumps"])
    short = [
        f"{source} has {have:,} of {expect.min_records:,} records"
        for source, expect in sorted(candidate.expectations.items())
        if expect.min_records is not None
        and (have := counts.get(source, {}).get("record_count", 0)) < expect.min_records
    ]
    return none_found(
        short,
        "Every source has the records that its source.toml expects.",
        "Sources with fewer records than their source.toml expects",
        "See whether a delivery is cut short, or lower expect.min_records.",
    )


def _no_problems(problems: list[str], holds: str) -> Measured:
    return Measured(len(problems), 0, " ".join(problems[:EXAMPLES]) if problems else holds)


def _current(candidate: Candidate) -> pl.Series:
    return pl.concat([candidate.tables[entity.table][entity.id] for entity in ENTITIES])
