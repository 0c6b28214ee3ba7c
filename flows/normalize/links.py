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
    return text.map_batches(_links, return_dtype=pl.List(pl.String), is_elementwise=True)


def _links(texts: pl.Series) -> pl.Series:
    """Return the links of each text; those that cannot have one, nearly all, are not searched."""
    rows = texts.alias("printed").to_frame().with_row_index("row")
    found = rows.filter(pl.col("printed").str.contains(_MAY_HAVE_LINK))
    for pattern, address in _PRINTED:
        found = found.with_columns(pl.col("printed").str.replace_all(pattern, address))
    found = found.select("row", url=pl.col("printed").str.extract_all(_URL)).explode("url")
    found = _without_tail(_with_scheme(found.drop_nulls("url")))
    lists = (
        found.filter(pl.col("url").str.contains(r"(?i)^https?://[^/\s]*\p{L}"))
        .unique(maintain_order=True)
        .group_by("row", maintain_order=True)
        .agg("url")
    )
    return rows.join(lists, on="row", how="left", maintain_order="left")["url"]


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


def _with_scheme(found: pl.DataFrame) -> pl.DataFrame:
    bare = pl.col("url").str.strip_chars_start(" \t\r\n\u00a0([{<>\"'“‘,:;")
    lower = pl.col("url").str.to_lowercase()
    return found.with_columns(bare).with_columns(
        url=pl.when(lower.str.starts_with("www."))
        .then("http://" + pl.col("url"))
        .when(lower.str.starts_with("github.com/"))
        .then("https://" + pl.col("url"))
        .otherwise("url")
    )


def _without_tail(found: pl.DataFrame) -> pl.DataFrame:
    url = pl.col("url")
    found = found.with_columns(url.str.strip_chars_end(_TRAILING))
    is_unopened = url.str.ends_with(")") & (
        url.str.count_matches(r"\)") > url.str.count_matches(r"\(")
    )
    for _ in range(2):
        found = found.with_columns(
            url=pl.when(is_unopened)
            .then(url.str.strip_suffix(")").str.strip_chars_end(_TRAILING))
            .otherwise(url)
        )
    return found
