"""CSL-JSON: what Zotero, Pandoc and citation processors exchange, and registries give as such.

Markup in titles stays as printed. Lines of a note that are identifiers, as Zotero keeps them there,
are read as such. Keywords are no subject categories and are not read, nor are places, languages and
`custom`. Of an id that occurs twice, each item is an entry. What the API of Crossref gives has the
names of some fields in common, but is another format: its titles are lists.
"""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from flows.formats import Batch, Dump, Format, Reading
from flows.formats._csl_json import ITEMS, LISTED, unpacked
from flows.formats._dates import free_date
from flows.formats._entries import as_entries, as_rejects
from flows.formats._json import first_value, read_json
from flows.formats._lists import elements, in_lists
from flows.formats._values import gathered, gathered_identifiers, printed_values
from flows.formats._warnings import Doubt, with_warnings
from flows.normalize.dates import iso_date
from flows.normalize.links import links
from flows.normalize.text import fold
from schemas.columns import AUTHOR_STRUCT

FORMAT = Format(
    name="csl_json",
    title="CSL-JSON (Zotero, Pandoc, citation processors)",
    recognised_by="objects with a type, and authors by family, issued, or container-title",
    example='[{"id": "doe2017", "type": "article-journal", "title": "An Example", "author":'
    ' [{"family": "Doe", "given": "Jane"}], "issued": {"date-parts": [[2017, 6, 12]]}}]',
    keys="dump",
)

_MARKS_IN_TEXT = (r'"issued"\s*:\s*\{', r'"(?:family|literal)"\s*:\s*"', r'"title"\s*:\s*"')
_API_MARKS = {"indexed", "deposited", "prefix", "member"}

_VENUES = (
    "container-title", "event-title", "event", "collection-title", "container-title-short",
    "journalAbbreviation",
)  # fmt: skip
_CUT = r"(?i)^(?:and\s+)?(?:et\.?\s*al\.?|others)$"
_PREPRINT = r"(?i)\b(?:arxiv|corr|biorxiv|medrxiv|preprints?)\b"
_ARXIV = (
    r"(?i)(?:\barxiv[\s:.]*(?:preprint\s+)?(?:arxiv[:\s]*)?|arxiv\.org/(?:abs|pdf)/|\babs/)"
    r"(\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?)"
)
_ARXIV_LINE = r"(?im)^\s*((?:https?://)?arxiv.*)$"
"""A line of a note that is the publication's own identifier; others name what it replies to."""
_PUBLISHED = (
    "article-journal", "article-magazine", "article-newspaper", "paper-conference", "chapter",
    "book", "thesis", "report", "entry", "entry-encyclopedia", "entry-dictionary", "review",
    "review-book", "journal-article", "proceedings-article", "book-chapter", "standard", "patent",
)  # fmt: skip
_SEASON = r"^(?:1[3-6]|2[1-4])$"
"""Where a month stands, what some programs write for spring, summer, autumn and winter."""


def sniff(head: str) -> float:
    """Return 0.9 where the first object is an item, else 0."""
    first = first_value(head)
    if first:
        return 0.9 if _is_item(first) else 0.0
    # The first item is longer than the head, or damaged.
    is_json = head.lstrip("\ufeff \t\r\n").startswith(("[", "{"))
    return 0.8 if is_json and all(re.search(mark, head) for mark in _MARKS_IN_TEXT) else 0.0


def _is_item(value: dict[str, Any]) -> bool:
    title, container = value.get("title"), value.get("container-title")
    is_answer = bool(value.keys() & _API_MARKS) and not isinstance(title or container, str)
    if isinstance(title, list) or is_answer or not {"type", "id"} & value.keys():
        return False
    author = value.get("author")
    first = author[0] if isinstance(author, list) and author else None
    signs = (
        isinstance(first, dict) and bool(first.keys() & {"family", "literal"}),
        isinstance(value.get("issued"), dict),
        container is not None,
    )
    return sum(signs) >= (1 if isinstance(value.get("type"), str) else 2)


def read(dump: Dump) -> Reading:
    """Return the entries: items with their people, dates and identifiers."""
    return Reading(read_json(dump, ITEMS, _batch), has_lines=False)


def _batch(values: pl.DataFrame) -> Batch:
    items, wrong = unpacked(values), pl.col("wrong")
    return Batch(
        entries=_entries(items.filter(wrong.is_null())),
        rejects=as_rejects(
            items.filter(wrong.is_not_null()).with_columns(
                column=wrong,
                check=pl.lit("field_type"),
                message=pl.format(
                    "The field '{}' is of a type that CSL-JSON does not have there: the layout has"
                    " changed, or the value is damaged.",
                    wrong,
                ),
            )
        ),
    )


