"""Ids: minted once from the founding member, kept over releases, redirected, never reused.

Here: how the things of this release (clusters of members) take over the ids of the release before.
Not here: what a member is; papers have records, authors have mentions, organizations have names.

The rules:
- A new thing is named after its founder, the first of its members by source and source_key: the id
  is a digest of what the source itself says, so cleaning and matching cannot move it.
- An id follows its founder. Where the founder is gone it follows the member that stood for it in
  the release before, else the greatest number of its members, else the first of them.
- Things that merge keep the oldest of their ids (the earliest release, then the smallest id); the
  others are redirected to it as `merged`.
- Parts that leave a thing are listed as `split`: where the parts went, while the id itself stays
  with the founder.
- An id without members is `deleted`. It comes back only for its own founder, when that is again the
  founder of a thing: then it names what it always named, and its redirect is taken back.
- A record that the same source now gives under another key is the same member: see `succession`.
- Redirects of earlier releases are carried on and lead to ids of this release, or to null.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from flows.normalize.digest import with_id
from schemas.dictionary import polars_schema
from schemas.release import Redirects


@dataclass(frozen=True)
class Releases:
    """The release being made and the one before it, if any."""

    this: str
    before: str | None


def keep_ids(
    members: pl.DataFrame,
    before: pl.DataFrame,
    known: pl.DataFrame,
    redirects: pl.DataFrame,
    *,
    entity_type: str,
    prefix: str,
    releases: Releases,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (ids, redirects): thing, id, first_release of every thing; all redirects of its type.

    members: thing, member, own_id (the id it would found), place (its rank as a founder). before:
    member, id, stood (whether it stood for the founder): who was what in the release before. known:
    id, first_release: the ids of the release before. redirects: those of the release before.
    """
    # An id none of whose members can be recognised is still known by its founder.
    founders = (
        members.join(before, on="member", how="anti")
        .join(known.join(before, on="id", how="anti"), left_on="own_id", right_on="id", how="semi")
        .select("member", id="own_id", stood=pl.lit(value=True))
    )
    overlap = members.join(pl.concat([before, founders]), on="member").join(known, on="id")
    heirs = _heirs(overlap)
    survivors = (
        heirs.sort("thing", "first_release", "id")
        .unique("thing", keep="first", maintain_order=True)
        .select("thing", "id", "first_release")
    )
    fresh = _minted(
        members.join(survivors, on="thing", how="anti"),
        current=survivors["id"],
        published=pl.concat([known["id"], redirects["old_id"]]),
        prefix=prefix,
    ).with_columns(first_release=pl.lit(releases.this))
    # An id that comes back was first published earlier; when, nobody needs any more.
    ids = pl.concat([survivors, fresh]).sort("id")
    went = _went(known, heirs, ids)
    parts = (
        overlap.join(heirs.select("id", heir="thing"), on="id")
        .filter(pl.col("thing") != pl.col("heir"))
        .select("thing", old_id="id")
        .unique()
        .join(ids.select("thing", new_id="id"), on="thing")
        .select("old_id", "new_id", kind=pl.lit("split"))
    )
    news = pl.concat([went, parts]).with_columns(
        from_release=pl.lit(releases.before, pl.String), to_release=pl.lit(releases.this)
    )
    carried = _carried(redirects, went, ids)
    schema = polars_schema(Redirects)
    return ids, (
        pl.concat([carried, news.select(carried.columns)])
        .filter(pl.col("old_id").ne_missing(pl.col("new_id")))
        .with_columns(entity_type=pl.lit(entity_type))
        .select(pl.col(name).cast(dtype) for name, dtype in schema.items())
        # Where an id became part of another, that it was split before says nothing more.
        .sort("old_id", "new_id", "kind", "to_release", nulls_last=True)
        .unique(["old_id", "new_id"], keep="first", maintain_order=True)
    )


def _heirs(overlap: pl.DataFrame) -> pl.DataFrame:
    """Return the one thing that each id goes to: id, thing, first_release."""
    return (
        overlap.group_by("id", "thing", "first_release")
        .agg(
            has_founder=(pl.col("own_id") == pl.col("id")).any(),
            has_stand_in=pl.col("stood").any(),
            members=pl.len(),
            place=pl.col("place").min(),
        )
        .sort(
            "id", "has_founder", "has_stand_in", "members", "place",
            descending=[False, True, True, True, False],
        )
        .unique("id", keep="first", maintain_order=True)
        .select("id", "thing", "first_release")
    )  # fmt: skip


def _minted(
    members: pl.DataFrame, *, current: pl.Series, published: pl.Series, prefix: str
) -> pl.DataFrame:
    """Ids for things that took over none: thing, id."""
    minted = (
        members.sort("thing", "place")
        .unique("thing", keep="first", maintain_order=True)
        .select("thing", id="own_id")
    )
    is_taken = minted["id"].is_in(current.implode())
    free, taken = minted.filter(~is_taken), minted.filter(is_taken)
    used = pl.concat([current, published, free["id"]]).unique()
    generation = 2
    # A loop over generations: the founder's own id went on with others while it was away. It takes
    # one round, and a second only where that has happened to the same founder twice.
    while not taken.is_empty():
        renamed = with_id(
            taken.with_columns(generation=pl.lit(generation)), "new", prefix, ["id", "generation"]
        )
        is_used = renamed["new"].is_in(used.implode())
        free = pl.concat([free, renamed.filter(~is_used).select("thing", id="new")])
        taken = taken.filter(is_used)
        generation += 1
    return free


def _went(known: pl.DataFrame, heirs: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """Where each id went that is no longer current: old_id, new_id, kind."""
    return (
        known.select(old_id="id")
        .join(ids, left_on="old_id", right_on="id", how="anti")
        .join(heirs.select(old_id="id", thing="thing"), on="old_id", how="left")
        .join(ids.select("thing", new_id="id"), on="thing", how="left")
        .select(
            "old_id",
            "new_id",
            kind=pl.when(pl.col("new_id").is_null())
            .then(pl.lit("deleted"))
            .otherwise(pl.lit("merged")),
        )
    )


def _carried(redirects: pl.DataFrame, went: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """Earlier redirects, led on to ids of this release; those of ids that came back are dropped."""
    is_split = pl.col("kind") == "split"
    is_back = pl.col("old_id").is_in(ids["id"].implode())
    return (
        redirects.filter(is_split | ~is_back)
        .join(
            went.select(new_id="old_id", later="new_id", has_gone=pl.lit(value=True)),
            on="new_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(has_gone=pl.col("has_gone").fill_null(value=False))
        .filter(~(is_split & pl.col("has_gone") & pl.col("later").is_null()))
        .select(
            "old_id",
            pl.when("has_gone").then("later").otherwise("new_id").alias("new_id"),
            pl.when(pl.col("has_gone") & pl.col("later").is_null())
            .then(pl.lit("deleted"))
            .otherwise("kind")
            .alias("kind"),
            "from_release",
            "to_release",
        )
    )
