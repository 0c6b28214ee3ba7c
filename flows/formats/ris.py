"""RIS: the `.ris` files of reference managers, publishers and databases.

`_ris` tells lines apart; here is what the tags mean, in both definitions of the format: that of
Reference Manager (T1, A1, JO, Y1, N2) and that of EndNote (TI, AU, T2, PY, AB). Authors' keywords
(KW) are no subject categories and are not read, nor are places, languages and custom fields that
each program uses differently. A record without ER ends where the next begins. Of an ID that occurs
twice, each record is an entry. MEDLINE (`PMID- `) and the field tags of Web of Science (`PT J`)
look alike, but are other formats.
"""

from __future__ import annotations

import re

import polars as pl

from flows.formats import Batch, Dump, Format, Reading
from flows.formats._entries import as_entries, numbered
from flows.formats._lists import in_lists
from flows.formats._page import Fault, blank_lines, entries_of, told_apart, whole_entries
from flows.formats._ris import KNOWN, STARTS, told_apart_lines
from flows.formats._ris_values import dated, first, joined, listed, people
from flows.formats._values import gathered, gathered_identifiers
from flows.normalize.links import links
from flows.normalize.text import fold
from schemas.columns import AUTHOR_STRUCT

FORMAT = Format(
    name="ris",
    title="RIS (.ris)",
    recognised_by="a line 'TY  - ' and a type, followed by lines of tag, dash and value",
    example="TY  - JOUR\nAU  - Doe, Jane\nTI  - An Example\nJO  - Journal of Examples\n"
    "PY  - 2017/06/12\nER  - ",
    keys="dump",
)

_START = re.compile(r"^[ \t\ufeff]*TY(?:  -|[ \t]*-[ \t]*[A-Za-z]\w*\s*$)", re.MULTILINE)
_FIELD = re.compile(r"^[ \t]*(?:AU|A1|TI|T1|T2|PY|Y1|ER|DO|JO|ID|AB|UR)[ \t]*-", re.MULTILINE)

_TEXTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("entry_type", ("TY",)),
    ("source_key", ("ID",)),
    ("title", ("TI", "T1", "CT")),
    ("venue", ("T2", "JF", "JO", "BT", "T3", "JA", "J1", "J2")),
    ("volume", ("VL", "VO")),
    ("issue", ("IS", "IP")),
    ("publisher", ("PB", "PU")),
)
"""Columns, and the tags that fill them; of several, the first that has a value."""

_ARXIV_TAGS = ("AN", "T2", "JF", "JO", "JA", "VL", "M3", "PB", "UR")
_REMARK_TAGS = ("M1", "N1")
"""Some programs put its arXiv identifier first under these, others what the publication cites."""
_LINK_TAGS = ("UR", "L1", "L2", "LK", "AB", "N2", "N1")

_PUBLISHED = (
    "JOUR", "EJOUR", "MGZN", "NEWS", "CONF", "CPAPER", "CHAP", "ECHAP", "BOOK", "EBOOK", "EDBOOK",
    "THES", "RPRT", "JFULL", "SER", "ABST", "ENCYC", "DICT", "STAND", "PAT",
)  # fmt: skip
_CONFERENCES = ("CONF", "CPAPER")
_BOOKS = ("BOOK", "EBOOK", "EDBOOK", "CHAP", "ECHAP")
_PREPRINT_VENUE = r"(?i)\b(?:arxiv|corr|biorxiv|medrxiv|preprints?)\b"
_ARXIV = (
    r"(?i)\b(?:arxiv[\s:.]*(?:preprint\s+)?(?:arxiv[:\s]*)?|arxiv\.org/pdf/|abs/)"
    r"(\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?)"
)
_ARXIV_FIRST = r"(?i)^(?:https?://)?arxiv"
_DOI_ALONE = r"(?i)^(.*?10\.\d{4,9}/\S+)"
_LONGEST_NAME = 200
_DOI = r"(?i)^(?:doi[:\s]*)?(?:https?://)?(?:(?:dx\.)?doi\.org/)?10\.\d{4,9}/\S"

_STRAY = Fault(
    pl.col("record").is_null(),
    "recognised_text",
    "The text belongs to no record, which has a line 'TY  - ' first, then tags, and 'ER  - ' last:"
    " mend the record, or take the text out.",
)


def sniff(head: str) -> float:
    """Return 0.9 for text with a line that begins a record and one with another tag, else 0."""
    start = _START.search(head)
    return 0.9 if start and _FIELD.search(head, start.end()) else 0.0


