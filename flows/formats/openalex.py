"""OpenAlex works: the snapshot's JSON lines, and pages of works from the API.

Abstracts are published as an inverted index, word by word with the places it stands at; they are
put together again here. What OpenAlex computes (topics' scores, percentiles, related works) and
references are not read. Authors, merged ids and manifests are other formats.
"""

from __future__ import annotations

import re

import polars as pl

from flows.formats import STATED_SCHEMA, Batch, Dump, Format, Reading
from flows.formats._entries import as_deletions, as_entries, of_another_type
from flows.formats._json import first_value, read_json
from flows.formats._lists import elements, in_lists
from flows.formats._openalex import PLACEHOLDERS, WORK_FIELDS, bare_id
from flows.formats._openalex_layouts import with_bare_indices, with_locations
from flows.formats._values import gathered, gathered_identifiers, moment, printed_values
from flows.formats._warnings import Doubt, with_warnings
from flows.normalize.dates import iso_date
from flows.normalize.text import fold
from schemas.columns import AUTHOR_STRUCT

FORMAT = Format(
    name="openalex",
    title="OpenAlex works (JSON lines of the snapshot, pages of the API)",
    recognised_by="objects whose id is https://openalex.org/W and a number",
    example='{"id": "https://openalex.org/W1", "doi": "https://doi.org/10.1000/182", "title": "An'
    ' Example", "authorships": [{"author": {"id": "https://openalex.org/A7", "display_name": "Jane'
    ' Doe"}}], "abstract_inverted_index": {"We": [0], "show": [1]}}',
    delivery="many_files",
)

_WORK_ID = r'"id"\s*:\s*"https://openalex\.org/W\d+"'
_TOMBSTONE = "W4285719527"
"""The work that OpenAlex merges deleted works into."""

_ARXIV = r"(?i)(?:arxiv\.org/(?:abs|pdf)/|doi\.org/10\.48550/arxiv\.)([^?#\s]+?)(?:\.pdf)?/?$"
_DOI_LINK = r"(?i)^https?://(?:dx\.)?doi\.org/"
_ACCEPTED = ("publishedVersion", "acceptedVersion")
_PAPER_TYPES = ("article", "preprint", "posted-content", "review", "letter")


def sniff(head: str) -> float:
    """Return 0.95 where the first object has the id of a work, else 0; the suggestions of a search
    box have one too, but are no works."""
    first = first_value(head)
    if first:
        has_id = re.search(r"openalex\.org/W\d+$", str(first.get("id")))
        return 0.95 if has_id and "entity_type" not in first else 0.0
    # The first work is longer than the head, or damaged.
    return 0.9 if re.search(_WORK_ID, head) else 0.0


def read(dump: Dump) -> Reading:
    """Return the entries: works with their abstracts put together, and notices of deletion."""
    return Reading(read_json(dump, WORK_FIELDS, _batch), has_lines=False)


def _batch(printed: pl.DataFrame) -> Batch:
    values = with_bare_indices(printed)
    has_index = pl.col("index_kind").is_in(["OBJECT", "NULL"]) | pl.col("index_kind").is_null()
    has_places = ~pl.col("places").list.eval(
        pl.element().is_null() | pl.element().list.contains(pl.lit(None, pl.Int64))
    ).list.any().fill_null(value=False)  # fmt: skip
    keyed = values.with_columns(source_key=bare_id(pl.col("id")), is_sound=has_index & has_places)
    is_tombstone = (pl.col("source_key") == _TOMBSTONE).fill_null(value=False)
    works = with_locations(keyed.filter(pl.col("is_sound"), ~is_tombstone))
    return Batch(
        entries=_entries(works),
        deletions=as_deletions(
            keyed.filter(pl.col("is_sound"), is_tombstone).with_columns(
                updated_at=moment(pl.col("updated_date"))
            )
        ),
        rejects=of_another_type(
            keyed.filter(~pl.col("is_sound")),
            "abstract_inverted_index",
            "an object of words and lists of their places",
        ),
        stated=_stated(works),
    )


