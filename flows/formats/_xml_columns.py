"""XML as columns: what stands in flat records, such as `<article key="x"><title>T</title>...`.

libxml2 has parsed the records and writes each anew in one form, in which `<` begins every tag and
nothing else and entities are characters. So tags can be told apart by plain text operations on
columns, without a Python object for every element.
"""

from __future__ import annotations

import polars as pl
from lxml import etree

_ESCAPES = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&#13;": "\r", "&#10;": "\n",
            "&#9;": "\t"}  # fmt: skip


def written(records: list[etree._Element]) -> pl.Series:
    """Return each record as a text of its own, in the one form in which libxml2 writes it."""
    texts = [etree.tostring(record, encoding="unicode", with_tail=False) for record in records]
    return pl.Series(texts, dtype=pl.String)


def attribute(tag: pl.Expr, name: str) -> pl.Expr:
    """Return an attribute from what stands between `<` and `>` of a tag; null where it has none."""
    return readable(tag.str.extract(rf'\s{name}="([^"]*)"'))


def readable(text: pl.Expr) -> pl.Expr:
    """Return the text with escapes resolved."""
    return text.str.replace_many(_ESCAPES)


def tags_and_fields(texts: pl.Series) -> tuple[pl.Series, pl.DataFrame]:
    """Return the tag of each record, without `<` and `>`, and the elements in it, in order.

    Of an element: `row` of its record, 0-based, `name`, `tag`, and `value`, its text; where it has
    markup what stands inside of it, escapes and all; null where it is empty.
    """
    tokens = (
        pl.DataFrame(
            {"row": pl.int_range(texts.len(), dtype=pl.UInt32, eager=True), "token": texts}
        )
        .with_columns(pl.col("token").str.strip_prefix("<").str.split("<"))
        .explode("token")
        .with_columns(pl.col("token").str.splitn(">", 2).alias("parts"))
        .select(
            "row",
            "token",
            tag=pl.col("parts").struct.field("field_0"),
            text=pl.col("parts").struct.field("field_1"),
        )
    )
    closes = pl.col("tag").str.starts_with("/")
    is_empty = pl.col("tag").str.ends_with("/")
    step = pl.when(closes).then(-1).when(is_empty).then(0).otherwise(1).cast(pl.Int32)
    # How deep a tag itself is: the record's is 1, that of an element in it is 2.
    depth = step.cum_sum() + closes.cast(pl.Int32) + (is_empty & ~closes).cast(pl.Int32)
    tokens = tokens.with_columns(closes=closes, depth=depth)
    begins = ~pl.col("closes")
    is_field = begins & (pl.col("depth") == 2)
    tokens = tokens.with_columns(is_field=is_field, field=is_field.cum_sum())
    fields = tokens.filter("is_field").select(
        "row",
        "field",
        "tag",
        "text",
        name=pl.col("tag").str.splitn(" ", 2).struct.field("field_0").str.strip_suffix("/"),
    )
    tags = tokens.filter(begins & (pl.col("depth") == 1))["tag"]
    markup = (
        tokens.filter(pl.col("depth") > 2)
        .group_by("field", maintain_order=True)
        .agg(inside=("<" + pl.col("token")).str.join(""))
    )
    value = readable(pl.col("text"))
    if markup.height:
        fields = fields.join(markup, on="field", how="left", maintain_order="left")
        with_markup = pl.col("text").fill_null("") + pl.col("inside")
        value = pl.when(pl.col("inside").is_null()).then(value).otherwise(with_markup)
    fields = fields.with_columns(value=value)
    return tags, fields.select("row", "name", "tag", pl.col("value").replace("", None))
