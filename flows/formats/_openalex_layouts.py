"""OpenAlex works in the layouts of older snapshots, told in that of today.

What the fields mean is the reader's business.
"""

from __future__ import annotations

import polars as pl

from flows.formats._openalex import read_index
from flows.scratch import cursor

_HOST_VENUES = ("host_venue", "alternate_host_venues")
_SOURCE_DTYPE = pl.Struct(
    {
        **dict.fromkeys(("display_name", "issn_l", "host_organization_name", "type"), pl.String()),
        "issn": pl.List(pl.String),
    }
)

# An index as a text, and in an object with its length; a text that is no index stays what it is.
_PRINTED_INDEX = "json_extract(raw_text, '$.abstract_inverted_index')"
_PARSED_INDEX = (
    f"CASE WHEN json_type({_PRINTED_INDEX}) <> 'VARCHAR' THEN {_PRINTED_INDEX}"
    f" WHEN {_PRINTED_INDEX}->>'$' <> ''"
    f" THEN coalesce(TRY_CAST({_PRINTED_INDEX}->>'$' AS JSON), {_PRINTED_INDEX}) END"
)
_BARE_INDEX = (
    "CASE WHEN json_type(index->'$.InvertedIndex') = 'OBJECT'"
    " THEN index->'$.InvertedIndex' ELSE index END"
)


def with_bare_indices(works: pl.DataFrame) -> pl.DataFrame:
    """Return the works, indices that are wrapped in another layout unwrapped.

    Snapshots of 2023 have each in an object with its length; tables of works, as a text.
    """
    is_wrapped = (pl.col("index_kind") == "VARCHAR") | pl.col("words").list.contains("IndexLength")
    told = works.with_columns(is_wrapped=is_wrapped.fill_null(value=False))
    if not told["is_wrapped"].any():
        return works
    wrapped = told.filter("is_wrapped")
    sql = ", ".join(f'{value} AS "{name}"' for name, value in read_index("bare").items())
    with cursor() as connection:
        connection.register("wrapped", wrapped.select("raw_text"))
        read = connection.sql(
            f"SELECT {sql} FROM (SELECT {_BARE_INDEX} AS bare"
            f" FROM (SELECT {_PARSED_INDEX} AS index FROM wrapped))"
        ).pl()
    unwrapped = wrapped.with_columns(read.cast({"places": works.schema["places"]}))
    return (
        pl.concat([told.filter(~pl.col("is_wrapped")), unwrapped])
        .sort("ordinal")
        .drop("is_wrapped")
    )


def with_locations(works: pl.DataFrame) -> pl.DataFrame:
    """Return the works, those of older snapshots with locations made of their host venues.

    The version a host venue states is often that of another copy; it is left out.
    """
    if works.select(pl.all_horizontal(pl.col(*_HOST_VENUES).is_null().all())).item():
        return works
    venue, named = pl.col("host_venue").struct, pl.col("host_venue").is_not_null()
    source = pl.struct(
        venue.field("display_name"),
        venue.field("issn_l"),
        venue.field("publisher").alias("host_organization_name"),
        venue.field("type"),
        venue.field("issn"),
    )
    others = pl.col("alternate_host_venues").list.eval(_place(pl.element().struct.field("url")))
    return works.with_columns(
        primary_location=pl.coalesce(
            "primary_location", pl.when(named).then(_place(venue.field("url"), source))
        ),
        locations=pl.coalesce("locations", others),
    )


def _place(url: pl.Expr, source: pl.Expr | None = None) -> pl.Expr:
    """Return a location at `url`."""
    unknown = pl.lit(None, pl.String)
    return pl.struct(
        unknown.alias("raw_source_name"),
        url.alias("landing_page_url"),
        unknown.alias("pdf_url"),
        unknown.alias("version"),
        (pl.lit(None, _SOURCE_DTYPE) if source is None else source).alias("source"),
    )