def _entries(works: pl.DataFrame) -> pl.DataFrame:
    primary = pl.col("primary_location").struct
    source = primary.field("source").struct
    biblio = pl.col("biblio").struct
    is_repository = source.field("type") == "repository"
    topic = pl.col("primary_topic").struct.field("display_name")
    pages = pl.concat_str(
        fold(biblio.field("first_page")),
        pl.when(biblio.field("last_page") != biblio.field("first_page")).then(
            fold(biblio.field("last_page"))
        ),
        separator="-",
        ignore_nulls=True,
    )
    listed = works.with_columns(
        *_gathered(works),
        abstract=_abstracts(works),
        authors=_authors(works),
        categories=_categories(works),
    )
    # A list is cut where OpenAlex says so, and where an author has no name.
    is_cut = pl.col("is_authors_truncated").fill_null(value=False) | (
        pl.col("authorships").list.len() > pl.col("authors").list.len()
    )
    return as_entries(
        _dated(listed).with_columns(
            updated_at=moment(pl.col("updated_date")),
            entry_type=pl.coalesce(fold(pl.col("type")), "type_crossref"),
            version=_version(),
            title=pl.coalesce(fold(pl.col("title")), "display_name"),
            authors_complete=pl.when(pl.col("authors").is_not_null()).then(~is_cut),
            author_count="authors_count",
            category=pl.coalesce(fold(topic), pl.col("categories").list.first()),
            venue=pl.coalesce(fold(source.field("display_name")), primary.field("raw_source_name")),
            volume=biblio.field("volume"),
            issue=biblio.field("issue"),
            pages=pages,
            publisher=pl.when(~is_repository.fill_null(value=False)).then(
                source.field("host_organization_name")
            ),
            doi=pl.coalesce(fold(pl.col("doi")), pl.col("ids").struct.field("doi")),
            note=pl.when("is_retracted").then(pl.lit("retracted")),
        )
    )


def _version() -> pl.Expr:
    """Return preprint or published, by type and primary location; null where they do not tell.

    A repository also holds dissertations, data and the like, which are no preprints.
    """
    primary = pl.col("primary_location").struct
    held_by = primary.field("source").struct.field("type")
    kind = pl.coalesce(fold(pl.col("type")), fold(pl.col("type_crossref")), pl.lit("article"))
    return (
        pl.when(kind.is_in(["preprint", "posted-content"]))
        .then(pl.lit("preprint"))
        .when(primary.field("version").is_in(_ACCEPTED))
        .then(pl.lit("published"))
        .when(primary.field("version") == "submittedVersion")
        .then(pl.lit("preprint"))
        .when((held_by == "repository") & kind.is_in(_PAPER_TYPES))
        .then(pl.lit("preprint"))
        .when(held_by.is_not_null() & (held_by != "repository"))
        .then(pl.lit("published"))
    )


def _dated(works: pl.DataFrame) -> pl.DataFrame:
    """Return the works with publication_date and what belongs to it; of an impossible day the year
    alone is taken, where it is stated."""
    printed = fold(pl.col("publication_date"))
    printed_year = pl.col("publication_year").cast(pl.Int64, strict=False).cast(pl.String)
    told = works.with_columns(
        printed=printed,
        printed_year=printed_year,
        day=iso_date(printed),
        year=iso_date(printed_year),
    )
    day, year = (pl.col(name).struct.field("publication_date") for name in ("day", "year"))
    is_day, is_known = day.is_not_null(), pl.coalesce(day, year).is_not_null()
    precision = (pl.col(name).struct.field("date_precision") for name in ("day", "year"))
    return with_warnings(
        told.with_columns(
            publication_date=pl.coalesce(day, year),
            date_precision=pl.coalesce(precision),
            date_basis=pl.when(is_known).then(pl.lit("printed")),
            date_printed=pl.when(is_day).then("printed").when(is_known).then("printed_year"),
        ),
        Doubt(
            "publication_date",
            "possible_date",
            "The date of publication is no day such as '2018-02-13'.",
            pl.when(~is_day).then("printed"),
        ),
        Doubt(
            "publication_date",
            "possible_date",
            "The year of publication is none.",
            pl.when(~is_known & pl.col("printed").is_null()).then("printed_year"),
        ),
    )


def _abstracts(works: pl.DataFrame) -> pl.Series:
    """Return the abstracts: the words of each inverted index in the order of their places."""
    words = (
        works.select("words", "places")
        .with_row_index("row")
        .filter(pl.col("words").list.len() > 0)
        .explode("words", "places")
        .explode("places")
        .drop_nulls("places")
        .sort("row", "places", maintain_order=True)
    )
    texts = words.group_by("row", maintain_order=True).agg(pl.col("words").str.join(" "))
    rows = works.select(row=pl.int_range(pl.len(), dtype=pl.UInt32))
    return rows.join(texts, on="row", how="left", maintain_order="left")["words"]


