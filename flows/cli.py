"""The bibmill command: arguments in, lines and exit codes out. What it does is done elsewhere.

Exit codes: 0 published or nothing to do; 1 a check blocked the release; 2 wrong usage or nothing to
work on. Imports that cost start-up time wait inside the commands that need them.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    import duckdb

    from flows.pipeline import Outcome, Report, Settings
    from flows.publish.warehouse import Warehouse

app = typer.Typer(
    name="bibmill",
    help="Turns raw bibliographic dumps into one clean dataset: every paper once, every author"
    " once, every value traceable to the line it came from.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

Raw = Annotated[Path, typer.Option(help="Folder with a sub-folder of dumps for each source.")]
WarehouseFolder = Annotated[Path, typer.Option(help="Folder the releases are published in.")]


class Ruling(StrEnum):
    """What a person can say of two records."""

    SAME = "same"
    DIFFERENT = "different"


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

    with _catalog(warehouse) as connection:
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
    from flows.inspect import inspect_dump

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

    with _catalog(warehouse) as connection:
        if query is not None:
            try:
                _show(connection, query)
            except duckdb.Error as error:
                _stop(str(error))
            return
        tables = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal")
        typer.echo(f"Views: {', '.join(sorted(name for (name,) in tables.fetchall()))}.")
        typer.echo("A query on each line; an empty line ends.")
        while line := input("bibmill> ").strip():
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

    with _catalog(warehouse) as connection:
        try:
            lines = explained(connection, one, other)
        except UnknownIdError as error:
            _stop(str(error))
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
        _stop(str(error))


@app.command(epilog='Example: `bibmill judge R1a2b R9f8e same --why "same DOI on the page"`')
def judge(
    left: Annotated[str, typer.Argument(help="Id of a record or paper.")],
    right: Annotated[str, typer.Argument(help="Id of another record or paper.")],
    ruling: Annotated[Ruling, typer.Argument(help="Whether they are one paper.")],
    why: Annotated[str, typer.Option(help="The reason, for those who come later.")],
    who: Annotated[str | None, typer.Option(help="Who rules; default: the user's name.")] = None,
    raw: Raw = Path("raw"),
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Record a ruling on two records; it holds from the next refresh on."""
    import getpass

    from flows.explain import UnknownIdError, full_id
    from flows.judgements import write_judgement

    with _catalog(warehouse) as connection:
        try:
            ids = [full_id(connection, text) for text in (left, right)]
        except UnknownIdError as error:
            _stop(str(error))
    path = write_judgement(raw, ids[0], ids[1], ruling.value, who or getpass.getuser(), why)
    typer.echo(f"Recorded in '{path}': {ids[0]} and {ids[1]} are {ruling.value}.")
    typer.echo("It takes effect with the next `bibmill refresh`.")