def read(dump: Dump) -> Reading:
    """Return the records as entries; a run of lines that belong to none is a reject."""
    chunks = whole_entries(dump, pl.col("text").str.contains(STARTS))
    return Reading(numbered(_batch(lines) for lines in chunks))


def _batch(lines: pl.DataFrame) -> Batch:
    told = told_apart_lines(lines)
    is_stray = pl.col("is_stray")
    # A run of stray lines is an entry of its own, named by its first line.
    runs = told.filter(~pl.col("is_furniture")).with_columns(
        entry=pl.when(is_stray)
        .then(pl.when(is_stray & ~is_stray.shift(1, fill_value=False)).then("line").forward_fill())
        .otherwise(pl.col("line").min().over("record"))
    )
    entries, rejects = told_apart(
        entries_of(runs, record=pl.col("record").filter(~is_stray).first()), _STRAY
    )
    rows = entries.select("record", row=pl.int_range(pl.len(), dtype=pl.UInt32))
    fields = _fields(told).join(rows, on="record").sort("row", "field")
    unknown = fields.filter(~pl.col("tag").is_in(sorted(KNOWN))).unique(["row", "tag"])
    counts = unknown.group_by("tag").len().sort("tag")
    return Batch(
        entries=_entries(entries.drop("record"), fields),
        rejects=rejects,
        unknown_fields=dict(counts.iter_rows()),
        line_count=lines.height,
        blank_line_count=blank_lines(lines),
        furniture_line_count=int(told["is_furniture"].sum()),
    )


def _fields(told: pl.DataFrame) -> pl.DataFrame:
    """Return record, field, tag and value, the lines that go on a value joined to it."""
    of_records = told.filter(
        ~pl.col("is_stray"), ~pl.col("is_furniture"), pl.col("tag").ne_missing("ER")
    )
    fields = of_records.group_by("record", "field", maintain_order=True).agg(
        tag=pl.col("tag").first(), value=pl.col("value").str.join("\n")
    )
    return fields.with_columns(value=fold(pl.col("value"))).drop_nulls("value")


