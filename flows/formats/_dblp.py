"""Columns of DBLP: what its elements mean, worked out for many records at once.

Reading the XML is `dblp`'s business; here are frames only.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from flows.formats._entries import as_deletions, as_entries, as_people, as_rejects
from flows.formats._lists import in_lists
from flows.formats._values import gathered, gathered_identifiers, moment
from flows.formats._warnings import Doubt, with_warnings
from flows.formats._xml_columns import attribute
from flows.normalize.text import fold
from schemas.columns import (
    AUTHOR_STRUCT,
    EARLIEST_PUBLICATION,
    LATEST_PUBLICATION,
    RELATED_STRUCT,
)

PLAIN = (
    "title", "journal", "booktitle", "volume", "number", "pages", "year", "month", "publisher",
    "school", "series",
)  # fmt: skip
"""Elements a record has once."""

REPEATED = ("author", "editor", "ee", "url", "isbn", "issn", "crossref", "note")
"""Elements a record can have several times."""

_IGNORED = ("address", "cdrom", "chapter", "cite", "publnr", "stream")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DOI = r"(?i)^https?://(?:(?:dx|www)\.)?doi\.[^/]+/10\."
_ARXIV = r"(?i)^https?://(?:www\.)?arxiv\.org/abs/"
_ORCID = r"(?i)^https?://(?:www\.)?orcid\.org/"
_WIKIDATA = r"(?i)^https?://(?:www\.)?wikidata\.org/(?:entity|wiki)/Q"
_IDENTIFYING = (
    ("acl", r"(?i)^https?://(?:www\.)?aclanthology\.org/[^/]+/?$"),
    ("hdl", r"(?i)^https?://hdl\.handle\.net/"),
    ("openreview", r"(?i)^https?://openreview\.net/forum\?id="),
)
"""Addresses of editions that are identifiers too."""

_WEB = r"(?i)^https?://\S+$"

_NAME = (
    pl.when(pl.col("value").str.tail(5).str.contains(r"^ \d{4}$"))
    .then(pl.col("value").str.strip_chars_end("0123456789").str.strip_chars_end())
    .otherwise("value")
)
"""A folded name without the number that tells those of one name apart, `Wei Wang 0001`."""

Repeated = dict[str, pl.DataFrame]


def unknown_fields(fields: pl.DataFrame) -> dict[str, int]:
    """Return the names of elements that are not known here, and how many records have each."""
    known = [*PLAIN, *REPEATED, *_IGNORED]
    others = fields.filter(~pl.col("name").is_in(known)).select("row", "name").unique()
    return dict(others.group_by("name").len().sort("name").iter_rows())


def told_apart(records: pl.DataFrame, fields: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the entries, people, deletions and rejects that the records are.

    `records`: ordinal, line_start, line_end, line_total, kind (the element's name), key, mdate,
    publtype, raw_text; `fields`: row, name, tag, value.
    """
    by_name = {
        str(name): frame for (name,), frame in fields.partition_by("name", as_dict=True).items()
    }
    empty = fields.clear()
    repeated = {name: _detailed(name, by_name.get(name, empty)) for name in REPEATED}
    records = records.with_columns(
        _first(by_name.get(name, empty), records.height).alias(name) for name in PLAIN
    )
    # The text is wanted where something is missing that an entry needs.
    is_suspect = pl.col("key").is_null() | pl.col("title").is_null()
    records = records.with_columns(raw_text=pl.when(is_suspect).then("raw_text")).with_row_index(
        "row"
    )
    has_name = pl.col("row").is_in(repeated["author"]["row"].implode())
    is_person = (pl.col("kind") == "www") & pl.col("key").str.starts_with("homepages/")
    # What remains of a person's record when its key changes is a reference to the new one.
    is_moved = ~has_name & pl.col("row").is_in(repeated["crossref"]["row"].implode())
    kinds = records.select(
        "row",
        what=pl.when(~is_person.fill_null(value=False))
        .then(pl.lit("entry"))
        .when(has_name)
        .then(pl.lit("person"))
        .when(is_moved)
        .then(pl.lit("deletion"))
        .otherwise(pl.lit("reject")),
    )["what"]
    entries, of_entries = _only(records, repeated, kinds == "entry")
    people, of_people = _only(records, repeated, kinds == "person")
    placed = records.with_columns(source_key="key", updated_at=moment(pl.col("mdate")))
    nameless = placed.filter(kinds == "reject").with_columns(
        column=pl.lit("name"),
        check=pl.lit("person_named"),
        message=pl.lit("The record of a person has no name: mend it, or leave it out."),
    )
    return {
        "entries": _entries(entries, of_entries),
        "people": _people(people, of_people),
        "deletions": as_deletions(placed.filter(kinds == "deletion")),
        "rejects": as_rejects(nameless),
    }


