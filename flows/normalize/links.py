"""Links: found in printed text, freed from markup and from the sentence around them."""

from __future__ import annotations

import polars as pl

_MAY_HAVE_LINK = r"[hH][tT][tT][pP]|[wW]{3}\.|[gG]it[hH]ub\.com/"
# What markup prints otherwise than the address has it, and names of vocabularies, which lead to
# no page.
_PRINTED = (
    (r"""\sxmlns(?::\w+)?\s*=\s*(?:"[^"]*"|'[^']*')""", ""),
    (r"&(?:amp;)+", "&"),
    (r"&(?:quot|lt|gt|apos|nbsp|#34|#39|#60|#62|#160);", " "),
    (r"\\(?:textasciitilde|sim)(?:\{\})?|\$\\sim\$|\\~\{\}", "~"),
    (r"\{?\\([_%#&~$-])\}?", "$1"),
)
# Dashes, quotes and points of other scripts end a link as a blank does.
_REST = (
    r"[^\s{}<>\"|\\^`\[\]"
    r"\u{2013}-\u{2026}\u{3000}-\u{303f}\u{ff01}-\u{ff0f}\u{ff1a}-\u{ff20}]"
)
_BARE = (
    r"(?:[wW]{3}\.[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
    r"|[gG]it[hH]ub\.com/[\w-][\w.-]*/[\w-])"
)
_URL = rf"[hH][tT][tT][pP][sS]?://{_REST}+|(?:^|[\s(\[{{<>\"'“‘,:;]){_BARE}{_REST}*"
_TRAILING = ".,;:!?'*»$%"


def links(text: pl.Expr) -> pl.Expr:
    """Return the distinct links of each text, in the order printed; null where there is none.

    A link ends before a blank, a brace, a quote or a backslash; closing punctuation of the sentence
    is not part of it, nor is a closing parenthesis that was not opened inside the link. Of
    addresses without scheme `www.` and `github.com/owner/repository` are links; they get `http://`
    (https://github.github.com/gfm/#extended-www-autolink) and `https://`.
    """
    printed: pl.Expr = pl.when(text.str.contains(_MAY_HAVE_LINK)).then(text)
    for pattern, address in _PRINTED:
        printed = printed.str.replace_all(pattern, address)
    found = (
        printed.str.extract_all(_URL)
        .list.eval(_without_tail(_with_scheme(pl.element())))
        .list.eval(pl.element().filter(pl.element().str.contains(r"(?i)^https?://[^/\s]*\p{L}")))
        .list.unique(maintain_order=True)
    )
    return pl.when(found.list.len() > 0).then(found)


def link_kind(url: pl.Expr) -> pl.Expr:
    """Return what a link leads to, by its host: see the first element of each of `LINK_KINDS`."""
    host = url.str.to_lowercase().str.extract(r"^https?://([^/:?#]+)")
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


def _with_scheme(url: pl.Expr) -> pl.Expr:
    bare = url.str.strip_chars_start(" \t\r\n\u00a0([{<>\"'“‘,:;")
    lower = bare.str.to_lowercase()
    return (
        pl.when(lower.str.starts_with("www."))
        .then("http://" + bare)
        .when(lower.str.starts_with("github.com/"))
        .then("https://" + bare)
        .otherwise(bare)
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
