"""Text: white space, printed text made readable without losing a word, words for comparison."""

from __future__ import annotations

import sys
import unicodedata

import ftfy
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flows.normalize.text import _SUSPECT, NO_INK, fold, match_key, readable


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


@given(
    st.text(
        st.characters(
            exclude_characters="\\$`^_<&{~", exclude_categories=("Cs", "Cc", "Cf", "Mn", "Mc", "Me")
        )
    )
)
def test_text_without_markup_stays(text: str) -> None:
    assume(ftfy.fix_encoding(text) == text == unicodedata.normalize("NFC", text))
    assert shown(text) in (text, " ".join(text.split()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MÃ¼ller", "Müller"),
        ("itâ€™s Ã©tudeâ€”and 25Â°C", "it’s étude—and 25°C"),
        ("ErdÅ‘s and BrankoviÄ‡", "Erdős and Branković"),
        ("BrankoviÄ‡ — and Ángel", "Branković — and Ángel"),
        ("ðŸ˜€", "😀"),
        ("caf\\u00e9 \\ud835\\udc9e", "café 𝒞"),
        ("caf&#233; &eacute; &#xe9;", "café é é"),
        ("co\u00adoperate zero\u2060width", "cooperate zerowidth"),
        ("a\x00b\x07\u200bc", "a b c"),
        ("Mu\u0308ller \u212bngstro\u0308m", "Müller Ångström"),
        ("می\u200cروم", "می\u200cروم"),
        ("lat\u200din", "latin"),
        ("ﬁne ①", "ﬁne ①"),
        ("\\ud835 alone", "\\ud835 alone"),
        ("\u00ad", None),
    ],
)
def test_what_was_broken_on_the_way_is_mended(text, expected) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "SÃO PAULO, MAÇÃ, IRMÃ",
        "A “MAÇÃ” é",
        "VIỆT NAM: ÂM NHẠC, NGÔN NGỮ",
        "“CAFÉ” — L’ÉTÉ’, «CAFÉ», LÖWE’S",
        "Ä— Ö–Ö É…",
        "résumé, naïve, Ångström, œuvre",
        "R&D at AT&T; x?a=1&param=2&copy=3",
        "a < b and c > d, p<0.05, <unk> token, vector<T>, <i> alone, <s> and </s>",
        "from $5 to $10, or $ 5 to $ 6",
        "a~b, ~5 %, http://a.org/ab~cd",
        "the set {a, b} and {1}",
        "100% of #1 -- so",
    ],
)
def test_what_is_right_stays(text) -> None:
    assert shown(text) == text
    assert shown(text + " $x$") == text + " x"


def test_equal_texts_and_nulls_keep_their_places() -> None:
    texts = pl.Series("t", ["$x$", None, "plain", "", "$x$", "<p>y</p>"])
    assert readable(texts).to_list() == ["x", None, "plain", "", "x", "y"]
    assert readable(texts).name == "t"
    assert readable(texts.clear()).to_list() == []


def test_every_sign_that_unicode_composes_is_noticed() -> None:
    signs = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    changed = [
        sign
        for sign in signs
        if unicodedata.normalize("NFC", sign) != sign or unicodedata.combining(sign)
    ]
    assert len(changed) > 1000
    unnoticed = pl.Series(changed).filter(~pl.Series(changed).str.contains(_SUSPECT))
    assert [hex(ord(sign)) for sign in unnoticed] == []


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


@given(
    st.text(
        st.one_of(
            st.sampled_from(
                "ab é  \t\n\x0b\x1c\x85\u00a0\u2003\u200a\u200b\u200c\u2028\u3000\ufeff\x7f"
            ),
            st.characters(exclude_categories=("Cs",)),
        ),
        max_size=12,
    )
)
def test_folding_is_what_it_was_for_every_blank(text: str) -> None:
    frame = pl.DataFrame({"text": [text]})
    plain = pl.col("text").str.replace_all(rf"{NO_INK}+", " ").str.strip_chars()
    assert (frame.select(fold(pl.col("text"))).item() or "") == frame.select(plain).item()


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
