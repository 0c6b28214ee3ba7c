"""Tables about the release itself: succession of ids, changes, checks and how it was made."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from schemas import columns as c
from schemas.base import Keys, Table


class Redirects(Table):
    """Where an id of an earlier release went."""

    entity_type: c.EntityType
    old_id: Annotated[str, pa.Field(description="The id that is no longer current.")]
    new_id: Annotated[
        str, pa.Field(nullable=True, description="Its successor; null where deleted.")
    ]
    kind: Annotated[
        str, pa.Field(isin=("merged", "split", "deleted"), description="What happened to it.")
    ]
    from_release: c.ReleaseId
    to_release: c.ReleaseId

    class Config:
        """Keys."""

        metadata = {"keys": Keys(primary=("entity_type", "old_id", "new_id", "to_release"))}


class Changes(Table):
    """This release against the previous one, entity by entity."""

    entity_type: c.EntityType
    id: Annotated[str, pa.Field(description="paper_id, author_id or organization_id.")]
    change: Annotated[
        str, pa.Field(isin=("added", "modified", "removed"), description="What happened.")
    ]
    fields: Annotated[
        pl.List,
        pl.String,
        pa.Field(
            nullable=True,
            description="Columns, and tables about it, that differ; null unless modified.",
        ),
    ]
    cause: Annotated[
        str, pa.Field(isin=("input", "rules", "judgement"), description="Why it changed.")
    ]

    class Config:
        """Keys."""

        metadata = {"keys": Keys(primary=("entity_type", "id"))}


class Checks(Table):
    """What was checked before the release was published. A failed check of severity fail blocks
    publication."""

    check: Annotated[str, pa.Field(description="Name of the check.")]
    severity: Annotated[
        str, pa.Field(isin=("fail", "warn"), description="Whether it blocks or only reports.")
    ]
    value: Annotated[pl.Float64, pa.Field(description="What was measured.")]
    bound: Annotated[pl.Float64, pa.Field(description="The bound it is held against.")]
    passed: Annotated[pl.Boolean, pa.Field(description="Whether the bound holds.")]
    message: Annotated[str, pa.Field(description="What was checked, or what is wrong.")]

    class Config:
        """Keys."""

        metadata = {"keys": Keys(primary=("check",))}


class Refreshes(Table):
    """How each kept release was made, stage by stage. The one table with clock times."""

    release_id: c.ReleaseId
    stage: Annotated[
        str,
        pa.Field(
            isin=("extract", "validate", "resolve", "publish"), description="Stage of the refresh."
        ),
    ]
    started_at: Annotated[
        pl.Datetime, "us", "UTC", pa.Field(description="When the refresh began (UTC).")
    ]
    finished_at: Annotated[
        pl.Datetime, "us", "UTC", pa.Field(description="When it was ready to publish (UTC).")
    ]
    seconds: Annotated[pl.Float64, pa.Field(ge=0, description="Wall time of the stage in seconds.")]
    rows_in: Annotated[pl.Int64, pa.Field(ge=0, description="Rows the stage was given.")]
    rows_out: Annotated[pl.Int64, pa.Field(ge=0, description="Rows the stage gave on.")]
    peak_memory_bytes: Annotated[
        pl.Int64, pa.Field(ge=0, description="Peak memory of the process by then, in bytes.")
    ]

    class Config:
        """Keys."""

        metadata = {"keys": Keys(primary=("release_id", "stage"))}
