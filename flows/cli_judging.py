"""The commands by which people rule on pairs of records, and by which bibmill learns from them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.cli_shared import Raw, WarehouseFolder, catalog, existing, stop
from flows.wording import counted

commands = typer.Typer()

Who = Annotated[str | None, typer.Option(help="Who rules; default: the user's name.")]


class Ruling(StrEnum):
    """What a person can say of two records."""

    SAME = "same"
    DIFFERENT = "different"


ANSWERS = {"s": Ruling.SAME, "d": Ruling.DIFFERENT}


@commands.command(epilog='Example: `bibmill judge R1a2b R9f8e same --why "same DOI on the page"`')
def judge(
    left: Annotated[str, typer.Argument(help="Id of a record or paper.")],
    right: Annotated[str, typer.Argument(help="Id of another record or paper.")],
    ruling: Annotated[Ruling, typer.Argument(help="Whether they are one paper.")],
    why: Annotated[str, typer.Option(help="The reason, for those who come later.")],
    who: Who = None,
    raw: Raw = Path("raw"),
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Record a ruling on two records; it holds from the next refresh on.

    A paper stands for the record that founded it, because ids of papers may move.
    """
    from flows.explain import UnknownIdError, judged_record
    from flows.judgements import write_judgement

    if not why.strip():
        stop("A ruling needs a reason, for those who come later: say it with --why.")
    with catalog(warehouse) as connection:
        try:
            records = [judged_record(connection, text) for text in (left, right)]
        except UnknownIdError as error:
            stop(str(error))
    if records[0] == records[1]:
        stop(f"'{left}' and '{right}' stand for one record, {records[0]}: give two different ones.")
    path = write_judgement(raw, records[0], records[1], ruling.value, _name_of(who), why.strip())
    for text, record in zip((left, right), records, strict=True):
        if not record.startswith(text):
            typer.echo(f"{text} stands for {record}, the record that founded it.")
    typer.echo(f"Recorded in '{path}': {records[0]} and {records[1]} are {ruling.value}.")
    typer.echo("It takes effect with the next `bibmill refresh`.")


@commands.command(epilog="Example: `bibmill review --most 10`")
def review(
    most: Annotated[int, typer.Option(min=1, help="How many pairs to show at most.")] = 20,
    who: Who = None,
    raw: Raw = Path("raw"),
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Walk through the most uncertain pairs, both records side by side, and record rulings.

    Pairs that were ruled on since the last refresh are left out.
    """
    from flows.judgements import read_judgements, write_judgement
    from flows.review import side_by_side, uncertain_pairs

    with catalog(warehouse) as connection:
        pairs = uncertain_pairs(connection, most, read_judgements(raw))
        shown = [side_by_side(connection, pair) for pair in pairs]
    if not pairs:
        typer.echo("No pair is uncertain: nothing to review.")
        return
    ruled = 0
    for pair, lines in zip(pairs, shown, strict=True):
        typer.echo("\n".join(lines))
        answer = typer.prompt("[s]ame, [d]ifferent, s[k]ip, [q]uit", default="k").lower()[:1]
        if answer == "q":
            break
        if answer in ANSWERS:
            why = typer.prompt("why", value_proc=_reason)
            write_judgement(raw, pair.left, pair.right, ANSWERS[answer].value, _name_of(who), why)
            ruled += 1
    typer.echo(f"{counted(ruled, 'ruling')} recorded; `bibmill refresh` applies what is recorded.")


@commands.command(epilog="Example: `bibmill learn labelled_pairs.csv --dry-run`")
def learn(
    pairs: Annotated[
        Path | None,
        typer.Argument(
            help="CSV file of labelled pairs: left, right (ids of records or papers), ruling (same"
            " or different). Default: the rulings made so far."
        ),
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be learned; write nothing.")
    ] = False,
    raw: Raw = Path("raw"),
    warehouse: WarehouseFolder = Path("warehouse"),
) -> None:
    """Learn from labelled pairs of your own what evidence is worth.

    The weights are written beside the rulings, with a report, if they tell pairs held out better
    than the shipped ones; the next refresh decides by them.
    """
    from rich.console import Console
    from rich.markdown import Markdown

    from flows.learned import learn, report, write_weights

    with existing(warehouse):
        learned = learn(raw, warehouse, pairs)
    Console().print(Markdown("\n".join(report(learned))))
    if not learned.is_better:
        typer.echo("Nothing is written: the learned weights tell pairs held out no better.")
    elif dry_run:
        typer.echo("Dry run: nothing is written.")
    else:
        path = write_weights(raw, learned)
        typer.echo(f"Written to '{path}'; `bibmill refresh` decides by it, without it as shipped.")


def _reason(answer: str) -> str:
    if not answer.strip():
        raise typer.BadParameter("a ruling needs a reason")
    return answer.strip()


def _name_of(who: str | None) -> str:
    """Return the name given, or the user's."""
    import getpass

    if who and who.strip():
        return who.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        stop("This user has no name: say who rules with --who.")