def _detailed(name: str, fields: pl.DataFrame) -> pl.DataFrame:
    """Return the fields with `detail`: the ORCID of an author, the type of a note."""
    details = {"author": "orcid", "note": "type"}
    detail = attribute(pl.col("tag"), details[name]) if name in details else pl.lit(None, pl.String)
    return fields.select("row", "value", detail=detail)


def _only(
    records: pl.DataFrame, repeated: Repeated, mask: pl.Series
) -> tuple[pl.DataFrame, Repeated]:
    """Return some of the records, with rows counted anew."""
    if mask.all():
        return records.drop("row"), repeated
    kept = records.filter(mask)
    rows = kept.select("row").with_row_index("new")
    chosen = {
        name: frame.join(rows, on="row", how="inner", maintain_order="left").select(
            row="new", value="value", detail="detail"
        )
        for name, frame in repeated.items()
    }
    return kept.drop("row"), chosen


def _entries(records: pl.DataFrame, repeated: Repeated) -> pl.DataFrame:
    total = records.height
    is_corr = (pl.col("journal") == "CoRR") | pl.col("key").str.starts_with("journals/corr/")
    is_corr = is_corr.fill_null(value=False)
    publtype = pl.col("publtype").fill_null("")
    version = (
        pl.when(is_corr)
        .then(pl.lit("preprint"))
        .when(publtype.str.contains("informal") | (pl.col("kind") == "www"))
        .then(None)
        .otherwise(pl.lit("published"))
    )
    ee = repeated["ee"]
    dois = ee.filter(pl.col("value").str.contains(_DOI))
    arxiv = ee.filter(pl.col("value").str.contains(_ARXIV))
    of_arxiv = pl.when(is_corr & pl.col("volume").str.contains(r"\d{4}\.?\d{3}")).then("volume")
    notes = repeated["note"].with_columns(value=fold(pl.col("value")))
    frame = records.with_columns(
        _first(dois, total).alias("doi"),
        _first(arxiv, total).alias("arxiv"),
        _authors(repeated["author"], total).alias("authors"),
        gathered([_names(repeated["editor"])], total).alias("editors"),
        _identifiers(records, repeated).alias("identifiers"),
        _related(repeated["crossref"], total).alias("related"),
        gathered([_links(ee.filter(~pl.col("value").str.contains(_DOI))), _links(repeated["url"])],
                 total).alias("links"),
        gathered([notes], total).list.join("; ").alias("notes"),
    )  # fmt: skip
    # A kind of publication is worth a remark, that it is informal is said by `version`.
    remark = pl.when(~publtype.is_in(["", "informal"])).then(publtype)
    frame = _dated(frame).with_columns(
        source_key="key",
        updated_at=moment(pl.col("mdate")),
        entry_type="kind",
        version=version,
        venue=pl.coalesce("journal", "booktitle", "series"),
        issue="number",
        publisher=pl.coalesce("publisher", "school"),
        arxiv_id=pl.coalesce(of_arxiv, "arxiv"),
        authors_complete=pl.when(pl.col("authors").is_not_null()).then(pl.lit(value=True)),
        note=pl.concat_str(remark, "notes", separator="; ", ignore_nulls=True),
    )
    return as_entries(frame)


def _people(records: pl.DataFrame, repeated: Repeated) -> pl.DataFrame:
    """Return the people; a name that several share (`Wei Wang 0001`) is an identifier as it is.

    A page that only tells such persons apart names nobody, so its name is no identifier.
    """
    total = records.height
    authors = _names(repeated["author"])
    is_first = pl.col("row").is_first_distinct()
    first = authors.filter(is_first)
    note = repeated["note"]
    other_names = [authors.filter(~is_first), note.filter(pl.col("detail") == "uname")]
    urls = repeated["url"]
    orcids = urls.filter(pl.col("value").str.contains(_ORCID))
    is_page = urls["value"].str.contains(_ORCID) | urls["value"].str.contains(_WIKIDATA)
    tells_apart = records.select(
        row=pl.int_range(pl.len(), dtype=pl.UInt32),
        tells=pl.col("publtype").fill_null("").str.contains("disambiguation"),
    ).filter("tells")
    named = repeated["author"].join(tells_apart, on="row", how="anti", maintain_order="left")
    identifiers = [
        _keys(records),
        orcids.select("row", "value", scheme=pl.lit("orcid")),
        urls.filter(pl.col("value").str.contains(_WIKIDATA)).select(
            "row", "value", scheme=pl.lit("wikidata")
        ),
        named.select("row", "value", scheme=pl.lit("dblp_name")),
    ]
    frame = records.with_columns(
        _first(first, total).alias("name"),
        _first(orcids, total).alias("orcid"),
        gathered(other_names, total).alias("aliases"),
        gathered_identifiers(identifiers, total).alias("identifiers"),
        gathered([note.filter(pl.col("detail") == "affiliation")], total).alias("affiliations"),
        gathered([_links(urls.filter(~is_page))], total).alias("links"),
        source_key="key",
        updated_at=moment(pl.col("mdate")),
    )
    return as_people(frame)


