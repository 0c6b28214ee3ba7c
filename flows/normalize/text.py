"""Text: white space, markup to readable text, and the words under which texts are compared."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import polars as pl

# Letters that Unicode does not decompose, as the languages that use them transliterate.
TRANSLITERATION = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i",
}  # fmt: skip

_MARKUP = r"[\\$]|``|[\^_]\{"
_MATH = re.compile(r"\$(?=[^\s$])([^$]{0,300}?[^\s$\\])\$(?!\d)")
_PROTECTED = {"%": "\ue000", "~": "\ue001", "--": "\ue002", "#": "\ue003", "&": "\ue004"}
_DOLLAR = "\ue005"

NO_INK = r"[\s\p{Cc}\u{200b}\u{feff}]"
"""White space, control characters and signs without width."""


def fold(text: pl.Expr) -> pl.Expr:
    """Return the text with what shows nothing folded to single blanks; null if nothing is left."""
    folded = text.str.replace_all(rf"{NO_INK}+", " ").str.strip_chars()
    return pl.when(folded != "").then(folded)


def match_key(text: pl.Expr) -> pl.Expr:
    """Return the words of the text for comparison: lower case, no accents, single blanks.

    Letters and digits of every script stay, everything else becomes a blank. Null stays null;
    a text without letters or digits becomes null.
    """
    key = (
        text.str.normalize("NFKD")
        .str.replace_all(r"\p{M}", "")
        .str.to_lowercase()
        .str.replace_many(TRANSLITERATION)
        .str.replace_all(r"[^\p{L}\p{N}]+", " ")
        .str.strip_chars()
    )
    return pl.when(key != "").then(key)


def readable(texts: pl.Series) -> pl.Series:
    r"""Return the texts with LaTeX markup resolved: `$\textbf{Ge}$neration` reads `Generation`.

    Unknown macros stay as printed, so no word is lost. Texts without markup stay as they are.
    """
    marked = texts.str.contains(_MARKUP).fill_null(value=False)
    if not marked.any():
        return texts
    # A loop over the few texts with markup: LaTeX is parsed by a library, text by text.
    resolved = pl.Series(
        texts.name,
        [_resolve_markup(text) if mark else text for text, mark in zip(texts, marked, strict=True)],
        dtype=pl.String,
    )
    return resolved.to_frame().select(fold(pl.col(texts.name))).to_series()


def _resolve_markup(text: str) -> str:
    text = text.replace("\\$", _DOLLAR)
    text = _MATH.sub(lambda match: "\\(" + match.group(1) + "\\)", text)
    text = text.replace("$", _DOLLAR)
    for plain, stand_in in _PROTECTED.items():
        # An escaped sign is markup for the sign itself; a bare one is not markup here.
        text = text.replace("\\" + plain, stand_in).replace(plain, stand_in)
    resolved: str = _latex().latex_to_text(text)
    for plain, stand_in in _PROTECTED.items():
        resolved = resolved.replace(stand_in, plain)
    return resolved.replace(_DOLLAR, "$")


@cache
def _latex() -> Any:
    """Return the LaTeX to text converter, imported only where a text has markup."""
    from pylatexenc import latex2text, latexwalker, macrospec

    def verbatim(node: Any, **_: Any) -> str:
        return str(node.latex_verbatim())

    def last_argument(node: Any, l2tobj: Any) -> str:
        return str(l2tobj.nodelist_to_text([node.nodeargd.argnlist[-1]]))

    parsed = latexwalker.get_default_latex_context_db()
    parsed.add_context_category(
        "links",
        prepend=True,
        macros=[macrospec.MacroSpec("url", "{"), macrospec.MacroSpec("href", "{{")],
    )
    shown = latex2text.get_default_latex_context_db()
    shown.add_context_category(
        "links",
        prepend=True,
        macros=[
            latex2text.MacroTextSpec("url", simplify_repl=last_argument),
            latex2text.MacroTextSpec("href", simplify_repl=last_argument),
            latex2text.MacroTextSpec("LaTeX", simplify_repl="LaTeX"),
            latex2text.MacroTextSpec("TeX", simplify_repl="TeX"),
        ],
    )
    shown.set_unknown_macro_spec(latex2text.MacroTextSpec("", simplify_repl=verbatim))
    converter = latex2text.LatexNodes2Text(
        latex_context=shown, math_mode="text", keep_braced_groups=False, strict_latex_spaces=False
    )

    class Converter:
        """Binds parsing and showing with the same idea of links."""

        @staticmethod
        def latex_to_text(text: str) -> str:
            walker = latexwalker.LatexWalker(text, latex_context=parsed, tolerant_parsing=True)
            nodes, _, _ = walker.get_latex_nodes()
            return str(converter.nodelist_to_text(nodes))

    return Converter
