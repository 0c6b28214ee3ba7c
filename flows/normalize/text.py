"""Text: white space, printed text to readable text, and the words under which texts are compared.

Not here: what a tag (`markup`) or a macro (`latex`) reads as.
"""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from flows.normalize.latex import without_latex
from flows.normalize.markup import without_tags

# Letters that Unicode does not decompose, as the languages that use them transliterate.
TRANSLITERATION = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i",
    "ς": "σ",
}  # fmt: skip

NO_INK = r"[\s\p{Cc}\u{200b}\u{feff}]"
"""White space, control characters and signs without width."""

# The same without the ASCII blank; texts in which no such sign and no two blanks stand stay.
_NO_BLANK = (
    r"\x00-\x1f\x7f-\u{a0}\u{1680}\u{2000}-\u{200b}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}"
)
_UNFOLDED = rf" [ {_NO_BLANK}]+|[{_NO_BLANK}][ {_NO_BLANK}]*"

# UTF-8 read as Latin-1 or Windows-1252: the first byte of a letter and as many as must follow.
_FOLLOWING = "[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
_MOJIBAKE = (
    rf"[\u00c2-\u00df]{_FOLLOWING}|[\u00e0-\u00ef]{_FOLLOWING}{{2}}"
    rf"|[\u00f0-\u00f4]{_FOLLOWING}{{3}}"
)
# Soft hyphens, joiners and marks of direction show nothing and part no words.
_INVISIBLE = "\u00ad\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069"
# These two form letters of some scripts; in others they show nothing.
_JOINERS = "\u200c\u200d"
# Combining marks, Hangul letters and signs that Unicode writes otherwise (a test derives them).
_UNCOMPOSED = (
    r"\p{M}\u{340}\u{341}\u{374}\u{37e}\u{387}\u{958}-\u{95f}\u{9dc}-\u{9df}"
    r"\u{a33}-\u{a5e}\u{b5c}\u{b5d}\u{f43}-\u{f69}\u{1100}-\u{11ff}\u{1f71}-\u{1ffd}\u{2000}\u{2001}"
    r"\u{2126}\u{212a}\u{212b}\u{2329}\u{232a}\u{2adc}\u{f900}-\u{faff}\u{fb1d}-\u{fb4e}"
    r"\u{1d15e}-\u{1d164}\u{1d1bb}-\u{1d1c0}\u{2f800}-\u{2fa1d}"
)
_MARKUP = r"[\\$<]|&[#\p{L}]|``|[\^_]\{|\{[\p{L}\\]|(?:[a-z]{2}|\.)~"
_SUSPECT = (
    rf"{_MARKUP}|{_MOJIBAKE}"
    rf"|[\p{{Cc}}\u{{200b}}\u{{feff}}{_INVISIBLE}{_JOINERS}{_UNCOMPOSED}]"
)

_MENDABLE = re.compile(_MOJIBAKE)
# “MAÇÔ ends in a letter of its own, though the two signs might be one letter read wrongly.
_CAPITAL_AT_END = re.compile(r"(?<=[A-Z\u00c0-\u00de])[ÂÃ](?=[”’»›…–—](?:[\s.,;:!?)]|$))")
_KEPT_CAPITALS = str.maketrans("ÂÃ", "\U0010fff0\U0010fff1")
_CAPITALS_BACK = str.maketrans("\U0010fff0\U0010fff1", "ÂÃ")
_ESCAPE = re.compile(
    r"(?:\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[\da-fA-F]{4})+"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LATIN = "\u0000-\u024f"
_UNSEEN = re.compile(rf"[{_INVISIBLE}]|(?<=[{_LATIN}])[{_JOINERS}]+|[{_JOINERS}]+(?=[{_LATIN}])")


def fold(text: pl.Expr) -> pl.Expr:
    """Return the text with what shows nothing folded to single blanks; null if nothing is left."""
    # Not pl.when(folded != "").then(folded): that folds twice.
    return text.str.replace_all(_UNFOLDED, " ").str.strip_chars().replace("", None)


def match_key(text: pl.Expr) -> pl.Expr:
    """Return the words of the text for comparison: lower case, no accents, single blanks.

    Letters and digits of every script stay, everything else becomes a blank. Null stays null;
    a text without letters or digits becomes null.
    """
    return comparable(text).str.strip_chars().replace("", None)


def comparable(text: pl.Expr) -> pl.Expr:
    """Return the text sign by sign as `match_key` has it, blanks at its ends included."""
    return (
        text.str.normalize("NFKD")
        .str.replace_all(r"\p{M}", "")
        .str.to_lowercase()
        .str.replace_many(TRANSLITERATION)
        .str.replace_all(r"[^\p{L}\p{N}]+", " ")
    )


def readable(texts: pl.Series) -> pl.Series:
    r"""Return the texts as they are meant to be read: `$\textbf{Ge}$neration` reads `Generation`.

    LaTeX, HTML, JATS and MathML are resolved, entities and escapes (`&amp;`, `\u00e9`) replaced,
    mojibake is mended where it is certain, what shows nothing is folded, letters are composed
    (NFC). Unknown macros and tags stay as printed, so no word is lost. Texts with none of these
    stay as they are; a text of which nothing is left becomes null.
    """
    is_suspect = texts.str.contains(_SUSPECT).fill_null(value=False)
    suspects = texts.filter(is_suspect)
    if suspects.is_empty():
        return texts
    # A loop over the distinct texts that need it: libraries parse markup text by text.
    resolved = {text: _resolved(text) for text in dict.fromkeys(suspects)}
    answers = (
        pl.Series("text", [resolved[text] for text in suspects], dtype=pl.String)
        .to_frame()
        .select(fold(pl.col("text")))
        .to_series()
    )
    places = (is_suspect.cast(pl.Int64).cum_sum() - 1).clip(0)
    return texts.zip_with(~is_suspect, answers.gather(places))


def _resolved(text: str) -> str:
    if not text.isascii():
        text = _mended(text)
    if not text.isprintable():
        text = _CONTROL.sub(" ", text)
    if "\\u" in text:
        text = _ESCAPE.sub(_unescaped, text)
    text = without_latex(without_tags(text))
    return text if text.isascii() else unicodedata.normalize("NFC", _UNSEEN.sub("", text))


def _mended(text: str) -> str:
    """Return the text with UTF-8 that was read as Latin-1 or Windows-1252 put right.

    ftfy (https://ftfy.readthedocs.io) decides; its guesses at bytes that got lost are turned off.
    """
    if _MENDABLE.search(text) is None:
        return text
    import ftfy

    config = ftfy.TextFixerConfig(restore_byte_a0=False, replace_lossy_sequences=False)
    kept = _CAPITAL_AT_END.sub(lambda found: found[0].translate(_KEPT_CAPITALS), text)
    return ftfy.fix_encoding(kept, config).translate(_CAPITALS_BACK)


def _unescaped(escapes: re.Match[str]) -> str:
    r"""Return the letters of a run of `\u00e9`; as printed where they are none."""
    units = bytes.fromhex(escapes[0].replace("\\u", ""))
    try:
        return units.decode("utf-16-be")
    except UnicodeDecodeError:
        return escapes[0]
