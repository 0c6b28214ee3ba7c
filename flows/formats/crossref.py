"""Crossref works: the public data file, JSON lines, and answers of the REST API.

Markup (JATS in abstracts, HTML in titles) stays as printed; a subtitle that the title does not
repeat is joined to it by a colon. References, funders and licences are not read, nor the dates of
the deposit, which are not when the work came out. What Crossref gives a CSL processor is another
format. A chapter names the series before the book, which is its venue.
"""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from flows.formats import HEAD_BYTES, STATED_SCHEMA, Batch, Dump, Format, Reading
from flows.formats._crossref import ANSWERS, WORKS
from flows.formats._crossref_dates import dates
from flows.formats._entries import as_entries, of_another_type
from flows.formats._json import first_value, read_json
from flows.formats._lists import elements, in_lists
from flows.formats._values import gathered, gathered_identifiers, moment, printed_values
from flows.formats._warnings import Doubt, with_warnings
from flows.normalize.text import fold
from schemas.columns import AUTHOR_STRUCT, RELATED_STRUCT

FORMAT = Format(
    name="crossref",
    title="Crossref works (public data file, JSON lines, answers of the API)",
    recognised_by="objects with DOI, Crossref's own fields (indexed, member, prefix ...) and a"
    " title that is a list",
    example='{"items": [{"DOI": "10.1000/182", "prefix": "10.1000", "type": "journal-article",'
    ' "title": ["An Example"], "author": [{"given": "Jane", "family": "Doe", "sequence": "first"}],'
    ' "issued": {"date-parts": [[2017, 6]]}}]}',
    delivery="many_files",
)

_MARKS = {"indexed", "deposited", "prefix", "member", "is-referenced-by-count", "reference-count"}
_MARKS_IN_TEXT = (r'"DOI"\s*:\s*"10\.', r'"title"\s*:\s*\[', r'"(?:indexed|deposited)"\s*:\s*\{')
_DOI_LINK = r"(?i)^https?://(?:dx\.)?doi\.org/"
_DOI = r"^10\.\d{4,}/"
_CUT = r"(?i)^(?:and\s+)?(?:et\.?\s*al\.?|others)$"

_UPDATES = {
    **dict.fromkeys(("correction", "corrigendum", "erratum"), "corrects"),
    **dict.fromkeys(("retraction", "removal", "withdrawal"), "retracts"),
}
_UPDATED = {
    "corrects": "is_corrected_by",
    "retracts": "is_retracted_by",
    "updates": "is_updated_by",
}


def sniff(head: str) -> float:
    """Return 0.95 where the first object is a work, or an answer with one; else 0."""
    first = first_value(head)
    if first:
        return 0.95 if _is_work(first) or _is_answer(first) else 0.0
    # The first work is longer than the head, or damaged.
    return 0.9 if all(re.search(mark, head) for mark in _MARKS_IN_TEXT) else 0.0


def _is_work(value: dict[str, Any]) -> bool:
    lists = [value.get(name, []) for name in ("title", "container-title")]
    are_lists = all(isinstance(each, list) for each in lists)
    # Who asks the API for few fields gets no others; the title is a list all the same.
    is_cut = bool(lists[0]) and "id" not in value
    return "DOI" in value and are_lists and (is_cut or bool(value.keys() & _MARKS))


def _is_answer(value: dict[str, Any]) -> bool:
    message = value.get("message")
    return isinstance(message, dict) and _is_work(message)


def read(dump: Dump) -> Reading:
    """Return the entries: works with their relations, and how often they are cited."""
    with dump.open() as file:
        head = file.read(HEAD_BYTES).decode("utf-8-sig", errors="replace")
    if _is_answer(first_value(head)):
        batches = read_json(dump, ANSWERS, lambda values: _batch(values.unnest("message")))
    else:
        batches = read_json(dump, WORKS, _batch)
    return Reading(batches, has_lines=False)


def _batch(values: pl.DataFrame) -> Batch:
    is_map = pl.col("relation_type").is_in(["OBJECT", "NULL"]) | pl.col("relation_type").is_null()
    has_works = ~pl.col("relation_works").list.eval(pl.element().is_null()).list.any().fill_null(
        value=False
    )
    told = values.with_columns(is_sound=is_map & has_works)
    works = told.filter("is_sound")
    return Batch(
        entries=_entries(works),
        rejects=of_another_type(
            told.filter(~pl.col("is_sound")), "relation", "an object of lists of works"
        ),
        stated=_stated(works),
    )


