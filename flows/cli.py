"""The bibmill command: arguments in, lines and exit codes out. What it does is done elsewhere.

Exit codes: 0 published or nothing to do; 1 a check blocked the release; 2 wrong usage or nothing to
work on; 130 stopped by the user. The commands on releases are in `flows.cli_releases`, those on
rulings in `flows.cli_judging`. Imports that cost start-up time wait inside the commands that need
them.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows import cli_judging, cli_releases
from flows.cli_shared import Commands, Raw, WarehouseFolder, catalog, stop

if TYPE_CHECKING:
    import duckdb

    from flows.pipeline import Outcome, Report, Settings

app = typer.Typer(
    name="bibmill",
    cls=Commands,
    help="Turns raw bibliographic dumps into one clean dataset: every paper once, every author"
    " once, every value traceable to the line it came from.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


@app.command(epilog="Example: `bibmill refresh --raw raw --warehouse warehouse`")
def refresh(
    raw: Raw = Path("raw"),
    warehouse: WarehouseFolder = Path("warehouse"),
    *,
    full: Annotated[bool, typer.Option("--full", help="Rebuild even if nothing changed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but publish.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Publish nothing if a dump cannot be read.")
    ] = False,
    direct: Annotated[
        bool, typer.Option("--direct", help="Run the stages in this process, without Prefect.")
    ] = False,
) -> None:
    """Read the dumps under raw/ and publish a release, if anything changed."""
    from flows.pipeline import Settings

    settings = Settings(raw, warehouse, full=full, dry_run=dry_run, strict=strict)
    with _progress() as report:
        outcome = _refresh_directly(settings, report) if direct else _refresh_flow(settings, report)
    for line in outcome.lines:
        typer.echo(line, err=outcome.exit_code != 0)
    if outcome.is_published:
        typer.echo(f'\nNext, try:\n  bibmill sql{_warehouse_option(warehouse)} "{FIRST_QUERY}"')
    raise typer.Exit(outcome.exit_code)


@app.command(epilog="Example: `bibmill status`")
def status(warehouse: WarehouseFolder = Path("warehouse")) -> None:
    """Show what the current release holds, its checks, and the last refreshes."""
    from flows.status import status_lines

    with catalog(warehouse) as connection:
        for line in status_lines(connection):
            typer.echo(line)


@app.command(epilog="Example: `bibmill formats`")
def formats() -> None:
    """List the formats bibmill reads, how each is recognised, with an example."""
    from flows.formats import readers

    for name, reader in readers().items():
        typer.echo(f"{name}: {reader.FORMAT.title}")
        typer.echo(f"  recognised by {reader.FORMAT.recognised_by}")
        for line in reader.FORMAT.example.splitlines():
            typer.echo(f"    {line}")
        typer.echo("")


@app.command(epilog="Example: `bibmill inspect raw/pages/listing.txt`")
def inspect(
    files: Annotated[list[Path], typer.Argument(help="Dumps to look at.")],
    records: Annotated[int, typer.Option(help="How many records to show of each.")] = 5,
) -> None:
    """Recognise and parse dumps without publishing: counts, first records, rejects."""
    from flows.inspection import inspect_dump

    failed = False
    for file in files:
        seen = inspect_dump(file, records)
        failed = failed or not seen.is_readable
        for line in seen.lines:
            typer.echo(line, err=not seen.is_readable)
    raise typer.Exit(2 if failed else 0)


@app.command(epilog='Example: `bibmill sql "SELECT count(*) FROM papers"`')
def sql(
    query: Annotated[str | None, typer.Argument(help="SQL; without it, a prompt opens.")] = None,
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Run a query on the current release, or open a prompt."""
    import duckdb

    with catalog(warehouse) as connection:
        if query is not None:
            try:
                _show(connection, query)
            except duckdb.Error as error:
                stop(str(error))
            return
        tables = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal")
        typer.echo(f"Views: {', '.join(sorted(name for (name,) in tables.fetchall()))}.")
        typer.echo("A query on each line; an empty line ends.")
        while line := _asked("bibmill> "):
            try:
                _show(connection, line)
            except duckdb.Error as error:
                typer.echo(str(error), err=True)


@app.command(epilog="Example: `bibmill explain P1a2b`, `bibmill explain P1a2b P9f8e`")
def explain(
    one: Annotated[str, typer.Argument(help="Id of a paper, record, author or organization.")],
    other: Annotated[str | None, typer.Argument(help="A second paper or record.")] = None,
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Show why records are one paper, why two are not, or why a name is this author."""
    from flows.explain import UnknownIdError
    from flows.explain import explain as explained

    with catalog(warehouse) as connection:
        try:
            lines = explained(connection, one, other)
        except UnknownIdError as error:
            stop(str(error))
        for line in lines:
            typer.echo(line)


@app.command(epilog='Example: `bibmill serve --cron "0 6 * * *"`')
def serve(
    cron: Annotated[str, typer.Option(help="When to refresh, as a cron line.")],
    raw: Raw = Path("raw"),
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Keep a scheduled refresh alive: one at a time, a missed one caught up once."""
    from flows.schedule import ScheduleError
    from flows.schedule import serve as serve_schedule

    try:
        serve_schedule(cron, raw, warehouse)
    except ScheduleError as error:
        stop(str(error))


app.add_typer(cli_judging.commands)
app.add_typer(cli_releases.commands)

FIRST_QUERY = (
    "SELECT title, publication_date, record_count FROM papers"
    " ORDER BY record_count DESC, title LIMIT 5"
)


def main() -> None:
    """Run the command; the entry point of the package."""
    app()


def _refresh_directly(settings: Settings, report: Report) -> Outcome:
    from flows.pipeline import Direct
    from flows.pipeline import refresh as run_stages

    return run_stages(settings, Direct(), report)


def _refresh_flow(settings: Settings, report: Report) -> Outcome:
    from flows.orchestration import OrchestrationError, run_flow
    from flows.pipeline import usable_input

    usable_input(settings.raw)  # a mistake is told before Prefect's start-up, not after it
    try:
        return run_flow(settings, report)
    except OrchestrationError as error:
        stop(str(error))


@contextmanager
def _progress() -> Iterator[Report]:
    """Yield what tells people each step: a spinner on a terminal, plain lines otherwise."""
    if not sys.stdout.isatty():
        yield typer.echo
        return
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    with console.status("starting") as spinner:

        def report(line: str) -> None:
            console.print(line)
            spinner.update(line)

        yield report


def _asked(prompt: str) -> str:
    """Return a line of input; the end of input is an empty one."""
    try:
        return input(prompt).strip()
    except EOFError:
        typer.echo("")
        return ""


def _show(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    result = connection.sql(query)
    if result is not None:
        result.show()


def _warehouse_option(warehouse: Path) -> str:
    return "" if warehouse == Path("warehouse") else f" --warehouse {shlex.quote(str(warehouse))}"


if __name__ == "__main__":
    main()
