"""Text: white space, LaTeX made readable without losing a word, words for comparison."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.normalize.text import fold, match_key, readable


def shown(text: str | None) -> str | None:
    result: str | None = readable(pl.Series("text", [text], dtype=pl.String)).item()
    return result


def key(text: str | None) -> str | None:
    result: str | None = pl.select(match_key(pl.lit(text, pl.String))).item()
    return result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$Se^2$: Sequential", "Se^2: Sequential"),
        ("Met^2Net: X", "Met^2Net: X"),
        ("$\\textbf{Ge}$neration $\\textbf{A}$ugmented", "Generation Augmented"),
        ("$Se$quential $Se$lection", "Sequential Selection"),
        ("\\textsc{FlashBack} is fast", "FlashBack is fast"),
        ("$4\\times$ faster", "4× faster"),
        ("at \\url{https://a.org/x_y}.", "at https://a.org/x_y."),
        ("\\href{https://a.org}{the page}", "the page"),
        ("our \\method wins", "our \\method wins"),
        ("in \\LaTeX{} and", "in LaTeX and"),
        ("25\\% of R\\&D", "25% of R&D"),
        ("$\\sigma$-VAE", "σ-VAE"),
        ("$σ$-VAE", "σ-VAE"),
        ("PATIENT-{\\Psi}", "PATIENT-Ψ"),
        ("Erd\\H{o}s", "Erdős"),
        ('G\\"odel, Escher', "Gödel, Escher"),
        ("from $5 to $10", "from $5 to $10"),
        ("$p \\neq q$", "p ≠ q"),
        ("plain text: 100% of it", "plain text: 100% of it"),
        (None, None),
        ("", ""),
    ],
)
def test_markup_is_resolved(text, expected) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "\\footnote{unclosed",
        "$",
        "\\",
        "}{",
        "$$$",
        "\\begin{x}",
        "a_{",
        "^{",
        "\\url{",
        "\\href{a}",
    ],
)
def test_broken_markup_is_kept_somehow(text) -> None:
    assert isinstance(shown("word " + text + " end"), str)
    assert "word" in str(shown("word " + text + " end"))


@given(st.text(st.characters(exclude_characters="\\$`^_", exclude_categories=("Cs",))))
def test_text_without_markup_stays(text: str) -> None:
    assert shown(text) == text


@given(
    st.lists(
        st.one_of(
            st.text(st.characters(exclude_categories=("Cs",)), max_size=9),
            st.sampled_from(("\\textbf{x}", "$a$", "\\url{", "``", "}", "\\%")),
        )
    ).map("".join)
)
def test_nothing_breaks_the_resolver(text: str) -> None:
    assert shown(text) is None or isinstance(shown(text), str)


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    frame = pl.DataFrame({"text": [text.encode("utf-8", "replace").decode()]})
    once = frame.select(fold(pl.col("text")))
    assert once.select(fold(pl.col("text"))).equals(once)
    value = once.item()
    assert value is None or value.split() == value.split(" ") != [""]


def test_blank_is_null() -> None:
    frame = pl.DataFrame({"text": ["", " \t\n", "\u00a0\u200b\ufeff", "a\u00a0 \r\n b", None]})
    assert frame.select(fold(pl.col("text")))["text"].to_list() == [None, None, None, "a b", None]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Uniworld-V2", "UniWorld V2"),
        ("Erdős–Rényi", "erdos renyi"),
        ("Łódź", "Lodz"),
        ("straße", "STRASSE"),
        ("ﬁne", "fine"),
        ("Ångström", "A\u030angstro\u0308m"),
        ("GPT-4.5!", "gpt 4 5"),
    ],
)
def test_words_are_compared_without_case_accents_and_signs(left, right) -> None:
    assert key(left) == key(right) is not None


def test_numbers_and_scripts_stay_in_the_words() -> None:
    assert key("Kosmos-2") != key("Kosmos-2.5")
    assert key("数据 2") == "数据 2"
    assert key("?!") is None
    assert key(None) is None