def _entries(entries: pl.DataFrame, fields: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of the entries, from `fields`: row (of the entry), tag and value."""
    height = entries.height
    texts = {name: first(fields, tags, height) for name, tags in _TEXTS}
    authors = people(fields, ("AU", "A1"))
    cut = authors.filter("is_cut")["row"].unique()
    wide = entries.with_columns(
        **texts,
        book_title=first(fields, ("BT",), height),
        abstract=joined(fields, ("AB",), height),
        conference=first(fields, ("C3",), height),
        second=joined(fields, ("N2",), height),
        notes=joined(fields, ("N1",), height),
        start=first(fields, ("SP",), height),
        end=first(fields, ("EP",), height),
        article=first(fields, ("C7",), height),
        doi=_doi(fields, height),
        arxiv_text=joined(
            fields.filter(
                ~pl.col("tag").is_in(_REMARK_TAGS) | pl.col("value").str.contains(_ARXIV_FIRST)
            ),
            (*_ARXIV_TAGS, *_REMARK_TAGS),
            height,
        ),
        link_text=joined(fields, _LINK_TAGS, height),
        identifiers=_identifiers(fields, height),
        affiliations=listed(fields, ("AD",), height),
        authors=in_lists(authors.filter(~pl.col("is_cut")), height, AUTHOR_STRUCT),
        editors=gathered([_editors(fields)], height),
        is_cut=pl.int_range(pl.len(), dtype=pl.UInt32).is_in(cut.implode()),
    )
    titled = wide.with_columns(
        abstract=pl.coalesce("abstract", "second"),
        second=pl.when(pl.col("abstract") != pl.col("second")).then("second"),
        title=pl.coalesce("title", "book_title"),
        # Elsewhere it is the authors' organizations, or the numbers of databases.
        conference=pl.when(pl.col("entry_type").str.to_uppercase().is_in(_CONFERENCES)).then(
            "conference"
        ),
        venue=pl.when(pl.col("title").is_null() & (pl.col("venue") == pl.col("book_title")))
        .then(pl.lit(None, pl.String))
        .otherwise("venue"),
        arxiv_id=pl.col("arxiv_text").str.extract(_ARXIV),
    )
    titled = titled.with_columns(venue=pl.coalesce("venue", "conference"))
    is_preprint = (
        pl.col("venue").str.contains(_PREPRINT_VENUE).fill_null(pl.col("arxiv_id").is_not_null())
    )
    return as_entries(
        dated(titled, fields).with_columns(
            version=pl.when(is_preprint)
            .then(pl.lit("preprint"))
            .when(pl.col("entry_type").str.to_uppercase().is_in(_PUBLISHED))
            .then(pl.lit("published")),
            pages=_pages(),
            authors_complete=pl.when(pl.col("authors").is_not_null()).then(~pl.col("is_cut")),
            links=links(pl.col("link_text")),
            note=pl.concat_str("notes", "second", separator=" ", ignore_nulls=True),
        )
    )


def _editors(fields: pl.DataFrame) -> pl.DataFrame:
    """Return row and name of the editors; where a name is longer, it is all whom the text cites."""
    named = people(fields, ("ED", "A2", "A3")).select("row", value="name")
    return named.filter(pl.col("value").str.len_chars() <= _LONGEST_NAME)


def _doi(fields: pl.DataFrame, height: int) -> pl.Series:
    """Return the DOI: under DO, else what is one under tags that programs put it under."""
    is_doi = (pl.col("tag") == "DO") | pl.col("value").str.contains(_DOI)
    # Behind it some programs glue other fields.
    alone = pl.coalesce(pl.col("value").str.extract(_DOI_ALONE), "value")
    dois = fields.filter(is_doi).with_columns(value=alone)
    return first(dois, ("DO", "M3", "L3", "N1", "UR"), height)


def _identifiers(fields: pl.DataFrame, height: int) -> pl.Series:
    """Return ISSN or ISBN, told apart by their length, and the numbers of large databases."""
    fields = _serials_apart(fields)
    digits = pl.col("value").str.extract(r"(\d[\d -]{5,}[\dXx])").str.replace_all("[ -]", "")
    is_book = (
        pl.col("value").filter(pl.col("tag") == "TY").first().over("row").is_in(_BOOKS)
    ).fill_null(value=False)
    is_isbn = (
        pl.when(digits.str.len_chars() == 8)
        .then(pl.lit(value=False))
        .otherwise((digits.str.len_chars() > 8).fill_null(is_book))
    )
    database = pl.col("value").filter(pl.col("tag").is_in(["DB", "DP"])).str
    is_pubmed = database.contains(r"(?i)pubmed|medline|nlm").any().over("row")
    is_scopus = database.contains(r"(?i)scopus").any().over("row")
    value, tag = pl.col("value"), pl.col("tag")
    scheme = (
        pl.when(tag == "BN")
        .then(pl.lit("isbn"))
        .when(tag == "SN")
        .then(pl.when(is_isbn).then(pl.lit("isbn")).otherwise(pl.lit("issn")))
        .when(tag == "C2", value.str.contains(r"^PMC\d+$"))
        .then(pl.lit("pmcid"))
        .when(tag == "C3", value.str.contains(r"^PUBMED \d+"))
        .then(pl.lit("pmid"))
        .when(tag == "AN", value.str.contains(r"^WOS:\S+$"))
        .then(pl.lit("wos"))
        .when(
            ((tag == "AN") & is_pubmed) | ((tag == "C2") & is_scopus) | (tag == "PM"),
            value.str.contains(r"^\d{1,8}$"),
        )
        .then(pl.lit("pmid"))
    )
    number = pl.when(tag == "C3").then(value.str.extract(r"(\d+)")).otherwise(value)
    found = fields.with_columns(scheme=scheme, value=number).drop_nulls("scheme")
    return gathered_identifiers([found], height)


def _serials_apart(fields: pl.DataFrame) -> pl.DataFrame:
    """Return the fields with a row for each number under SN and BN; some programs print several, as
    a list of JSON even."""
    is_serial = pl.col("tag").is_in(["SN", "BN"])
    listed = (
        pl.col("value")
        .str.replace_all(r"[\[\]\"]", " ")
        .str.replace_all(r"(\d{4}-?\d{3}[\dXx])\s+(\d{4}-?\d{3}[\dXx])\b", "$1;$2")
        .str.split(";")
        .list.eval(pl.element().str.split(",").explode())
    )
    apart = pl.when(is_serial).then(listed).otherwise(pl.concat_list("value"))
    return (
        fields.with_columns(value=apart)
        .explode("value", empty_as_null=False)
        .with_columns(value=fold(pl.col("value")))
        .drop_nulls("value")
    )


def _pages() -> pl.Expr:
    """Return `1-14` where first and last page are printed apart, else the pages or the article's
    number."""
    start, end = pl.col("start"), pl.col("end")
    is_range = start.str.contains(r"[-\u{2013}]") | (start == end)
    return pl.coalesce(
        pl.when(~is_range).then(pl.concat_str(start, end, separator="-")), start, end, "article"
    )
