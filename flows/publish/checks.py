"""The checks a release must pass before it is published, each a small function in one tuple.

What is measured is a number held against a bound; the message is for the person who must act.
Checks of severity `fail` block publication. Integrity inside the tables is measured by
`flows.publish.integrity`; what a valid value is stands in `schemas`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from flows.judgements import SCHEMA as JUDGEMENTS_SCHEMA
from flows.publish.changes import ENTITIES
from flows.publish.integrity import broken_references, duplicate_keys, invalid_values
from flows.sources import Expect, shown
from flows.wording import counted
from schemas.dictionary import polars_schema
from schemas.match import LEFT_OUT
from schemas.release import Checks

MAX_REJECT_SHARE = 0.05
"""Share of a source's entries that may be rejected, where its source.toml says nothing."""

MAX_UNSPLIT_SHARE = 0.05
"""Share of glued title lines that may stay unsplit."""

MAX_LOST_SHARE = 0.05
"""Share of the previous release's papers that may be deleted without anybody being told."""

FAULT = "This is a fault of bibmill: please report it."

NO_JUDGEMENTS = pl.DataFrame(schema=JUDGEMENTS_SCHEMA)

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


@dataclass(frozen=True)
class Check:
    """A check's severity, and how it is measured; its name is the function's."""

    severity: str
    measure: Callable[[Candidate], Measured]


def run_checks(
    tables: Mapping[str, pl.DataFrame],
    previous: Mapping[str, pl.DataFrame],
    expectations: Mapping[str, Expect],
    judgements: pl.DataFrame = NO_JUDGEMENTS,
) -> pl.DataFrame:
    """Return the table `checks` for the tables of a release that is to be published.

    `tables` are those known by then (the table `checks` itself is not among them), `previous` are
    the tables of the current release, empty before the first; `expectations` is what each
    source.toml expects, by source; `judgements` are the rulings the release was made with.
    """
    candidate = Candidate(tables, previous, expectations, judgements)
    rows = []
    for check in CHECKS:
        value, bound, message = check.measure(candidate)
        name = check.measure.__name__
        rows.append((name, check.severity, float(value), float(bound), value <= bound, message))
    return pl.DataFrame(rows, schema=polars_schema(Checks), orient="row").sort("check")


def blocking(checks: pl.DataFrame) -> list[str]:
    """Return the messages of the failed checks that block publication."""
    failed = checks.filter(~pl.col("passed"), pl.col("severity") == "fail")
    return failed["message"].to_list()


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
    return _none(
        wrong["path"],
        "For every dump, entries read = records + superseded + rejects.",
        "Dumps whose entries read are not records + superseded + rejects",
        FAULT,
    )


