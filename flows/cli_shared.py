"""What the commands share: their options, opening a warehouse, and stopping with one clear line.

Imports that cost start-up time wait inside the functions that need them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from flows.sources import RawError

if TYPE_CHECKING:
    import duckdb

    from flows.publish.warehouse import Warehouse

Raw = Annotated[Path, typer.Option(help="Folder with a sub-folder of dumps for each source.")]
WarehouseFolder = Annotated[Path, typer.Option(help="Folder the releases are published in.")]

STOPPED = 130
"""Exit code of a command that the user stopped, as shells have it."""


class Commands(TyperGroup):
    """The commands; however one ends early, it is one line and an exit code that says why."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except RawError as error:
            stop(str(error))
        except (EOFError, KeyboardInterrupt, typer.Abort):
            stop("\nStopped; the current release stays as it was.", STOPPED)


def stop(message: str, exit_code: int = 2) -> NoReturn:
    """End the command with a line on stderr."""
    typer.echo(message, err=True)
    raise typer.Exit(exit_code)


@contextmanager
def catalog(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the catalog of the current release for reading, or stop with a line on what to do."""
    import duckdb

    with existing(warehouse) as place:
        if not place.catalog.exists():
            stop(f"There is no '{place.catalog}': run `bibmill repoint` to build it anew.")
        try:
            with duckdb.connect(str(place.catalog), read_only=True) as connection:
                yield connection
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            stop(
                f"'{place.catalog}' cannot be read ({reason}): run `bibmill repoint` to build it"
                " anew, then `bibmill verify` to see whether the release is whole."
            )


@contextmanager
def existing(warehouse: Path) -> Iterator[Warehouse]:
    """Yield a warehouse that has a release; stop with a line where there is none, or it fails."""
    from flows.publish.warehouse import Warehouse, WarehouseError, list_releases

    if warehouse.is_file():
        stop(f"The warehouse '{warehouse}' is a file: name a folder with --warehouse.")
    place = Warehouse(warehouse)
    if not list_releases(place):
        stop(f"There is no release in '{warehouse}': run `bibmill refresh`, or name --warehouse.")
    try:
        yield place
    except WarehouseError as error:
        stop(str(error))


@contextmanager
def writing_to(warehouse: Path) -> Iterator[Warehouse]:
    """Yield an existing warehouse, held for writing; stop with a line where that fails."""
    from flows.publish import writing

    with existing(warehouse) as place, writing(place):
        yield place
