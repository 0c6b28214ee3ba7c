"""Marks and notes inside titles, and the rarity of words."""

from __future__ import annotations

import polars as pl
import pytest

from flows.resolve.features import (
    abstract_figures,
    abstract_versions,
    describe,
    title_marks,
    title_note,
    title_suffixes,
)
from tests.flows.resolve.sample import frame, record


@pytest.mark.parametrize(
    ("title", "marks"),
    [
        ("Kosmos-2.5: A Multimodal Literate Model", ["2.5"]),
        ("Kosmos-G: Generating Images in Context", ["-g"]),
        ("Scaling Transformers to 1,000 Layers", ["1000"]),
        ("Soils of the North, Part II", ["2"]),
        ("Soils of the North: part two", ["2"]),
        ("Soils of the North I", ["1"]),
        ("C++ for Hydrologists", ["++"]),
        ("(1993) Boundary Layers", []),
        ("Area in m² of Meadows", ["2"]),
        ("Study 07", ["7"]),
        ("No number here", []),
        (None, []),
    ],
)
def test_title_marks(title: str | None, marks: list[str]) -> None:
    found = pl.DataFrame({"t": [title]}, schema={"t": pl.String}).select(title_marks(pl.col("t")))
    assert found.item(0, 0).to_list() == marks


@pytest.mark.parametrize(
    ("title", "note"),
    [
        ("Erratum: Boundary Layers", "correction"),
        ("Correction to: Boundary Layers", "correction"),
        ("Boundary Layers (Corrigendum)", "correction"),
        ("Reply to Winkel", "reply"),
        ("Author's Reply", "reply"),
        ("Response to the comment of Winkel", "reply"),
        ("Comment on 'Boundary Layers'", "comment"),
        ("Book Review", "review"),
        ("A Review of Boundary Layers", "review"),
        ("Response of Maize to Drought", None),
        ("Correcting Errors in Gauges", None),
        ("Commenting Code", None),
        (None, None),
    ],
)
def test_title_note(title: str | None, note: str | None) -> None:
    found = pl.DataFrame({"t": [title]}, schema={"t": pl.String}).select(title_note(pl.col("t")))
    assert found.item(0, 0) == note


def test_many_copies_do_not_make_words_common() -> None:
    few = describe(frame([record("a", title="Nectar memory"), record("b", title="Other words")]))
    rows = [record(f"copy{number}", title="Nectar memory") for number in range(300)]
    many = describe(frame([*rows, record("b", title="Other words")]))
    rarity = [
        words.title_words.filter(pl.col("word") == "nectar")["rarity"].max()
        for words in (few, many)
    ]
    assert rarity[0] == pytest.approx(rarity[1])


def test_words_of_columns_weigh_nothing() -> None:
    words = describe(frame([record("a", title="Guest Editorial")])).title_words
    assert words["rarity"].to_list() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("title", "suffixes"),
    [
        ("Heron2.5-Coder Technical Report", ["coder"]),
        ("Heron-VL Technical Report", ["vl"]),
        ("Heron-G: Drawing in Context", ["g"]),
        ("Attention-Based Models of Rivers", []),
        ("ATTENTION-BASED MODELS OF RIVERS", []),
        (None, []),
    ],
)
def test_title_suffixes(title: str | None, suffixes: list[str]) -> None:
    titles = pl.DataFrame({"t": [title]}, schema={"t": pl.String})
    assert titles.select(title_suffixes(pl.col("t"))).item(0, 0).to_list() == suffixes


def test_numbers_and_names_inside_links_are_none_of_the_abstract() -> None:
    text = "Heron-3 and Heron2.5-7b read 1,200 words in 36 ms: https://x.org/heron9/v4, hub.io/m8."
    told = pl.DataFrame({"t": [text]}).select(
        versions=abstract_versions(pl.col("t")), figures=abstract_figures(pl.col("t"))
    )
    assert told.item(0, "versions").to_list() == ["heron2.5", "heron3"]
    assert told.item(0, "figures").to_list() == ["1200", "36", "7"]