def _entries(items: pl.DataFrame) -> pl.DataFrame:
    people = _people(items, "author")
    cut = people.filter("is_cut")["row"].unique()
    arxiv_text = pl.concat_str(
        pl.col("note").str.extract(_ARXIV_LINE), "number", "archive", "archive_location", "URL",
        "venue", "publisher", separator=" ", ignore_nulls=True,
    ).str.extract(_ARXIV)  # fmt: skip
    located = pl.concat_str("archive", "archive_location", separator=":").str.extract(_ARXIV)
    kind = fold(pl.col("type"))
    about = pl.concat_str("venue", "publisher", "genre", separator=" ", ignore_nulls=True)
    is_article = pl.col("venue").is_null() & ~kind.is_in(_PUBLISHED).fill_null(value=False)
    is_preprint = about.str.contains(_PREPRINT) | (pl.col("arxiv_id").is_not_null() & is_article)
    read = (
        _dated(items)
        .with_columns(
            authors=in_lists(people.filter(~pl.col("is_cut")), items.height, AUTHOR_STRUCT),
            is_cut=pl.int_range(pl.len(), dtype=pl.UInt32).is_in(cut.implode()),
            editors=gathered([_people(items, "editor").select("row", value="name")], items.height),
            identifiers=_identifiers(items),
            categories=gathered([_listed(items, "subject")], items.height),
            venue=pl.coalesce(fold(_text(name)) for name in _VENUES),
        )
        .with_columns(arxiv_id=pl.coalesce(located, arxiv_text))
    )
    return as_entries(
        read.with_columns(
            source_key="id",
            entry_type=kind,
            version=pl.when(is_preprint)
            .then(pl.lit("preprint"))
            .when(kind.is_in(_PUBLISHED))
            .then(pl.lit("published")),
            authors_complete=pl.when(pl.col("authors").is_not_null()).then(~pl.col("is_cut")),
            category=pl.col("categories").list.first(),
            pages=pl.coalesce(fold(pl.col("page")), "page-first"),
            doi=pl.coalesce(
                fold(pl.col("DOI")), pl.col("note").str.extract(r"(?im)^\s*DOI:\s*(10\.\S+)")
            ),
            links=links(pl.concat_str("URL", "abstract", "note", separator=" ", ignore_nulls=True)),
        )
    )


def _text(name: str) -> pl.Expr:
    """Return a field that is a text or a list of texts, of which the first."""
    return pl.coalesce(f"{name}[0]", name) if name in LISTED else pl.col(name)


def _listed(items: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return row and value of all texts of a field that is a list."""
    return elements(items, f"{name}[*]").select("row", value=f"{name}[*]")


def _identifiers(items: pl.DataFrame) -> pl.Series:
    """Return the identifiers of the item's fields and of lines of its note."""
    note = pl.col("note")
    found = [
        *((name, printed_values(items, pl.col(name))) for name in ("PMID", "PMCID")),
        *(
            (name, printed_values(items, note.str.extract(rf"(?im)^\s*{name}:\s*(\w+)\s*$")))
            for name in ("PMID", "PMCID")
        ),
        *(
            (name, printed_values(items, pl.when(pl.col(f"{name}[0]").is_null()).then(name)))
            for name in ("ISBN", "ISSN")
        ),
        *((name, _listed(items, name)) for name in ("ISBN", "ISSN")),
    ]
    places = [
        values.select("row", scheme=pl.lit(name.lower()), value="value") for name, values in found
    ]
    return gathered_identifiers(places, items.height)


def _people(items: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return the people of a list with their row; is_cut: not a person, but 'et al.'."""
    listed = elements(items, column).unnest(column)
    family = fold(
        pl.concat_str("dropping-particle", "non-dropping-particle", "family", "suffix",
                      separator=" ", ignore_nulls=True)
    )  # fmt: skip
    given, is_family = fold(pl.col("given")), fold(pl.col("family")).is_not_null()
    is_parted = is_family & given.is_not_null()
    whole = pl.coalesce(fold(pl.col("literal")), fold(pl.col("name")))
    places = elements(listed, "places").rename({"places": "value"})
    return (
        listed.with_columns(affiliations=gathered([places], listed.height))
        .select(
            "row",
            "affiliations",
            name=fold(
                pl.coalesce(
                    pl.when(is_parted).then(pl.concat_str(given, family, separator=" ")),
                    pl.when(is_family).then(family),
                    whole,
                    given,
                )
            ),
            given_name=pl.when(is_parted).then(given),
            family_name=pl.when(is_parted).then(family),
            orcid="ORCID",
        )
        .filter(pl.col("name").str.contains(r"\p{L}"))
        .with_columns(is_cut=pl.col("name").str.contains(_CUT))
    )


def _free_text() -> pl.Expr:
    """Return the text of a date that is not in parts."""
    is_text = ~pl.col("issued").str.starts_with("{")
    return pl.coalesce("raw", "literal", pl.when(is_text).then("issued"))


def _dated(items: pl.DataFrame) -> pl.DataFrame:
    """Return the items with their date and warnings; of a span of dates the first."""
    month = pl.when(~pl.col("month").str.contains(_SEASON)).then("month")
    parts = pl.concat_str(
        "year", month, pl.when(month.is_not_null()).then("day"), separator="-", ignore_nulls=True
    )
    in_parts = fold(pl.col("year")).is_not_null()
    told = items.with_columns(
        date_printed=pl.when(in_parts).then(parts).otherwise(fold(_free_text()))
    ).with_columns(
        date=pl.when(in_parts)
        .then(iso_date(pl.col("date_printed")))
        .otherwise(free_date(pl.col("date_printed")))
    )
    dated = told.unnest("date").with_columns(is_dated=pl.col("publication_date").is_not_null())
    return with_warnings(
        dated.with_columns(
            date_basis=pl.when("is_dated").then(pl.lit("printed")),
            date_printed=pl.when("is_dated").then("date_printed"),
            date_told="date_printed",
            undated=pl.when(~pl.col("is_dated")).then(pl.coalesce("date_printed", "issued")),
        ),
        Doubt(
            "publication_date",
            "possible_date",
            "The date of publication is no day of the calendar.",
            pl.when(pl.col("date_told").is_not_null() | pl.col("undated").str.contains(r"\d")).then(
                "undated"
            ),
        ),
    )
