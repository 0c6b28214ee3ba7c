"""Markup: tags, entities and LaTeX; what is read fast is what the library reads."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flows.normalize import latex
from flows.normalize.latex import without_latex
from flows.normalize.markup import without_tags
from flows.normalize.text import readable


def shown(text: str) -> str | None:
    result: str | None = readable(pl.Series("text", [text])).item()
    return result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"Erd{\H o}s, Erd\H{o}s, Erd\H os", "Erdős, Erdős, Erdős"),
        (r'Bj{\"o}rn, M\"{u}ller, G\"odel', "Björn, Müller, Gödel"),
        (r"\v{S}koda, {\v{S}}koda, \v Skoda", "Škoda, Škoda, Škoda"),
        (r"{\'E}variste, \'Evariste", "Évariste, Évariste"),
        (r"Nguy\~{\^e}n, Nguy{\~{\^e}}n", "Nguyễn, Nguyễn"),
        (r"Espa\~na, Espa\~{n}a", "España, España"),
        (r"{van der Berg}, {BERT}: x", "van der Berg, BERT: x"),
        (r"\textsc{Smith}", "Smith"),
        (r"S{\o}ren, S\o ren, S\o{}ren, {\O}re", "Søren, Søren, Søren, Øre"),
        (r"\L{}ukasz, {\L}{\'o}d{\'z}, Pawe\l", "Łukasz, Łódź, Paweł"),
        (r"Mart\'{\i}n, Mart\'\i n, na\"{\i}ve, {\'{\i}}", "Martín, Martín, naïve, í"),
        (r"Dvo\v{r}\'ak, Ho\`ang, \'I\~nigo", "Dvořák, Hoàng, Íñigo"),
        (r"\AA{}rhus, {\aa}s, Stra{\ss}e, \AE{}sir", "Århus, ås, Straße, Æsir"),
        (r"Ph\d{a}m V\u{a}n, Gon\c{c}alves", "Phạm Văn, Gonçalves"),
        (r"\k{a}, \r{u}, \=a, \.I", "ą, ů, ā, İ"),
        (r"\t{oo}, \dj{}or\dj{}e", "oo, đorđe"),
    ],
)  # fmt: skip
def test_accents_in_names_are_read(text, expected) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CO<sub>2</sub>, CO$_2$, $CO_2$, $\\mathrm{CO}_2$, CO_{2}", "CO2, CO2, CO2, CO2, CO2"),
        ("10<sup>5</sup>, $10^5$, 10$^{5}$, $10^{-5}$", "10^5, 10^5, 10^5, 10^-5"),
        ("T<sub>c</sub>, T$_c$, $T_{c}$", "T_c, T_c, T_c"),
        ("10<sub>2</sub>, $10_2$", "10_2, 10_2"),
        ("1<sup>st</sup>, 19$^{th}$, $n^{\\text{th}}$", "1st, 19th, nth"),
        ("<sup>13</sup>C, $^{13}$C, \\textsuperscript{13}C", "^13C, ^13C, ^13C"),
        ("$\\frac{a}{b}$, <math><mfrac><mi>a</mi><mi>b</mi></mfrac></math>", "a/b, a/b"),
        ("$\\sqrt{n}$, <math><msqrt><mi>n</mi></msqrt></math>", "√(n), √(n)"),
    ],
)
def test_scripts_read_the_same_in_all_markup(text, expected) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("``deep'' nets of f''", "“deep” nets of f”"),
        ("Fig.~1 shows~$n$", "Fig. 1 shows n"),
        ("{\\bf bold} Ge{\\it ner}ation", "bold Generation"),
        ("$\\left( x \\right)$ $\\|x\\|$ $a << b$ $f''(x)$", "( x ) ‖x‖ a << b f''(x)"),
        ("$\\mathbf{Ge}$neration $\\mathcal{SAM}$ $\\mathcal{O}(n)$", "Generation SAM 𝒪(n)"),
        ("$\\operatorname{argmin}_x$", "argmin_x"),
        ("$ \\alpha $, $$x^2$$, \\(y\\), \\[z\\]", "α, x^2, y, z"),
        ("in \\LaTeX or \\alpha waves", "in LaTeX or α waves"),
        ("shown \\cite{a1} \\citep[see][p. 2]{b}", "shown [a1] [b]"),
        ("\\texorpdfstring{$\\alpha$}{alpha} \\textcolor{red}{x}", "alpha x"),
        ("our \\method{} wins", "our \\method wins"),
        ("http://x.org/\\~joe", "http://x.org/~joe"),
        ("\\emph{one \\textbf{two} three} four", "one two three four"),
        ("sto\\-chas\\-tic", "stochastic"),
        ("grain\\hyphen size \\mkbibquote{mills}", "grain-size mills"),
        ("p \\textless 0.05", "p < 0.05"),
        ("Grain~-- a study", "Grain -- a study"),
        ("costs \\$5 and $x$", "costs $5 and x"),
    ],
)
def test_latex_is_read(text, expected) -> None:
    assert shown(text) == expected


JATS_FORMULA = (
    "<jats:inline-formula><jats:alternatives><jats:tex-math>\\documentclass[12pt]{minimal} "
    "\\begin{document}$$\\alpha ^2$$\\end{document}</jats:tex-math>"
    '<mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:msup><mml:mi>α</mml:mi>'
    "<mml:mn>2</mml:mn></mml:msup></mml:math></jats:alternatives></jats:inline-formula>"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<jats:title>Abstract</jats:title><jats:p>We <jats:italic>do</jats:italic>.", "We do."),
        ("<jats:p>A.</jats:p><jats:p>B.</jats:p>", "A. B."),
        (
            "<jats:sec><jats:title>Background</jats:title><jats:p>A.</jats:p></jats:sec>"
            "<jats:sec><jats:title>Abstract</jats:title><jats:p>B.</jats:p></jats:sec>",
            "Background A. Abstract B.",
        ),
        ("<title>ABSTRACT:</title> x", "x"),
        ("<jats:title>Abstract machines</jats:title>", "Abstract machines"),
        (f"The {JATS_FORMULA} law", "The α^2 law"),
        (JATS_FORMULA.partition("<mml:math")[0] + "</jats:alternatives>", "α^2"),
        ('<mml:math alttext="\\alpha &lt; 2"/> and <math alttext="x"></math>', "α < 2 and x"),
        (
            "<math><semantics><mrow><mi>log</mi><mi>n</mi><mo>&lt;</mo><mover><mi>x</mi><mo>ˆ</mo>"
            '</mover></mrow><annotation encoding="TeX">no</annotation></semantics></math>',
            "log n<x̂",
        ),
        (
            "<math><mtext>if</mtext><msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup></math>",
            "if x_i^2",
        ),
        ("<fixed-case>BERT</fixed-case>s", "BERTs"),
        ("<tex-math>\\mathcal{O}(n)</tex-math> <tex-math>$b$</tex-math>", "𝒪(n) b"),
        ("see <url>http://a.b/c_d</url>", "see http://a.b/c_d"),
        ('<a href="https://x.y/?a=1&amp;b=2">here</a>', "here"),
        ("&amp;lt;i&amp;gt;x&amp;lt;/i&amp;gt; p &amp;lt; 5 &amp;amp; q", "x p < 5 & q"),
        ("<p>a<p>b<br>c<br/>d", "a b c d"),
        ("<i>a<b>c</i>d</b>", "acd"),
        ("H<SUB>2</SUB>O, H<inf>2</inf>O", "H2O, H2O"),
        ("<!-- note -->x <![CDATA[ y ]]>", "x y"),
        ("<b>unclosed <i>x</i>", "<b>unclosed x"),
        ("C++ <T> & <code> <p>x</p>", "C++ <T> & <code> x"),
        ("<i>" * 300 + "deep &amp; <unk>" + "</i>" * 300, "deep & <unk>"),
        ("\ufffe<i>x</i>\uffff", "\ufffex\uffff"),
    ],
)  # fmt: skip
def test_tags_and_entities_are_read(text, expected) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{a" * 500,
        "{" * 300 + "}" * 300,
        "\\textbf{" * 500,
        "$\\frac{" * 99 + "$",
        "$ " * 2000,
        "\\begin{x}" * 500,
        "\\(" * 500,
        "\\'" * 999 + "{}",
        "<i>" * 2000,
        "<p " * 2000,
        '<a x="' * 500,
        "&amp;" * 5000,
    ],
)
def test_endless_nesting_is_no_hang_and_loses_no_word(text) -> None:
    assert "word" in str(shown(f"word {text}"))
    assert "word" in str(shown(f"$x$ {text} word"))


WORDS = st.text(st.characters(categories=("L", "N"), max_codepoint=0x24F), min_size=1, max_size=6)
TAGS = st.sampled_from(
    ("<unk>", "<T>", "<p>", "</p>", "<jats:p>", "<i>", "</i>", "<jats:sup>", "</jats:sup>", "<b",
     "<", "&lt;", "&", ">", "<mml:math>", "</mml:math>", "<mml:msup>", "<mml:mi>",
     "</sub>", "<jats:sub>")
)  # fmt: skip


@given(st.lists(st.one_of(WORDS.map(lambda word: f" {word} "), TAGS), max_size=14).map("".join))
def test_tags_lose_no_word(text: str) -> None:
    words = without_tags(text.replace("\u0149", "n")).split()
    for word in text.replace("\u0149", "n").split(" "):
        if word.isalnum():
            assert any(word in read for read in words)


FORMS = ("1", "^1", "^{1}", "_{1}", r"\mathrm{1}", r"\textbf{1}", r"\frac{1}{2}", r"\sqrt{1}")
ATOM = st.sampled_from(
    ("x", "N", "77", " + ", " = ", ", ", "(", ")", " < ", "'", "|", "-", r"\alpha ", r"\beta",
     r"\times ", r"\leq ", r"\log n", r"\sum", r"\in ", r"\mathbb{R}", r"\mathcal{D}", r"\hat{x}",
     r"\tilde{y}", r"\,", r"\{", r"\}", r"\infty", r"\cdot ", r"\ell", r"\to ", r"\mathbb R")
)  # fmt: skip


@st.composite
def formulas(draw: st.DrawFn, depth: int = 2) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 2))):
        form = draw(st.sampled_from(FORMS if depth else FORMS[:1]))
        inner = formulas(depth - 1) if form != FORMS[0] else ATOM
        parts.append(form.replace("1", draw(inner)).replace("2", draw(inner)))
    return "".join(parts)


@settings(max_examples=150)
@given(formulas())
def test_mathematics_read_by_pieces_is_what_the_library_reads(formula: str) -> None:
    formula = latex._PROTECT.sub(latex._protected, formula)
    by_pieces = latex._math_by_pieces(formula)
    assume(by_pieces is not None)
    assert by_pieces.strip() == latex._shown(rf"\({formula}\)").strip()


@given(st.text("abN019 .,+=<>()/*|:;!?[]^-_", min_size=1))
def test_plain_mathematics_is_what_the_library_reads(formula: str) -> None:
    assume(latex._PLAIN_MATH.fullmatch(formula) and not latex._PROTECT.search(formula))
    assume("!`" not in formula)
    assert formula.strip() == latex._shown(rf"\({formula}\)")


PIECE = st.sampled_from(
    (r"\'e", r"{\"o}", r"\H{o}", r"\v{S}", r"{\o}", r"\L{}", r"\'{\i}", r"\c c", r"\~{\^e}",
     r"\~n", r"\emph{a b}", r"\textbf{a \textit{b} c}", r"{\c{c}}", r"\url{x}", r"\aa{}", r"\ss{}",
     " word ", ". ", r"\unknown{}", r"\textsc{ab}", r"\footnote{b}", r"\ldots{}", "(x)", r"\method",
     r"\href{a}{b c}")
)  # fmt: skip


@settings(max_examples=150)
@given(st.lists(PIECE, min_size=1, max_size=8).map("-".join))
def test_text_read_by_pieces_is_what_the_library_reads(text: str) -> None:
    whole = latex._shown(text.replace(r"\~", "\\~"))
    assert without_latex(text) == latex._with_signs(whole)
