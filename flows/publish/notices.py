"""What people should know of a release: a check that fails here warns.

Each is a small function; `checks` has them in one tuple.
"""

from __future__ import annotations

import math

import polars as pl

from flows.publish.candidate import (
    EXAMPLES,
    Candidate,
    Measured,
    counts_by_source,
    none_found,
    without,
)
from flows.sources import Expect
from flows.wording import counted
from schemas.match import LEFT_OUT

MAX_REJECT_SHARE = 0.05
"""Share of a source's entries that may be rejected, where its source.toml says nothing."""

MAX_UNSPLIT_SHARE = 0.05
"""Share of glued title lines that may stay unsplit."""

MAX_LOST_SHARE = 0.05
"""Share of the previous release's papers that may be deleted without anybody being told."""


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


def unreadable_dumps(candidate: Candidate) -> Measured:
    """Count dumps that were rejected as a whole."""
    whole = candidate.tables["rejects"].filter(pl.col("ordinal").is_null())
    paths = candidate.tables["dumps"].join(whole, on="dump_id", how="semi")["path"].sort()
    return none_found(
        paths,
        "Every dump could be read.",
        "Dumps that could not be read",
        "The table rejects says why.",
    )


def reject_share(candidate: Candidate) -> Measured:
    """Measure the share of entries rejected, in the source where it exceeds its bound the most."""
    high = []
    worst = (0.0, MAX_REJECT_SHARE)
    for source, counts in sorted(counts_by_source(candidate.tables["dumps"]).items()):
        expect = candidate.expectations.get(source, Expect())
        bound = MAX_REJECT_SHARE if expect.max_reject_share is None else expect.max_reject_share
        share = counts["reject_count"] / max(counts["read_count"], 1)
        worst = max(worst, (share, bound), key=lambda measured: measured[0] - measured[1])
        if share > bound:
            high.append(f"{source} {share:.1%} (bound {bound:.1%})")
    told = none_found(
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
    return none_found(
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
    return none_found(
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
    return none_found(
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
    return none_found(
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
    return none_found(
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
    return none_found(
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
    lost = without(before["paper_id"], now, led_on).len()
    return Measured(
        lost / max(before.height, 1),
        MAX_LOST_SHARE,
        f"Of {counted(before.height, 'paper')} of the previous release, {lost:,} no longer"
        f" {'has' if lost == 1 else 'have'} a record.",
    )