def _entries(works: pl.DataFrame) -> pl.DataFrame:
    title = pl.coalesce(_first("title"), _first("original-title"))
    subtitle = _first("subtitle")
    is_apart = ~title.str.to_lowercase().str.contains(subtitle.str.to_lowercase(), literal=True)
    kind = fold(pl.col("type"))
    is_preprint = (kind == "posted-content") | (pl.col("subtype") == "preprint").fill_null(
        value=False
    )
    people = _people(works, "author")
    gathered_columns = [
        _identifiers(works).alias("identifiers"),
        _links(works).alias("links"),
        gathered([elements(works, "subject").rename({"subject": "value"})], works.height).alias(
            "categories"
        ),
        gathered([_people(works, "editor").select("row", value="name")], works.height).alias(
            "editors"
        ),
    ]
    updates = _updates(works)
    return as_entries(
        _warned(works, people)
        .with_columns(
            *gathered_columns,
            authors=_authors(people, works.height),
            related=_related(works, updates),
            note=_notes(updates, works.height),
        )
        .with_columns(
            source_key=fold(pl.col("DOI")).str.to_lowercase(),
            updated_at=_indexed_at(),
            entry_type=kind,
            version=pl.when(is_preprint)
            .then(pl.lit("preprint"))
            .when(kind.is_not_null())
            .then(pl.lit("published")),
            title=pl.when(subtitle.is_not_null() & is_apart)
            .then(pl.concat_str(title.str.strip_suffix(":"), pl.lit(": "), subtitle))
            .otherwise(title),
            authors_complete=pl.when(pl.col("authors").is_not_null()).then(~pl.col("is_cut")),
            category=pl.coalesce(pl.col("categories").list.first(), fold(pl.col("group_title"))),
            venue=pl.coalesce(
                pl.when(kind == "book-chapter").then(_texts("container-title").list.last()),
                _first("container-title"),
                _first("short-container-title"),
                pl.when(is_preprint).then(fold(pl.col("institution_name"))),
            ),
            pages=pl.coalesce(fold(pl.col("page")), "article-number"),
            doi="DOI",
        )
    )


def _indexed_at() -> pl.Expr:
    """Return when the record was made; answers before 2016 give it in milliseconds alone."""
    indexed = pl.col("indexed").struct
    milliseconds = indexed.field("timestamp").cast(pl.Int64, strict=False)
    stamp = pl.from_epoch(milliseconds, "ms").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return pl.coalesce(moment(indexed.field("date-time")), stamp)


def _texts(name: str) -> pl.Expr:
    """Return the texts of a list that are not blank."""
    return pl.col(name).list.eval(fold(pl.element())).list.drop_nulls()


def _first(name: str) -> pl.Expr:
    return _texts(name).list.first()


