"""Which organizations are named: by handle and display name, and in affiliations.

Here: names that a dump itself puts together (`slug Name`) or that are equal but for case. Nothing
is guessed: a handle that nobody explains stays itself.
"""

from __future__ import annotations

import polars as pl

from flows.normalize.digest import with_id
from flows.resolve.clustering import components
from schemas.dictionary import polars_schema
from schemas.organization import OrganizationAliases, Organizations

# What a handle looks like in an affiliation: one word in lower case, joined by hyphens or not.
SLUG = r"^[a-z0-9][a-z0-9.]*(-[a-z0-9.]+)*$"


def organization_names(records: pl.DataFrame) -> pl.DataFrame:
    """Return every printed form: alias, is_slug, folded (for comparison), cluster (smallest
    folded)."""
    pairs = records.select("organization", slug="organization_slug")
    own = records.select(alias=pl.col("authors")).explode("alias").drop_nulls()
    affiliations = pl.concat(
        [
            records.select(alias="affiliations").explode("alias"),
            own.select(alias=pl.col("alias").struct.field("affiliations")).explode("alias"),
        ]
    )
    printed = (
        pl.concat(
            [
                pairs.select(alias="slug", is_slug=pl.lit(value=True)),
                pairs.select(alias="organization", is_slug=pl.lit(value=False)),
                affiliations.with_columns(is_slug=pl.col("alias").str.contains(SLUG)),
            ]
        )
        .drop_nulls()
        .group_by("alias")
        .agg(pl.col("is_slug").any())
        .with_columns(folded=_folded("alias"))
        .sort("folded", "alias")
    )
    names = printed.select(pl.col("folded").unique(maintain_order=True)).with_row_index("node")
    nodes = names.select("node", folded="folded")
    linked = (
        pairs.drop_nulls()
        .select(name=_folded("organization"), handle=_folded("slug"))
        .unique()
        .join(nodes.rename({"node": "left", "folded": "name"}), on="name")
        .join(nodes.rename({"node": "right", "folded": "handle"}), on="handle")
    )
    labels = components(names.height, linked["left"], linked["right"])
    clusters = names.select("folded", cluster=names["folded"].gather(labels))
    return printed.join(clusters, on="folded", maintain_order="left")


def organization_members(names: pl.DataFrame) -> pl.DataFrame:
    """Return the members of organizations for `identity.keep_ids`: thing, member, own_id, place."""
    folded = names.select(thing="cluster", member="folded").unique().sort("member")
    return with_id(folded, "own_id", "O", ["member"]).with_row_index("place")


def organizations_before(aliases: pl.DataFrame) -> pl.DataFrame:
    """Return member, id, stood from the organization_aliases of the release before."""
    return (
        aliases.select(member=_folded("alias"), id="organization_id")
        .unique()
        .with_columns(stood=pl.lit(value=False))
    )


def organization_tables(names: pl.DataFrame, ids: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the tables organizations and organization_aliases."""
    known = names.join(
        ids.select(cluster="thing", organization_id="id", first_release="first_release"),
        on="cluster",
    )
    in_order = known.sort(
        "organization_id", "is_slug", pl.col("alias") == pl.col("folded"), "alias"
    )
    organizations = in_order.group_by("organization_id", "first_release").agg(
        # A display name before a handle, as printed before all lower case.
        name=pl.col("alias").first(),
        slug=pl.col("alias").filter("is_slug").first(),
        ror_id=pl.lit(None, pl.String),
    )
    return {
        name: frame.select(pl.col(column).cast(dtype) for column, dtype in schema.items()).sort(
            frame_key
        )
        for name, frame, schema, frame_key in (
            ("organizations", organizations, polars_schema(Organizations), ["organization_id"]),
            (
                "organization_aliases",
                known,
                polars_schema(OrganizationAliases),
                ["organization_id", "alias"],
            ),
        )
    }


def _folded(column: str) -> pl.Expr:
    return pl.col(column).str.normalize("NFKC").str.to_lowercase()
