"""Tables of resolved organizations."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa

from schemas import columns as c
from schemas.base import Keys, Table


class Organizations(Table):
    """One row per organization named by a dump, as publisher of a paper or as affiliation."""

    organization_id: c.OrganizationId
    name: Annotated[str, pa.Field(str_matches=r"\S", description="Display name.")]
    slug: c.OrganizationSlug
    ror_id: Annotated[
        str,
        pa.Field(
            nullable=True,
            str_matches=r"^0[a-z0-9]{6}\d{2}$",
            description="ROR identifier without resolver.",
        ),
    ]
    first_release: c.FirstRelease

    class Config:
        """Keys."""

        metadata = {"keys": Keys(primary=("organization_id",))}


class OrganizationAliases(Table):
    """Every printed form of an organization: slugs and display names."""

    organization_id: c.OrganizationId
    alias: Annotated[str, pa.Field(str_matches=r"\S", description="The name as printed.")]

    class Config:
        """Keys."""

        metadata = {
            "keys": Keys(
                primary=("organization_id", "alias"),
                references={"organization_id": "organizations.organization_id"},
            )
        }