def _authors(works: pl.DataFrame) -> pl.Series:
    listed = elements(works, "authorships").unnest("authorships")
    author = pl.col("author").struct
    key = bare_id(author.field("id"))
    is_one = ~key.is_in(PLACEHOLDERS).fill_null(value=False)
    names = listed.with_columns(
        name=pl.coalesce(
            fold(pl.col("raw_author_name")),
            pl.when(is_one).then(fold(author.field("display_name"))),
        ),
        orcid=pl.when(is_one).then(author.field("orcid")),
        source_author_key=pl.when(is_one).then(key),
    )
    affiliations = _first_filled(
        gathered(
            [
                _inner(names, "raw_affiliation_strings", pl.col("raw_affiliation_strings")),
                printed_values(names, pl.col("raw_affiliation_string")),
            ],
            names.height,
        ),
        gathered(
            [_inner(names, "institutions", pl.col("institutions").struct.field("display_name"))],
            names.height,
        ),
    )
    named = names.select("row", "name", "orcid", "source_author_key", affiliations=affiliations)
    return in_lists(named.drop_nulls("name"), works.height, AUTHOR_STRUCT)


def _inner(frame: pl.DataFrame, column: str, value: pl.Expr) -> pl.DataFrame:
    """Return `row` and `value`: a text of each element of a list column."""
    return elements(frame.select(column), column).select("row", value=value)


def _first_filled(first: pl.Series, second: pl.Series) -> pl.Series:
    return pl.select(pl.coalesce(first, second)).to_series()


def _categories(works: pl.DataFrame) -> pl.Series:
    """Return the names of the topics, in older snapshots of the concepts."""
    name = "display_name"
    return _first_filled(
        gathered([_inner(works, "topics", pl.col("topics").struct.field(name))], works.height),
        gathered([_inner(works, "concepts", pl.col("concepts").struct.field(name))], works.height),
    )


def _gathered(works: pl.DataFrame) -> list[pl.Series]:
    """Return identifiers, links and arxiv_id: what stands in ids and in the locations."""
    primary = works.select(pl.col("primary_location").struct.unnest())
    issn = primary.select(pl.col("source").struct.unnest())
    best = works.select(pl.col("best_oa_location").struct.unnest())
    places = elements(works, "locations").unnest("locations")
    pages = [
        printed_values(primary, pl.col("landing_page_url")),
        *(places.select("row", value=pl.col(name)) for name in ("landing_page_url", "pdf_url")),
        printed_values(primary, pl.col("pdf_url")),
        *(printed_values(best, pl.col(name)) for name in ("landing_page_url", "pdf_url")),
    ]
    pages = [page.drop_nulls() for page in pages]
    arxiv = gathered(
        [page.select("row", value=pl.col("value").str.extract(_ARXIV)) for page in pages],
        works.height,
    )
    links = [page.filter(~pl.col("value").str.contains(_DOI_LINK)) for page in pages]
    named = [
        (printed_values(works, pl.coalesce(pl.col("ids").struct.field("openalex"), "id")),
         "openalex"),
        (printed_values(works, pl.col("mag")), "mag"),
        *(
            (printed_values(works, pl.col("ids").struct.field(name)), name)
            for name in ("pmid", "pmcid")
        ),
        (printed_values(issn, pl.col("issn_l")), "issn"),
        (_inner(issn, "issn", pl.col("issn")), "issn"),
        (_inner(arxiv.list.slice(1).to_frame("more"), "more", pl.col("more")), "arxiv"),
    ]  # fmt: skip
    identifiers = [values.with_columns(scheme=pl.lit(scheme)) for values, scheme in named]
    return [
        gathered_identifiers(identifiers, works.height).alias("identifiers"),
        gathered(links, works.height).alias("links"),
        arxiv.list.first().alias("arxiv_id"),
    ]


def _stated(works: pl.DataFrame) -> pl.DataFrame:
    return (
        works.drop_nulls("cited_by_count")
        .select(
            ordinal="ordinal",
            subject_type=pl.lit("paper"),
            subject_name=pl.lit(None, pl.String),
            metric=pl.lit("citation_count"),
            value="cited_by_count",
        )
        .cast(STATED_SCHEMA)
    )
