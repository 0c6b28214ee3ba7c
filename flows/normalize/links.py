"""Links: found in printed text, freed from LaTeX wrappers and the sentence around them."""

from __future__ import annotations

import polars as pl

_ESCAPED = r"\\([_%#&~])"
# Dashes, quotes and points of other scripts end a link as a blank does.
_URL = (
    r"https?://[^\s{}<>\"|\\^`\[\]"
    r"\u{2013}-\u{2026}\u{3000}-\u{303f}\u{ff01}-\u{ff0f}\u{ff1a}-\u{ff20}]+"
)
_TRAILING = ".,;:!?'*»"


def links(text: pl.Expr) -> pl.Expr:
    """Return the distinct links of each text, in the order printed; null where there is none.

    A link ends before a blank, a brace, a quote or a backslash; closing punctuation of the sentence
    is not part of it, nor is a closing parenthesis that was not opened inside the link.
    """
    found = (
        text.str.replace_all(_ESCAPED, "$1")
        .str.extract_all(_URL)
        .list.eval(_without_tail(pl.element()))
        .list.eval(pl.element().filter(pl.element().str.contains(r"^https?://[^/\s]*\p{L}")))
        .list.unique(maintain_order=True)
    )
    return pl.when(found.list.len() > 0).then(found)


def link_kind(url: pl.Expr) -> pl.Expr:
    """Return what a link leads to, by its host: see the first element of each of `LINK_KINDS`."""
    host = url.str.extract(r"^https?://([^/:?#]+)").str.to_lowercase()
    kind = pl.lit("other")
    for name, pattern in reversed(LINK_KINDS):
        kind = pl.when(host.str.contains(pattern)).then(pl.lit(name)).otherwise(kind)
    return kind


LINK_KINDS: tuple[tuple[str, str], ...] = (
    ("github", r"^(www\.|gist\.)?github\.com$"),
    ("huggingface", r"^(www\.)?huggingface\.co$|^hf\.co$|\.hf\.space$"),
    ("arxiv", r"(^|\.)arxiv\.org$"),
    ("doi", r"^(dx\.)?doi\.org$"),
    ("aka.ms", r"^aka\.ms$"),
    ("docs_page", r"\.readthedocs\.io$|^docs?\."),
    ("project_page", r"\.(github|gitlab)\.io$|\.pages\.dev$|\.netlify\.app$|\.vercel\.app$"),
)


def _without_tail(url: pl.Expr) -> pl.Expr:
    bare = url.str.strip_chars_end(_TRAILING)
    for _ in range(2):
        unopened = bare.str.ends_with(")") & (
            bare.str.count_matches(r"\)") > bare.str.count_matches(r"\(")
        )
        bare = (
            pl.when(unopened)
            .then(bare.str.strip_suffix(")").str.strip_chars_end(_TRAILING))
            .otherwise(bare)
        )
    return bare
