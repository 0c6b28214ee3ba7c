"""Learned weights: `bibmill learn` on labelled pairs, and refreshes that decide by them."""

from __future__ import annotations

import csv
from itertools import product

import polars as pl
import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.learned import read_weights
from flows.resolve.learning import FEWEST
from flows.resolve.weights import SHIPPED, shipped_weights
from flows.sources import RawError

RUNNER = CliRunner()
BIRDS = ("heron", "plover", "curlew", "dunlin", "bittern", "godwit", "avocet", "lapwing")
PLACES = ("fen", "moor", "polder", "heath", "delta", "lagoon")


def bibmill(*arguments):
    return RUNNER.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A release of records that stand twice, in one year, and in the next; with their keys."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "raw" / "lists").mkdir(parents=True)
    with (folder / "raw" / "lists" / "papers.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["title", "authors", "venue", "year"])
        for bird, wet in product(BIRDS, PLACES):
            said = [
                f"Nesting {bird} colonies in {wet} reed",
                f"{bird.title()} Oost, Ilse {wet.title()}",
            ]
            writer.writerow([*said, "Soil Letters", 1990])
            writer.writerow([*said, "Soil Letters", 1991])
    options = ["--raw", folder / "raw", "--warehouse", folder / "w"]
    refreshed = bibmill("refresh", "--direct", *options)
    assert refreshed.exit_code == 0, refreshed.output
    return folder


def options(place):
    return ["--raw", place / "raw", "--warehouse", place / "w"]


def labels(place, path, same):
    """Write that the two records of the first so many papers are one, those of the others two."""
    homes = pl.read_parquet(place / "w" / "current" / "records" / "**" / "*.parquet")
    pairs = homes.join(homes, on="title").filter(pl.col("record_id") < pl.col("record_id_right"))
    assert pairs.height == len(BIRDS) * len(PLACES)
    pairs.sort("title").select(
        left="record_id", right="record_id_right",
        ruling=pl.when(pl.int_range(pl.len()) < same).then(pl.lit("same"))
        .otherwise(pl.lit("different")),
    ).write_csv(path)  # fmt: skip
    return path


def test_labels_are_learned_from_and_the_next_refresh_decides_by_them(place, tmp_path):
    pairs = labels(place, tmp_path / "pairs.csv", same=24)
    weights = place / "raw" / "judgements" / "weights.csv"
    dry = bibmill("learn", pairs, "--dry-run", *options(place))
    assert dry.exit_code == 0, dry.output
    assert "Dry run: nothing is written." in dry.output
    assert not weights.exists()
    done = bibmill("learn", pairs, *options(place))
    assert done.exit_code == 0, done.output
    assert "24 the same, 24 different" in done.output
    assert f"Written to '{weights}'" in done.output.replace("\n", "")
    report = (weights.parent / "weights.md").read_text()
    assert "| learned |" in report
    assert "| number of authors | as many authors |" in report
    assert read_weights(place / "raw") != shipped_weights()
    again = bibmill("refresh", "--direct", *options(place))
    assert again.exit_code == 0
    assert "Published release 000002-" in again.output
    weights.unlink()
    assert read_weights(place / "raw") == shipped_weights()


def test_rulings_made_so_far_are_the_default(place, tmp_path):
    rulings = place / "raw" / "judgements" / "judgements.csv"
    rulings.parent.mkdir(exist_ok=True)
    told = pl.read_csv(labels(place, tmp_path / "pairs.csv", same=24))
    told.with_columns(who=pl.lit("me"), when=pl.lit("2026-01-01"), why=pl.lit("x")).write_csv(
        rulings
    )
    try:
        done = bibmill("learn", "--dry-run", *options(place))
    finally:
        rulings.unlink()
    assert done.exit_code == 0, done.output
    assert "24 the same, 24 different" in done.output


def test_too_few_labels_are_one_line(place, tmp_path):
    done = bibmill("learn", labels(place, tmp_path / "pairs.csv", same=47), *options(place))
    assert done.exit_code == 2
    assert f"label at least {FEWEST} of each" in done.output
    assert "Of 48 rulings, 48 are on two records of release" in done.output


def test_labels_that_contradict_each_other_are_refused(place, tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("left,right,ruling\nR1,R2,same\nR2,R1,different\n")
    done = bibmill("learn", path, *options(place))
    assert done.exit_code == 2
    assert "pairs.csv:2, pairs.csv:3 rule that R1 and R2 are the same and are diff" in done.output


def test_a_mistyped_folder_is_not_made(place, tmp_path):
    done = bibmill("learn", labels(place, tmp_path / "pairs.csv", same=24), "--raw",
                   tmp_path / "rwa", "--warehouse", place / "w")  # fmt: skip
    assert done.exit_code == 2
    assert "There is no folder" in done.output
    assert not (tmp_path / "rwa").exists()


def test_pairs_of_unknown_records_are_not_counted(place, tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("left,right,ruling\nR1,R2,same\n")
    done = bibmill("learn", path, *options(place))
    assert done.exit_code == 2
    assert "Of 1 ruling, 0 are on two records" in done.output


def test_a_file_without_pairs_is_refused_with_its_place(place, tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("left,right\nR1,R2\n")
    done = bibmill("learn", path, *options(place))
    assert done.exit_code == 2
    assert f"{path}:1 lacks the column 'ruling'" in done.output
    assert bibmill("learn", tmp_path / "none.csv", *options(place)).exit_code == 2


def test_learned_weights_that_are_none_stop_a_refresh(place, tmp_path):
    raw = tmp_path / "raw"
    (raw / "judgements").mkdir(parents=True)
    (raw / "judgements" / "weights.csv").write_text("left,right\nR1,R2\n")
    with pytest.raises(RawError, match="lacks the column 'question'"):
        read_weights(raw)
    (raw / "judgements" / "weights.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(RawError, match=r"weights\.csv"):
        read_weights(raw)
    (raw / "judgements" / "weights.csv").write_bytes(SHIPPED.read_bytes())
    assert read_weights(raw) == shipped_weights()