def _warned(works: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Return the works with date, warnings, and is_cut: whether the list of authors is."""
    firsts = people.with_columns(
        place=pl.int_range(pl.len()).over("row"), is_first=pl.col("sequence") == "first"
    )
    misplaced = (
        firsts.filter("is_first")
        .unique("row", keep="first", maintain_order=True)
        .filter(pl.col("place") > 0)
    )
    cut = people.filter("is_cut")["row"].unique()
    numbered = works.hstack(dates(works)).with_row_index("row")
    return with_warnings(
        numbered.join(
            misplaced.select("row", misplaced="name"),
            on="row",
            how="left",
            maintain_order="left",
        ).with_columns(is_cut=pl.col("row").is_in(cut.implode())),
        Doubt(
            "publication_date",
            "possible_date",
            "A date of publication is no year, month or day of the calendar.",
            pl.col("impossible"),
        ),
        Doubt(
            "authors",
            "author_order",
            "The author whom the source calls first does not stand first; the order of the list is"
            " kept.",
            pl.col("misplaced"),
        ),
    )


def _people(works: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return the people of a list with their row; is_cut: not a person, but 'et al.'."""
    parts = [fold(pl.col(name)) for name in ("given", "family", "suffix")]
    listed = (
        elements(works, column)
        .unnest(column)
        .with_columns(
            name=pl.coalesce(
                fold(pl.concat_str(parts, separator=" ", ignore_nulls=True)), fold(pl.col("name"))
            ),
            has_parts=parts[0].is_not_null() & parts[1].is_not_null(),
            family=fold(pl.concat_str(parts[1:], separator=" ", ignore_nulls=True)),
        )
    )
    return listed.with_columns(
        is_cut=pl.col("name").str.contains(_CUT).fill_null(value=True),
        given_name=pl.when("has_parts").then(parts[0]),
        family_name=pl.when("has_parts").then("family"),
    )


def _authors(people: pl.DataFrame, row_count: int) -> pl.Series:
    places = elements(people, "affiliation").select(
        "row", value=pl.col("affiliation").struct.field("name")
    )
    named = people.with_columns(affiliations=gathered([places], people.height), orcid="ORCID")
    return in_lists(named.filter(~pl.col("is_cut")), row_count, AUTHOR_STRUCT)


def _identifiers(works: pl.DataFrame) -> pl.Series:
    listed = [
        elements(works, name).select("row", scheme=pl.lit(name.lower()), value=name)
        for name in ("ISBN", "ISSN")
    ]
    return gathered_identifiers(listed, works.height)


def _links(works: pl.DataFrame) -> pl.Series:
    """Return the links besides the DOI's own."""
    primary = pl.col("resource").struct.field("primary").struct.field("URL")
    places = [
        printed_values(works, primary),
        elements(works, "link").select("row", value=pl.col("link").struct.field("URL")),
    ]
    told = [place.filter(~pl.col("value").str.contains(_DOI_LINK)) for place in places]
    return gathered(told, works.height)


def _updates(works: pl.DataFrame) -> pl.DataFrame:
    """Return row, relation, value (a DOI), kind, and is_own: whether the work updates itself."""
    frames = []
    for column in ("update-to", "updated-by"):
        listed = elements(works, column).unnest(column)
        relation = pl.col("type").str.to_lowercase().replace_strict(_UPDATES, default="updates")
        frames.append(
            listed.select(
                "row",
                kind=fold(pl.col("type")),
                relation=relation if column == "update-to" else relation.replace_strict(_UPDATED),
                value=fold(pl.col("DOI")),
            )
        )
    own = printed_values(works, fold(pl.col("DOI")).str.to_lowercase()).rename({"value": "own"})
    together = pl.concat(frames).join(own, on="row", how="left", maintain_order="left")
    return together.with_columns(
        is_own=(pl.col("value").str.to_lowercase() == pl.col("own")).fill_null(value=False)
    )


def _notes(updates: pl.DataFrame, row_count: int) -> pl.Series:
    """Return what befell a work in its own place, such as retraction."""
    own = updates.filter("is_own").select("row", value="kind")
    return gathered([own], row_count).list.join(", ")


def _related(works: pl.DataFrame, updates: pl.DataFrame) -> pl.Series:
    """Return the works that the source relates to each work, and those it updates or is updated
    by."""
    listed = (
        works.select("relation_kinds", "relation_works")
        .with_row_index("row")
        .filter(pl.col("relation_kinds").list.len() > 0)
        .explode("relation_kinds", "relation_works")
        .explode("relation_works")
        .unnest("relation_works")
    )
    stated = listed.select(
        "row",
        relation=pl.col("relation_kinds").str.to_lowercase().str.replace_all("[^a-z0-9]+", "_"),
        scheme=pl.coalesce(
            fold(pl.col("id-type")).str.to_lowercase().str.replace_all("[^a-z0-9]+", "_"),
            pl.when(fold(pl.col("id")).str.contains(_DOI)).then(pl.lit("doi")),
        ),
        value=fold(pl.col("id")),
    )
    others = updates.filter(~pl.col("is_own")).select(
        "row", "relation", scheme=pl.lit("doi"), value="value"
    )
    together = pl.concat([stated, others]).drop_nulls("value").unique(maintain_order=True)
    return in_lists(together.sort("row", maintain_order=True), works.height, RELATED_STRUCT)


def _stated(works: pl.DataFrame) -> pl.DataFrame:
    return (
        works.drop_nulls("is-referenced-by-count")
        .select(
            ordinal="ordinal",
            subject_type=pl.lit("paper"),
            subject_name=pl.lit(None, pl.String),
            metric=pl.lit("citation_count"),
            value="is-referenced-by-count",
        )
        .cast(STATED_SCHEMA)
    )
