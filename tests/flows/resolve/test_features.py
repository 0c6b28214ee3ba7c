"""Marks and notes inside titles, and the rarity of words."""

from __future__ import annotations

import polars as pl
import pytest

from flows.resolve.features import describe
from flows.resolve.kernels.digests import numbers
from flows.resolve.kernels.words import hashed, texts
from flows.resolve.marks import title_marks, title_note, title_suffixes, unlabelled
from tests.flows.resolve.sample import frame, record, record_id, resolved


def rarity_of(word: str, rows: list[dict]) -> float:
    words = describe(frame(rows)).title_words
    return float(words.rarity[words.lists.values == hashed(word)].max())


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
    other = record("b", title="Other words")
    copies = [record(f"copy{number}", title="Nectar memory") for number in range(300)]
    assert rarity_of("nectar", [copies[0], other]) == pytest.approx(
        rarity_of("nectar", [*copies, other])
    )


def test_words_of_columns_weigh_nothing() -> None:
    words = describe(frame([record("a", title="Guest Editorial")])).title_words
    assert words.rarity.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("The Feeder Network (Extended Abstract)", "The Feeder Network"),
        ("Boundary Layers (demo abstract): Looking at Wakes", "Boundary Layers : Looking at Wakes"),
        ("Tutorial: Boundary Layers", "Boundary Layers"),
        ("Boundary Layers - Book Review", "Boundary Layers"),
        ("Boundary Layers (Part II)", "Boundary Layers (Part II)"),
        ("(Abstract)", "(Abstract)"),
        ("A Panel Study of Households", "A Panel Study of Households"),
    ],
)
def test_labels_are_not_of_the_title(title: str, bare: str) -> None:
    found = pl.DataFrame({"t": [title]}).select(unlabelled(pl.col("t"))).item()
    assert " ".join(found.split()) == bare


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
    figures, versions = numbers(texts(pl.Series([text])))
    assert sorted(figures.values) == sorted(hashed(word) for word in ("1200", "36", "7"))
    assert sorted(versions.values) == sorted(hashed(word) for word in ("heron2.5", "heron3"))


@pytest.mark.parametrize("odd", ["\ufe70", "\ufdfa", "\u037a"])
def test_a_suffix_that_is_no_word_shifts_no_other(odd: str) -> None:
    pair = [record("a", title="Lumina2-Base for Tidal Charts"),
            record("b", title="Lumina2-Chat for Tidal Charts")]  # fmt: skip
    others = [record(f"o{place}", title=f"Model2-{odd} Soil Grain") for place in range(3)]
    matches, _ = resolved(frame([*pair, *others]))
    ends = [record_id("a"), record_id("b")]
    both = matches.filter(
        pl.col("record_id_left").is_in(ends), pl.col("record_id_right").is_in(ends)
    )
    assert both["numbers_conflict"].to_list() == [True]
