"""Weights: a number for every level, read from data and refused where one is wrong."""

from __future__ import annotations

import math
from dataclasses import replace

import polars as pl
import pytest

from flows.resolve.levels import EVIDENCE
from flows.resolve.weights import (
    SHIPPED,
    Rate,
    WeightsError,
    shipped_weights,
    weights_of,
    weights_table,
)

TEXT = pl.read_csv(SHIPPED, infer_schema=False)
LINES = {level: line for line, level in enumerate(TEXT["level"], 2)}


def as_text(table: pl.DataFrame) -> pl.DataFrame:
    return table.cast(pl.String)


def test_every_level_has_a_worth() -> None:
    weights = shipped_weights()
    assert list(weights.worth) == [kind.name for kind in EVIDENCE]
    for kind in EVIDENCE:
        nats = weights.nats(kind)
        assert len(nats) == len(kind.levels)
        for level, worth in zip(kind.levels, nats, strict=True):
            assert math.isfinite(worth)
            assert worth == 0.0 or level.of_pair is None


def test_levels_of_a_kind_have_names_of_their_own() -> None:
    for kind in EVIDENCE:
        names = [level.says for level in kind.levels]
        assert len(names) == len(set(names)), kind.name


def test_equal_titles_speak_for_one_work_and_conflicts_against_it() -> None:
    title = dict(zip([level.says for level in EVIDENCE[0].levels],
                     shipped_weights().nats(EVIDENCE[0]), strict=True))  # fmt: skip
    assert title["equal titles"] > title["titles nearly equal"] > 0
    assert title["the titles have different numbers or marks"] < title["different titles"] < 0


def test_weights_are_read_as_they_were_written() -> None:
    weights = replace(shipped_weights(), compared=-2.25, same_version=0.5)
    assert weights_of(as_text(weights_table(weights)), "weights.csv") == weights


def test_a_rate_is_worth_the_log_of_its_ratio() -> None:
    assert Rate(0.8, 0.2).nats == pytest.approx(math.log(4))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"nats": "much"}, "needs a number under nats"),
        ({"nats": "inf"}, "needs a number under nats"),
        ({"nats": None}, "needs a number under nats"),
        ({"nats": None, "same": "0.5"}, "needs a number under nats"),
        ({"nats": None, "same": "0.5", "other": "1.5"}, "between 0 and 1"),
        ({"nats": "1", "same": "0.5", "other": "0.5"}, "needs a number under nats"),
        ({"level": "eqal titles"}, "has the unknown level 'work, title, eqal titles'"),
        ({"level": "titles nearly equal"}, "titles nearly equal"),
        ({"level": None}, "has the unknown level 'work, title, '"),
    ],
)
def test_a_wrong_row_is_refused_with_its_line(said: dict[str, str | None], message: str) -> None:
    is_row = pl.col("level") == "equal titles"
    wrong = TEXT.with_columns(
        pl.when(is_row).then(pl.lit(value, pl.String)).otherwise(name).alias(name)
        for name, value in said.items()
    )
    with pytest.raises(WeightsError, match=message) as refused:
        weights_of(wrong, "weights.csv")
    # Of two rows that say the same the later is wrong.
    line = LINES.get(said.get("level") or "", LINES["equal titles"])
    assert f"weights.csv:{line} " in str(refused.value)
    assert "bibmill learn" in str(refused.value)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(WeightsError, match="lacks the level 'work, title, equal titles'"):
        weights_of(TEXT.filter(pl.col("level") != "equal titles"), "weights.csv")
    with pytest.raises(WeightsError, match=r"weights\.csv:1 lacks the column 'same'"):
        weights_of(TEXT.drop("same"), "weights.csv")


def test_the_priors_are_log_odds_and_a_share() -> None:
    nats, rate = {"nats": "0", "same": None, "other": None}, {"same": "0.5", "other": "0.5"}
    for question, said in (("version", nats), ("work", rate | {"nats": None})):
        is_row = (pl.col("evidence") == "prior") & (pl.col("question") == question)
        wrong = TEXT.with_columns(
            pl.when(is_row).then(pl.lit(value, pl.String)).otherwise(name).alias(name)
            for name, value in said.items()
        )
        with pytest.raises(WeightsError, match="needs nats for 'the two were compared'"):
            weights_of(wrong, "weights.csv")
