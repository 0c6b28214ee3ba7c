"""The change feed: one release against the one before, entity by entity.

Pure comparison of tables; why they differ is told by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from schemas import TABLES, keys_of
from schemas.dictionary import empty_frame, polars_schema
from schemas.release import Changes


@dataclass(frozen=True)
class Entity:
    """A kind of thing with an id of its own: its table, and the tables that say more of it."""

    entity_type: str
    table: str
    id: str
    details: tuple[str, ...]


ENTITIES = (
    Entity(
        "paper",
        "papers",
        "paper_id",
        ("authorships", "paper_identifiers", "paper_links", "paper_records"),
    ),
    Entity("author", "authors", "author_id", ("author_aliases", "authorships")),
    Entity("organization", "organizations", "organization_id", ("organization_aliases",)),
)


def changes(
    previous: Mapping[str, pl.DataFrame], tables: Mapping[str, pl.DataFrame], cause: str
) -> pl.DataFrame:
    """Return the table `changes`: papers, authors and organizations added, modified or removed.

    `fields` of a modified entity names the columns of its table that differ, and the tables about
    it (such as authorships) in which its rows differ, sorted; null is equal to null. The first
    release has nothing to be compared with: without `previous` the table is empty.
    """
    if not previous:
        return empty_frame(Changes)
    found = [
        frame
        for entity in ENTITIES
        for frame in (_come_and_gone(entity, previous, tables), _modified(entity, previous, tables))
    ]
    return (
        pl.concat(found)
        .with_columns(cause=pl.lit(cause))
        .select(polars_schema(Changes).names())
        .sort(keys_of(Changes).primary)
    )


def _come_and_gone(
    entity: Entity, previous: Mapping[str, pl.DataFrame], tables: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    before, after = (side[entity.table].select(entity.id) for side in (previous, tables))
    added = after.join(before, on=entity.id, how="anti").with_columns(change=pl.lit("added"))
    removed = before.join(after, on=entity.id, how="anti").with_columns(change=pl.lit("removed"))
    return pl.concat([added, removed]).select(
        id=pl.col(entity.id),
        entity_type=pl.lit(entity.entity_type),
        change="change",
        fields=pl.lit(None, pl.List(pl.String)),
    )


def _modified(
    entity: Entity, previous: Mapping[str, pl.DataFrame], tables: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Return what is in both releases and differs in a column or in a table of details."""
    compared = [_differing_columns(entity, previous, tables)]
    compared += [_differing_details(entity, table, previous, tables) for table in entity.details]
    both = previous[entity.table].join(tables[entity.table], on=entity.id, how="semi")
    return (
        pl.concat(compared)
        .join(both, left_on="id", right_on=entity.id, how="semi")
        .group_by("id")
        .agg(fields=pl.col("field").unique().sort())
        .select(
            "id",
            entity_type=pl.lit(entity.entity_type),
            change=pl.lit("modified"),
            fields="fields",
        )
    )


def _differing_columns(
    entity: Entity, previous: Mapping[str, pl.DataFrame], tables: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    # The partition key repeats another column and would be named beside it each time.
    derived = keys_of(TABLES[entity.table]).partition_by
    columns = [
        column for column in tables[entity.table].columns if column not in (entity.id, derived)
    ]
    joined = previous[entity.table].join(tables[entity.table], on=entity.id, suffix=".new")
    differs = [
        pl.when(pl.col(column).ne_missing(pl.col(f"{column}.new"))).then(pl.lit(column))
        for column in columns
    ]
    return (
        joined.select(id=pl.col(entity.id), field=pl.concat_list(differs))
        .explode("field", empty_as_null=False)
        .drop_nulls("field")
    )


def _differing_details(
    entity: Entity,
    table: str,
    previous: Mapping[str, pl.DataFrame],
    tables: Mapping[str, pl.DataFrame],
) -> pl.DataFrame:
    """Return the entities with a row in `table` that is in one of the releases only."""
    rows = tables[table].columns
    sides = [
        side[table].select(rows).with_columns(_side=pl.lit(number))
        for number, side in enumerate((previous, tables))
    ]
    return (
        pl.concat(sides)
        .group_by(rows)
        .agg(alone=pl.col("_side").n_unique() == 1)
        .filter("alone")
        .select(id=pl.col(entity.id), field=pl.lit(table))
        .unique()
    )
