"""The commands that look after a warehouse and its releases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli_shared import WarehouseFolder, existing, writing_to
from flows.wording import counted

commands = typer.Typer()


@commands.command(epilog="Example: `bibmill releases`")
def releases(warehouse: WarehouseFolder = Path("warehouse")) -> None:
    """List the releases kept, oldest first; the current one has a star."""
    from flows.publish import releases as kept_releases

    with existing(warehouse) as place:
        for row in kept_releases(place).iter_rows(named=True):
            star = "*" if row["is_current"] else " "
            counts = (counted(row[name], name[:-1]) for name in ("papers", "authors", "records"))
            typer.echo(
                f"{star} {row['release_id']}  {'  '.join(f'{count:>17}' for count in counts)}"
                f"  {row['bytes'] / 1e6:9.1f} MB"
            )


@commands.command(epilog="Example: `bibmill diff 000001-1a2b3c4d 000002-5e6f7a8b`")
def diff(
    older: Annotated[str, typer.Argument(help="A kept release.")],
    newer: Annotated[str, typer.Argument(help="A later one.")],
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Show what changed between two kept releases, entity by entity."""
    from flows.publish.changes import changes
    from flows.publish.warehouse import read_tables

    with existing(warehouse) as place:
        found = changes(read_tables(place, older), read_tables(place, newer), "input")
    for row in found.iter_rows(named=True):
        fields = f": {', '.join(row['fields'])}" if row["fields"] else ""
        typer.echo(f"{row['change']:<9} {row['entity_type']:<13} {row['id']}{fields}")
    typer.echo(f"{counted(found.height, 'change')} from {older} to {newer}.")


@commands.command(epilog="Example: `bibmill verify`")
def verify(
    release: Annotated[str | None, typer.Argument(help="Default: the current release.")] = None,
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Check every checksum, row count, key and reference of a release."""
    from flows.publish import verify as verify_release
    from flows.publish.warehouse import current_release_id

    with existing(warehouse) as place:
        release_id = release or current_release_id(place) or ""
        problems = verify_release(place, release_id)
    for problem in problems:
        typer.echo(problem, err=True)
    if not problems:
        typer.echo(f"Release {release_id} is whole.")
    raise typer.Exit(1 if problems else 0)


@commands.command(epilog="Example: `bibmill rollback 000001-1a2b3c4d`")
def rollback(
    release: Annotated[str, typer.Argument(help="The release to make current.")],
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Make an older release the current one."""
    from flows.publish import rollback as roll_back

    with writing_to(warehouse) as place:
        roll_back(place, release)
    typer.echo(f"Release {release} is current.")


@commands.command(epilog="Example: `bibmill prune --keep 3`")
def prune(
    keep: Annotated[int, typer.Option(help="How many of the newest releases to keep.")],
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Remove old releases, never the current one."""
    from flows.publish import prune as prune_releases

    with writing_to(warehouse) as place:
        removed = prune_releases(place, keep)
    typer.echo("\n".join(f"Removed {name}." for name in removed) or "Nothing to remove.")


@commands.command(epilog="Example: `bibmill repoint --warehouse /data/warehouse`")
def repoint(warehouse: WarehouseFolder = Path("warehouse")) -> None:
    """Set the catalog right after the warehouse folder was moved, or build it anew."""
    from flows.publish import repoint as repoint_catalog

    with writing_to(warehouse) as place:
        repoint_catalog(place)
    typer.echo(f"'{warehouse / 'bibliography.duckdb'}' shows the release in this folder.")