@app.command(epilog="Example: `bibmill review --most 10`")
def review(
    most: Annotated[int, typer.Option(help="How many pairs to show at most.")] = 20,
    who: Annotated[str | None, typer.Option(help="Who rules; default: the user's name.")] = None,
    raw: Raw = Path("raw"),
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Walk through the most uncertain pairs, both records side by side, and record rulings."""
    import getpass

    from flows.judgements import write_judgement
    from flows.review import side_by_side, uncertain_pairs

    with _catalog(warehouse) as connection:
        pairs = uncertain_pairs(connection, most)
        shown = [side_by_side(connection, pair) for pair in pairs]
    if not pairs:
        typer.echo("No pair is uncertain: nothing to review.")
    for pair, lines in zip(pairs, shown, strict=True):
        typer.echo("\n".join(lines))
        answer = typer.prompt("[s]ame, [d]ifferent, s[k]ip, [q]uit", default="k").lower()[:1]
        if answer == "q":
            return
        if answer in _ANSWERS:
            why = typer.prompt("why")
            write_judgement(
                raw, pair.left, pair.right, _ANSWERS[answer], who or getpass.getuser(), why
            )


_ANSWERS = {"s": Ruling.SAME.value, "d": Ruling.DIFFERENT.value}


@app.command(epilog="Example: `bibmill releases`")
def releases(warehouse: WarehouseFolder = Path("warehouse")) -> None:
    """List the releases kept, oldest first; the current one has a star."""
    from flows.publish import releases as kept_releases

    for row in kept_releases(_existing(warehouse)).iter_rows(named=True):
        star = "*" if row["is_current"] else " "
        typer.echo(
            f"{star} {row['release_id']}  {row['papers']:>9,} papers  {row['authors']:>9,} authors"
            f"  {row['records']:>9,} records  {row['bytes'] / 1e6:9.1f} MB"
        )


@app.command(epilog="Example: `bibmill diff 000001-1a2b3c4d 000002-5e6f7a8b`")
def diff(
    older: Annotated[str, typer.Argument(help="A kept release.")],
    newer: Annotated[str, typer.Argument(help="A later one.")],
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Show what changed between two kept releases, entity by entity."""
    from flows.publish.changes import changes
    from flows.publish.warehouse import WarehouseError, read_tables

    place = _existing(warehouse)
    try:
        found = changes(read_tables(place, older), read_tables(place, newer), "input")
    except WarehouseError as error:
        _stop(str(error))
    for row in found.iter_rows(named=True):
        fields = f": {', '.join(row['fields'])}" if row["fields"] else ""
        typer.echo(f"{row['change']:<9} {row['entity_type']:<13} {row['id']}{fields}")
    typer.echo(f"{found.height:,} changes from {older} to {newer}.")


@app.command(epilog="Example: `bibmill verify`")
def verify(
    release: Annotated[str | None, typer.Argument(help="Default: the current release.")] = None,
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Check every checksum, row count, key and reference of a release."""
    from flows.publish import verify as verify_release
    from flows.publish.warehouse import WarehouseError, current_release_id

    place = _existing(warehouse)
    try:
        release_id = release or current_release_id(place) or ""
        problems = verify_release(place, release_id)
    except WarehouseError as error:
        _stop(str(error))
    for problem in problems:
        typer.echo(problem, err=True)
    if not problems:
        typer.echo(f"Release {release_id} is whole.")
    raise typer.Exit(1 if problems else 0)


@app.command(epilog="Example: `bibmill rollback 000001-1a2b3c4d`")
def rollback(
    release: Annotated[str, typer.Argument(help="The release to make current.")],
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Make an older release the current one."""
    from flows.publish import rollback as roll_back

    with _writing(warehouse) as place:
        roll_back(place, release)
    typer.echo(f"Release {release} is current.")


@app.command(epilog="Example: `bibmill prune --keep 3`")
def prune(
    keep: Annotated[int, typer.Option(help="How many of the newest releases to keep.")],
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Remove old releases, never the current one."""
    from flows.publish import prune as prune_releases

    with _writing(warehouse) as place:
        removed = prune_releases(place, keep)
    typer.echo("\n".join(f"Removed {name}." for name in removed) or "Nothing to remove.")


@app.command(epilog="Example: `bibmill repoint --warehouse /data/warehouse`")
def repoint(warehouse: WarehouseFolder = Path("warehouse")) -> None:
    """Set the catalog right after the warehouse folder was moved."""
    from flows.publish import repoint as repoint_catalog

    with _writing(warehouse) as place:
        repoint_catalog(place)
    typer.echo(f"'{warehouse / 'bibliography.duckdb'}' shows the release in this folder.")


FIRST_QUERY = (
    "SELECT title, publication_date, record_count FROM papers"
    " ORDER BY record_count DESC, title LIMIT 5"
)


def main() -> None:
    """Run the command; the entry point of the package."""
    from flows.sources import RawError

    try:
        app()
    except RawError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except (EOFError, KeyboardInterrupt):
        typer.echo("Stopped; the current release stays as it was.", err=True)
        sys.exit(130)


def _refresh_directly(settings: Settings, report: Report) -> Outcome:
    from flows.pipeline import Direct
    from flows.pipeline import refresh as run_stages

    return run_stages(settings, Direct(), report)


def _refresh_flow(settings: Settings, report: Report) -> Outcome:
    from flows.orchestration import OrchestrationError, run_flow

    try:
        return run_flow(settings, report)
    except OrchestrationError as error:
        _stop(str(error))


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


@contextmanager
def _catalog(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the catalog of the current release for reading, or stop with a line on what to do."""
    import duckdb

    path = warehouse / "bibliography.duckdb"
    if not path.exists():
        _stop(f"There is no release in '{warehouse}': run `bibmill refresh`, or name --warehouse.")
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


def _existing(warehouse: Path) -> Warehouse:
    """Return the warehouse, or stop with a line where there is none."""
    from flows.publish.warehouse import Warehouse, list_releases

    place = Warehouse(warehouse)
    if not list_releases(place):
        _stop(f"There is no release in '{warehouse}': run `bibmill refresh`, or name --warehouse.")
    return place


@contextmanager
def _writing(warehouse: Path) -> Iterator[Warehouse]:
    """Yield an existing warehouse, held for writing; stop with a line where that fails."""
    from flows.publish import writing
    from flows.publish.warehouse import WarehouseError

    place = _existing(warehouse)
    try:
        with writing(place):
            yield place
    except WarehouseError as error:
        _stop(str(error))


def _show(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    result = connection.sql(query)
    if result is not None:
        result.show()


def _stop(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)


def _warehouse_option(warehouse: Path) -> str:
    return "" if warehouse == Path("warehouse") else f" --warehouse {shlex.quote(str(warehouse))}"


if __name__ == "__main__":
    main()
