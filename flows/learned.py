"""Weights that a user learned from labelled pairs: raw/judgements/weights.csv, read and written.

Here: the file, the pairs to learn from, and the report. Not here: how weights are learned
(`resolve.learning`).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from flows.judgements import SCHEMA, read_judgements, read_rulings
from flows.publish.warehouse import Warehouse, current_release_id, read_tables
from flows.resolve import on_records, readable_records
from flows.resolve.clustering import RULING
from flows.resolve.learning import Learned, TooFewError, learned_weights
from flows.resolve.papers import resolve_papers
from flows.resolve.verdicts import FLOOR
from flows.resolve.weights import Weights, WeightsError, shipped_weights, weights_of, weights_table
from flows.sources import JUDGEMENTS, WEIGHTS, RawError
from flows.wording import counted

REPORT = "weights.md"
LEAST_CHANGE = 0.05


def read_weights(raw: Path) -> Weights:
    """Return the weights learned on this raw folder, or the shipped ones where there are none.

    Raises RawError, with the line, for a file that holds no weights.
    """
    path = raw / JUDGEMENTS / WEIGHTS
    if not path.exists():
        return shipped_weights()
    try:
        return weights_of(pl.read_csv(path, infer_schema=False), str(path))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RawError(
            f"{path} cannot be read ({error}): run `bibmill learn` again, or remove the file."
        ) from error
    except WeightsError as error:
        raise RawError(str(error)) from error


def learn(raw: Path, warehouse: Path, pairs: Path | None) -> Learned:
    """Return what labelled pairs of records of the current release teach.

    pairs: a CSV file with left, right (ids of records or papers) and ruling; None: the rulings
    under `raw`. What is learned begins from the shipped weights. Raises RawError where there are
    too few pairs of a kind, or the file is none.
    """
    if not raw.is_dir():
        raise RawError(f"There is no folder '{raw}': name the folder of dumps with --raw.")
    place = Warehouse(warehouse)
    release = current_release_id(place)
    if release is None:
        raise RawError(f"There is no release in '{warehouse}': run `bibmill refresh` first.")
    tables = read_tables(place, release, ["records", "paper_records"])
    rulings = read_judgements(raw) if pairs is None else read_rulings(pairs)
    _require_agreement(rulings)
    records = readable_records(tables["records"])
    labels = on_records(rulings.select(SCHEMA.names()), records, tables["paper_records"])
    compared = resolve_papers(records, labels)
    labelled = compared.scored.filter(pl.col("decided_by") == "judgement").with_columns(
        is_same=pl.col("bound") >= RULING
    )
    near = compared.scored.filter(pl.col("weight") >= FLOOR)["weight"].to_numpy()
    try:
        return learned_weights(labelled, compared.frozen, compared.weights, near)
    except TooFewError as error:
        raise RawError(
            f"{error} Of {counted(rulings.height, 'ruling')}, {labelled.height} are on two records"
            f" of release {release}."
        ) from error


def _require_agreement(rulings: pl.DataFrame) -> None:
    """Refuse rulings of which one pair has both, and none is the later."""
    ordered = rulings.with_columns(
        one=pl.min_horizontal("left", "right"), other=pl.max_horizontal("left", "right")
    )
    both = (
        ordered.group_by("one", "other", "when", maintain_order=True)
        .agg(pl.col("ruling").n_unique(), pl.col("origin").str.join(", "))
        .filter(pl.col("ruling") > 1)
    )
    if both.height:
        one, other, origin = both.select("one", "other", "origin").row(0)
        raise RawError(
            f"{origin} rule that {one} and {other} are the same and are different: remove what is"
            " wrong."
        )


def write_weights(raw: Path, learned: Learned) -> Path:
    """Write the weights and the report beside them; return the file of the weights."""
    folder = raw / JUDGEMENTS
    path = folder / WEIGHTS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = path.with_suffix(".writing")
        weights_table(learned.weights).write_csv(written)
        written.replace(path)
        (folder / REPORT).write_text("\n".join(report(learned)) + "\n", encoding="utf-8")
    except OSError as error:
        raise RawError(
            f"'{path}' cannot be written ({error.strerror}): make it writable."
        ) from error
    return path


def report(learned: Learned) -> list[str]:
    """Return what was learned, from what, and what it is good for, as lines of Markdown."""
    different = learned.pairs - learned.same
    lines = [
        f"Learned from {counted(learned.pairs, 'labelled pair')}: {learned.same} the same,"
        f" {different} different. {counted(learned.beyond, 'other pair')} contradict in numbers,"
        " notes or identifiers: no weight decides on them.",
        "",
        "On pairs held out, each fifth told by what the other four teach:",
        "",
        "| weights | log loss | precision | recall | F1 |",
        "|---|---|---|---|---|",
    ]
    for name, fit in (("shipped", learned.before), ("learned", learned.after)):
        lines.append(
            f"| {name} | {fit.log_loss:.4f} | {fit.precision:.4f} | {fit.recall:.4f} |"
            f" {fit.f1:.4f} |"
        )
    lines += ["", "| evidence | level | shipped | learned |", "|---|---|---|---|"]
    changed = _changed(learned.weights)
    return lines + [
        f"| {evidence} | {level} | {before:+.2f} | {after:+.2f} |"
        for evidence, level, before, after in changed.iter_rows()
    ]


def _changed(weights: Weights) -> pl.DataFrame:
    """Return evidence, level and its worth in nats, shipped and learned, where they differ."""
    nats = pl.coalesce("nats", (pl.col("same") / pl.col("other")).log())
    shipped, learned = (
        weights_table(each).select("evidence", "level", nats=nats)
        for each in (shipped_weights(), weights)
    )
    return shipped.join(
        learned, on=["evidence", "level"], suffix="_learned", maintain_order="left"
    ).filter((pl.col("nats") - pl.col("nats_learned")).abs() >= LEAST_CHANGE)
