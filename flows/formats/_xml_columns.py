"""XML as columns: what stands in flat records, such as `<article key="x"><title>T</title>...`.

libxml2 has parsed the records and writes each anew in one form, in which `<` begins every tag and
nothing else and entities are characters. So tags can be told apart by plain text operations on
columns, without a Python object for every element.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from lxml import etree

_ESCAPES = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&#13;": "\r", "&#10;": "\n",
            "&#9;": "\t"}  # fmt: skip


@dataclass(frozen=True)
class Columns:
    """Records as columns.

    texts: each record as a text of its own. tags: what stands between `<` and `>` of its start
    tag. fields: the elements in it, in order: `row` of the record, 0-based, `name`, `tag`, and
    `value`, the text; where it has markup what stands inside of it, escapes and all; null where it
    is empty.
    """

    texts: pl.Series
    tags: pl.Series
    fields: pl.DataFrame


def written(records: list[etree._Element]) -> bytes:
    """Return records, at least one, in an element around them, in the one form in which libxml2
    writes them."""
    root = records[0].getparent()
    if root is not None and len(root) == len(records) and list(root) == records:
        return _written(root)
    return b"<records>%b</records>" % b"".join(map(_written, records))


def _written(element: etree._Element) -> bytes:
    return etree.tostring(element, encoding="utf-8", xml_declaration=False, with_tail=False)


def attribute(tag: pl.Expr, name: str) -> pl.Expr:
    """Return an attribute from what stands between `<` and `>` of a tag; null where it has none."""
    return readable(tag.str.extract(rf'\s{name}="([^"]*)"'))


def readable(text: pl.Expr) -> pl.Expr:
    """Return the text with escapes resolved."""
    return text.str.replace_many(_ESCAPES)


def columns(texts: list[bytes]) -> Columns:
    """Return the records in texts that `written` returned."""
    text = b"".join(texts)
    # Tokens are what stands between one `<` and the next.
    tokens = (
        pl.DataFrame({"token": _parts(text, np.array([0, len(text)]))})
        .select(pl.col("token").str.strip_prefix("<").str.split("<"))
        .explode("token")
        .with_columns(pl.col("token").str.splitn(">", 2).alias("parts"))
        .select(
            "token",
            tag=pl.col("parts").struct.field("field_0"),
            text=pl.col("parts").struct.field("field_1"),
        )
    )
    closes = pl.col("tag").str.starts_with("/")
    is_empty = pl.col("tag").str.ends_with("/")
    step = pl.when(closes).then(-1).when(is_empty).then(0).otherwise(1).cast(pl.Int32)
    # How deep a tag itself is: that around records is 1, a record's 2, that of an element in it 3.
    depth = step.cum_sum() + closes.cast(pl.Int32) + (is_empty & ~closes).cast(pl.Int32)
    tokens = tokens.with_columns(closes=closes, depth=depth)
    begins = ~pl.col("closes")
    is_record = begins & (pl.col("depth") == 2)
    is_field = begins & (pl.col("depth") == 3)
    tokens = tokens.with_columns(is_field=is_field, field=is_field.cum_sum())
    fields = (
        tokens.with_columns(row=is_record.cum_sum() - 1)
        .filter("is_field")
        .select(
            pl.col("row").cast(pl.UInt32),
            "field",
            "tag",
            "text",
            name=pl.col("tag").str.splitn(" ", 2).struct.field("field_0").str.strip_suffix("/"),
        )
    )
    tags = tokens.filter(is_record)["tag"]
    markup = (
        tokens.filter(pl.col("depth") > 3)
        .group_by("field", maintain_order=True)
        .agg(inside=("<" + pl.col("token")).str.join(""))
    )
    value = readable(pl.col("text"))
    if markup.height:
        fields = fields.join(markup, on="field", how="left", maintain_order="left")
        with_markup = pl.col("text").fill_null("") + pl.col("inside")
        value = pl.when(pl.col("inside").is_null()).then(value).otherwise(with_markup)
    fields = fields.with_columns(value=value)
    return Columns(
        texts=_record_texts(text, tokens),
        tags=tags,
        fields=fields.select("row", "name", "tag", pl.col("value").replace("", None)),
    )


def _record_texts(text: bytes, tokens: pl.DataFrame) -> pl.Series:
    """Return the records in a text: from their first tag to the end of their last."""
    length = pl.col("token").str.len_bytes() + 1
    is_record = pl.col("depth") == 2
    is_last = pl.col("closes") | pl.col("tag").str.ends_with("/")
    places = tokens.with_columns(begin=length.cum_sum() - length).select(
        begin=pl.when(is_record & ~pl.col("closes")).then("begin"),
        end=pl.when(is_record & is_last).then(
            pl.col("begin") + pl.col("tag").str.len_bytes() + len("<>")
        ),
    )
    begins, ends = places["begin"].drop_nulls(), places["end"].drop_nulls()
    if begins.is_empty():
        return pl.Series(dtype=pl.String)
    # Records and what stands between them, in turn.
    return _parts(
        text, np.stack((begins.to_numpy(), ends.to_numpy()), axis=1).ravel()
    ).gather_every(2)


def _parts(text: bytes, offsets: np.ndarray) -> pl.Series:
    """Return what stands between each two offsets, ascending, of a text in UTF-8."""
    buffers = pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(text)
    return pl.Series("parts", pa.LargeStringArray.from_buffers(len(offsets) - 1, *buffers))
