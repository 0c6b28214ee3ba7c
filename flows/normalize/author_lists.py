"""Author lists in one text: `A; B`, `A and B`, `A, B`, `Last, First and Last, First`.

Which sign separates names is told from the whole list. What a name consists of is in `names`.
"""

from __future__ import annotations

import polars as pl

from flows.normalize.names import SUFFIXES, given_first
from flows.normalize.text import fold

_SEPARATOR = "\x1f"
_CUT = r"(?i)(?:[\s,;&]*\bet\.?\s*al\b\.?|(?:\s*[,;&]\s*(?:and\s+)?|\s+and\s+)others\b\.?)\s*$"
_DEGREE = r"(?i),\s+(?:ph\.?\s?d|m\.?d|m\.?sc|b\.?sc|m\.?a|d\.?phil|esq)\.?(\s*(?:[,;]|$|\s+and\s))"
_AND = r"(?i)\s*,?\s+(?:and|und|et)\s+|\s*,?\s*&\s*"
_SUFFIX = rf"(?i),\s+({'|'.join(suffix.replace('.', '[.]') for suffix in SUFFIXES)})(\s*(?:[,;]|$))"
_INITIALS = r"^\s*(?:\p{Lu}\p{M}*\.?[\s-]*){1,4}$"
_ONE_WORD = r"^\s*\S+\s*$"
_PAIR = r"[^,]+,[^,]+"


def author_names(texts: pl.Series) -> pl.DataFrame:
    """Return `names`, given names first, and `is_complete`, of each author list; null for none.

    Semicolons separate wherever they stand. Else `and` does: where the last name has a comma, all
    names are `Last, First`; where it has none, commas separate too. In lists with commas alone,
    `Last, F.` and single words are pairs.
    """
    lists = pl.DataFrame({"text": texts}, schema={"text": pl.String}).with_row_index("row")
    cut = pl.col("text").str.contains(_CUT)
    plain = lists.select("row", text=fold(pl.col("text").str.replace(_CUT, ""))).with_columns(
        text=pl.col("text").str.replace_all(_DEGREE, "$1").str.replace_all(_SUFFIX, " $1$2")
    )
    has_semicolon = pl.col("text").str.contains(";", literal=True)
    parts = (
        plain.with_columns(
            is_listed=has_semicolon,
            part=pl.when(has_semicolon)
            .then(pl.col("text").str.replace_all(_AND, ";").str.split(";"))
            .otherwise(pl.col("text").str.replace_all(_AND, _SEPARATOR).str.split(_SEPARATOR)),
        )
        .explode("part")
        .with_columns(part=fold(pl.col("part").str.strip_chars(" ,;")))
        .drop_nulls("part")
        .with_columns(commas=pl.col("part").str.count_matches(","))
    )
    is_alone = pl.len().over("row") == 1
    last_has_comma = pl.col("commas").last().over("row") > 0
    is_whole = (
        pl.col("is_listed")
        | (pl.col("commas") == 0)
        | ((pl.col("commas") == 1) & pl.when(is_alone).then(_is_turned()).otherwise(last_has_comma))
    )
    is_even = pl.col("commas") % 2 == 1
    is_paired = pl.when(is_alone).then(_is_pairs()).otherwise(last_has_comma & is_even)
    named = (
        parts.with_columns(
            name=pl.when(is_whole)
            .then(pl.concat_list("part"))
            .when(is_paired)
            .then(pl.col("part").str.extract_all(_PAIR))
            .otherwise(pl.col("part").str.split(","))
        )
        .explode("name")
        .with_columns(name=given_first(pl.col("name")))
        .filter(pl.col("name").str.contains(r"\p{L}"))
        .group_by("row")
        .agg(names="name")
    )
    return (
        lists.select("row", cut.alias("is_cut"))
        .join(named, on="row", how="left", maintain_order="left")
        .select("names", is_complete=pl.when(pl.col("names").is_not_null()).then(~pl.col("is_cut")))
    )


def _is_turned() -> pl.Expr:
    """Tell whether a text with one comma is `Last, First`, not two names."""
    before = pl.col("part").str.extract(r"^([^,]*)")
    after = pl.col("part").str.extract(r",(.*)$")
    return (
        before.str.contains(_ONE_WORD)
        | after.str.contains(_ONE_WORD)
        | after.str.contains(_INITIALS)
    )


def _is_pairs() -> pl.Expr:
    """Tell whether the pieces between commas are family and given names in turn."""
    pieces = pl.col("part").str.split(",")
    given = pieces.list.gather_every(2, 1)
    is_even = pieces.list.len() % 2 == 0
    are_initials = given.list.eval(pl.element().str.contains(_INITIALS)).list.all()
    are_words = pieces.list.eval(pl.element().str.contains(_ONE_WORD)).list.all()
    return is_even & (are_initials | are_words)