def _first(values: pl.DataFrame, total: int) -> pl.Series:
    """Return the first value of each row; null where there is none."""
    rows = values["row"].to_numpy()
    places = np.full(total, values.height, dtype=np.uint32)
    # Of several at one place the last assignment stays.
    places[rows[::-1]] = np.arange(values.height, dtype=np.uint32)[::-1]
    with_null = values["value"].extend_constant(None, 1)
    return with_null.gather(pl.Series(places))


def _names(people: pl.DataFrame) -> pl.DataFrame:
    """Return the names without the numbers that tell those of one name apart."""
    return people.with_columns(value=fold(pl.col("value"))).with_columns(value=_NAME)


def _authors(authors: pl.DataFrame, total: int) -> pl.Series:
    named = authors.with_columns(value=fold(pl.col("value"))).drop_nulls("value")
    listed = named.select("row", name=_NAME, orcid="detail", source_author_key="value")
    return in_lists(listed, total, AUTHOR_STRUCT)


def _keys(records: pl.DataFrame) -> pl.DataFrame:
    return records.select(
        row=pl.int_range(pl.len(), dtype=pl.UInt32), value="key", scheme=pl.lit("dblp")
    ).drop_nulls("value")


def _identifiers(records: pl.DataFrame, repeated: Repeated) -> pl.Series:
    ee = repeated["ee"]
    dois = ee.filter(pl.col("value").str.contains(_DOI))
    further = dois.filter(~pl.col("row").is_first_distinct())
    found = pl.concat(
        [
            _keys(records),
            further.select("row", "value", scheme=pl.lit("doi")),
            *(
                ee.filter(pl.col("value").str.contains(pattern)).select(
                    "row", "value", scheme=pl.lit(scheme)
                )
                for scheme, pattern in _IDENTIFYING
            ),
            repeated["isbn"].select("row", "value", scheme=pl.lit("isbn")),
            repeated["issn"].select("row", "value", scheme=pl.lit("issn")),
        ]
    )  # fmt: skip
    listed = found.drop_nulls("value").with_columns(value=fold(pl.col("value")))
    return in_lists(
        listed.sort("row", maintain_order=True),
        records.height,
        pl.Struct({"scheme": pl.String, "value": pl.String}),
    )


def _related(crossref: pl.DataFrame, total: int) -> pl.Series:
    listed = crossref.drop_nulls("value").select(
        "row",
        relation=pl.lit("is_part_of"),
        scheme=pl.lit("dblp"),
        value=fold(pl.col("value")),
    )
    return in_lists(listed, total, RELATED_STRUCT)


def _links(values: pl.DataFrame) -> pl.DataFrame:
    """Return the addresses of the web; DBLP's own pages are given without it, and left out."""
    return values.filter(pl.col("value").str.contains(_WEB)).select("row", "value")


def _dated(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with the columns of the date, or a warning that it is none."""
    printed = pl.concat_str("month", "year", separator=" ", ignore_nulls=True)
    year = pl.col("year").str.strip_chars()
    is_year = year.str.contains(r"^\d{4}$")
    word = pl.col("month").str.to_lowercase().str.extract(rf"({'|'.join(_MONTHS)})")
    month = pl.coalesce(
        word.replace_strict(_MONTHS, range(1, 13), default=None, return_dtype=pl.Int64),
        pl.col("month").str.extract(r"^\s*(0?[1-9]|1[0-2])\s*$").cast(pl.Int64),
    )
    frame = frame.with_columns(
        printed=printed, month_number=month, year_number=pl.when(is_year).then(year).cast(pl.Int64)
    ).with_columns(date=pl.date("year_number", pl.col("month_number").fill_null(1), 1))
    is_possible = pl.col("date").is_between(EARLIEST_PUBLICATION, LATEST_PUBLICATION)
    frame = frame.with_columns(publication_date=pl.when(is_possible).then("date"))
    is_dated = pl.col("publication_date").is_not_null()
    precision = pl.when(pl.col("month_number").is_not_null()).then(pl.lit("month"))
    frame = frame.with_columns(
        date_precision=pl.when(is_dated).then(precision.otherwise(pl.lit("year"))),
        date_basis=pl.when(is_dated).then(pl.lit("printed")),
        date_printed=pl.when(is_dated).then("printed"),
    )
    doubted = pl.when(~is_dated & pl.col("year").str.contains(r"\S")).then("printed")
    message = "The date of publication is no day of the calendar."
    return with_warnings(frame, Doubt("publication_date", "possible_date", message, doubted))