def line_coverage(candidate: Candidate) -> Measured:
    """Count dumps with lines that belong neither to an entry nor to page furniture."""
    known = pl.sum_horizontal("entry_line_count", "furniture_line_count", "blank_line_count")
    wrong = candidate.tables["dumps"].filter(pl.col("line_count") != known)
    return _none(
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
    return _none(
        wrong["record_id"].sort(),
        "Every record is in exactly one paper.",
        "Records that are in no paper or in several",
        FAULT,
    )


def pairs_left_out(candidate: Candidate) -> Measured:
    """Count pairs of records that share a blocking key too common for all of them to be compared.

    They are compared where they share a rarer key, too; so nothing is wrong, but it is known.
    """
    left_out = candidate.tables["estimates"].filter(pl.col("level") == LEFT_OUT)["value"].sum()
    return Measured(
        float(left_out),
        math.inf,
        f"{int(left_out):,} pairs of records share a key that is too common to compare all of them;"
        " they are compared where they share a rarer one.",
    )


def id_succession(candidate: Candidate) -> Measured:
    """Count ids of the previous release that are neither current nor redirected."""
    redirected = candidate.tables["redirects"]["old_id"]
    lost = [
        _without(before[entity.id], candidate.tables[entity.table][entity.id], redirected)
        for entity in ENTITIES
        if (before := candidate.previous.get(entity.table)) is not None
    ]
    if "redirects" in candidate.previous:
        # What an earlier release redirected must still lead somewhere.
        lost.append(
            _without(candidate.previous["redirects"]["old_id"], _current(candidate), redirected)
        )
    return _none(
        pl.concat([pl.Series(dtype=pl.String), *lost]).unique().sort(),
        "Every id of the previous release is current or redirected.",
        "Ids of the previous release that are neither current nor redirected",
        FAULT,
    )


def redirects_arrive(candidate: Candidate) -> Measured:
    """Count redirects that lead to an id that is neither current nor redirected on."""
    redirects = candidate.tables["redirects"]
    lost = _without(redirects["new_id"].drop_nulls(), _current(candidate), redirects["old_id"])
    return _none(
        lost,
        "Every redirect leads to an id that is current or redirected on.",
        "Ids that redirects lead to, and that do not exist",
        FAULT,
    )


def min_records(candidate: Candidate) -> Measured:
    """Count sources with fewer records than their source.toml expects."""
    counts = _counts_by_source(candidate.tables["dumps"])
    short = [
        f"{source} has {have:,} of {expect.min_records:,} records"
        for source, expect in sorted(candidate.expectations.items())
        if expect.min_records is not None
        and (have := counts.get(source, {}).get("record_count", 0)) < expect.min_records
    ]
    return _none(
        short,
        "Every source has the records that its source.toml expects.",
        "Sources with fewer records than their source.toml expects",
        "See whether a delivery is cut short, or lower expect.min_records.",
    )


def unreadable_dumps(candidate: Candidate) -> Measured:
    """Count dumps that were rejected as a whole."""
    whole = candidate.tables["rejects"].filter(pl.col("ordinal").is_null())
    paths = candidate.tables["dumps"].join(whole, on="dump_id", how="semi")["path"].sort()
    return _none(
        paths,
        "Every dump could be read.",
        "Dumps that could not be read",
        "The table rejects says why.",
    )


def reject_share(candidate: Candidate) -> Measured:
    """Measure the share of entries rejected, in the source where it exceeds its bound the most."""
    high = []
    worst = (0.0, MAX_REJECT_SHARE)
    for source, counts in sorted(_counts_by_source(candidate.tables["dumps"]).items()):
        expect = candidate.expectations.get(source, Expect())
        bound = MAX_REJECT_SHARE if expect.max_reject_share is None else expect.max_reject_share
        share = counts["reject_count"] / max(counts["read_count"], 1)
        worst = max(worst, (share, bound), key=lambda measured: measured[0] - measured[1])
        if share > bound:
            high.append(f"{source} {share:.1%} (bound {bound:.1%})")
    told = _none(
        high,
        "No source has too large a share of rejects.",
        "Sources with too large a share of rejects",
        "The table rejects says why; expect.max_reject_share in source.toml is the bound.",
    )
    return Measured(*worst, told.message)


def stated_counts(candidate: Candidate) -> Measured:
    """Count dumps that state another number of entries than were read from them."""
    dumps = candidate.tables["dumps"].select("path", "stated_count", "read_count")
    # A dump without entries that states their number speaks for the dumps beside and below it.
    manifests = dumps.filter(pl.col("stated_count").is_not_null(), pl.col("read_count") == 0)
    spoken_for = (
        manifests.select("path", folder=pl.col("path").str.extract(r"^(.*/)").fill_null(""))
        .join(dumps.select(other="path", there="read_count"), how="cross")
        .filter(pl.col("other").str.starts_with(pl.col("folder")))
        .group_by("path")
        .agg(pl.col("there").sum())
    )
    counted_dumps = dumps.join(spoken_for, on="path", how="left").with_columns(
        read_count=pl.max_horizontal("read_count", "there")
    )
    wrong = counted_dumps.filter(pl.col("stated_count") != pl.col("read_count"))
    told = wrong.sort("path").select(
        pl.format("{} states {}, has {}", "path", "stated_count", "read_count")
    )
    return _none(
        told.to_series(),
        "Every dump has as many entries as it states.",
        "Dumps that state another number of entries than they have",
        "See whether the dump is cut short.",
    )


def unknown_fields(candidate: Candidate) -> Measured:
    """Count dumps with fields that their format does not know; what is in them is not published."""
    told = (
        candidate.tables["dumps"]
        .select("path", "format", field="unknown_fields")
        .explode("field")
        .drop_nulls("field")
        .unnest("field")
        .sort("path", "field")
        .group_by("path", maintain_order=True)
        .agg(pl.format("{} ({})", "field", "count"))
        .select(pl.format("{}: {}", "path", pl.col("field").list.head(EXAMPLES).list.join(", ")))
    )
    return _none(
        told.to_series(),
        "No dump has fields that its format does not know.",
        "Dumps with fields that their format does not know, with the number of entries",
        "The layout has grown; everything known was read.",
    )


def impossible_values(candidate: Candidate) -> Measured:
    """Count records with a value that cannot be right, such as an identifier with a wrong check
    digit; the record stays, without the value."""
    warned = pl.concat(
        [
            candidate.tables[name].select("source", "source_key", warning="warnings")
            for name in ("records", "author_records")
        ]
    ).filter(pl.col("warning").list.len() > 0)
    told = warned.sort("source", "source_key").select(
        pl.format(
            "{} {}: {} '{}'",
            "source",
            "source_key",
            pl.col("warning").list.first().struct.field("column"),
            pl.col("warning").list.first().struct.field("printed").fill_null(""),
        )
    )
    return _none(
        told.to_series(),
        "No record has a value that cannot be right.",
        "Records with a value that cannot be right",
        "The column warnings says which and why.",
    )


def unheeded_deletions(candidate: Candidate) -> Measured:
    """Count dumps with notices of deletion in sources that only add up."""
    unheeded = candidate.tables["dumps"].filter(
        pl.col("mode") == "append", pl.col("deletion_count") > 0
    )
    return _none(
        unheeded["path"].sort(),
        "Every notice of deletion is heeded.",
        "Dumps of sources in mode append with notices of deletion, which have no effect there",
        'Write mode = "snapshot" into their source.toml to heed them.',
    )


def future_dates(candidate: Candidate) -> Measured:
    """Count records dated after the day on which their dump was captured, where that is known."""
    captured = candidate.tables["dumps"].select("dump_id", "path", "captured_on")
    later = (
        candidate.tables["records"]
        .join(captured, on="dump_id")
        .filter(pl.col("publication_date") > pl.col("captured_on"))
        .sort("path", "ordinal")
        .select(pl.format("{} in {}", "publication_date", "path"))
    )
    return _none(
        later.to_series(),
        "No record is dated after the day its dump was captured.",
        "Records dated after the day their dump was captured",
        "See whether captured_on in source.toml is right.",
    )


def waiting_judgements(candidate: Candidate) -> Measured:
    """Count rulings on a record or paper that this release does not know; they have no effect."""
    known = pl.concat(
        [
            candidate.tables["records"]["record_id"],
            candidate.tables["papers"]["paper_id"],
            candidate.tables["redirects"]["old_id"],
        ]
    ).implode()
    waiting = candidate.judgements.filter(~pl.all_horizontal(pl.col("left", "right").is_in(known)))
    return _none(
        waiting["origin"].sort(),
        "Every ruling is on records or papers of this release.",
        "Rulings that wait for a record or paper",
        "See whether their ids are right.",
    )


def uncertain_splits(candidate: Candidate) -> Measured:
    """Measure the share of glued title lines that no split was sure enough for."""
    glued = candidate.tables["records"].filter(pl.col("byline_printed").is_not_null())
    unsplit = glued.filter(
        pl.col("authors").is_null(), pl.col("split_confidence").is_not_null()
    ).height
    return Measured(
        unsplit / max(glued.height, 1),
        MAX_UNSPLIT_SHARE,
        f"Of {counted(glued.height, 'printed line')} with title and authors glued together,"
        f" {unsplit:,} could not be split: the title is the printed line there, the authors are"
        " unknown.",
    )


def lost_papers(candidate: Candidate) -> Measured:
    """Measure the share of the previous release's papers that are deleted."""
    before = candidate.previous.get("papers", pl.DataFrame(schema={"paper_id": pl.String}))
    now = candidate.tables["papers"]["paper_id"]
    led_on = candidate.tables["redirects"].filter(pl.col("new_id").is_not_null())["old_id"]
    lost = _without(before["paper_id"], now, led_on).len()
    return Measured(
        lost / max(before.height, 1),
        MAX_LOST_SHARE,
        f"Of {counted(before.height, 'paper')} of the previous release, {lost:,} no longer"
        f" {'has' if lost == 1 else 'have'} a record.",
    )


CHECKS = (
    Check("fail", balanced_account),
    Check("fail", line_coverage),
    Check("fail", valid_values),
    Check("fail", unique_keys),
    Check("fail", whole_references),
    Check("fail", every_record_in_one_paper),
    Check("fail", id_succession),
    Check("fail", redirects_arrive),
    Check("fail", min_records),
    Check("warn", unreadable_dumps),
    Check("warn", reject_share),
    Check("warn", stated_counts),
    Check("warn", unknown_fields),
    Check("warn", impossible_values),
    Check("warn", unheeded_deletions),
    Check("warn", future_dates),
    Check("warn", waiting_judgements),
    Check("warn", uncertain_splits),
    Check("warn", lost_papers),
    Check("warn", pairs_left_out),
)


def _none(found: pl.Series | Sequence[str], holds: str, broken: str, advice: str) -> Measured:
    """Return a measurement that passes where nothing was found."""
    if not len(found):
        return Measured(0, 0, holds)
    more = "" if len(found) <= EXAMPLES else ", ..."
    examples = ", ".join(shown(str(example)) for example in found[:EXAMPLES])
    return Measured(len(found), 0, f"{broken}: {len(found):,} ({examples}{more}). {advice}")


def _no_problems(problems: list[str], holds: str) -> Measured:
    return Measured(len(problems), 0, " ".join(problems[:EXAMPLES]) if problems else holds)


def _without(ids: pl.Series, *known: pl.Series) -> pl.Series:
    """Return the distinct ids that are in none of the known ones, sorted."""
    distinct = ids.unique().sort()
    return distinct.filter(~distinct.is_in(pl.concat(known).unique().implode()))


def _current(candidate: Candidate) -> pl.Series:
    return pl.concat([candidate.tables[entity.table][entity.id] for entity in ENTITIES])


def _counts_by_source(dumps: pl.DataFrame) -> dict[str, dict[str, int]]:
    sums = dumps.group_by("source").agg(pl.col("record_count", "reject_count", "read_count").sum())
    return {row.pop("source"): row for row in sums.to_dicts()}
