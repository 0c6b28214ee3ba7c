"""Lists of conference papers: JSON arrays as communities keep them, one object per submission.

Authors stand in one string, `A;B;C` or `A, B, C`; affiliations, profile ids and ORCIDs in strings
parallel to it, several affiliations of one author joined by `+`. Where such a string has another
number of parts nothing is guessed: affiliations are then of the entry as a whole, ids are not read,
and a warning says so. `Anonymous` is nobody. What the status says tells a paper (`Poster`) from a
submission that became none (`Reject`). BibTeX, reviews, ratings and e-mail addresses, also those
that stand for profile ids, are not read.
"""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from flows.formats import STATED_SCHEMA, Batch, Dump, Format, Reading
from flows.formats._entries import as_entries
from flows.formats._json import Fields, first_value, read_json
from flows.formats._lists import in_lists, split_text
from flows.formats._warnings import Doubt, with_warnings
from flows.normalize.links import links
from flows.normalize.names import ET_AL, parse_author_line
from flows.normalize.text import fold
from schemas.columns import AUTHOR_STRUCT

FORMAT = Format(
    name="paper_list",
    title="List of conference papers (JSON)",
    recognised_by="objects with title and author, one string such as 'A;B;C', and aff, authorids,"
    " status, track or the like",
    example='[{"id": "aBcD123", "title": "An Example", "author": "Jane Doe;Wei Wang", "aff":'
    ' "MIT;Tsinghua University+Microsoft", "status": "Poster", "track": "main"}]',
    delivery="many_files",
)

_TEXTS = (
    "title", "author", "authors", "aff", "authorids", "or_profile", "orcid", "abstract",
    "primary_area", "status", "track", "venue", "conf", "doi", "arxiv", "openreview", "site",
    "pdf", "oa", "github", "project",
)  # fmt: skip
# Fields that come and go between conferences and years: reviews, ratings, metadata made of others.
_SCORES = (
    "rating", "confidence", "correctness", "technical_novelty", "empirical_novelty", "presentation",
    "soundness", "contribution", "novelty", "strengths", "weaknesses", "limitations", "questions",
    "suitability", "recommendation", "support", "significance", "quality", "clarity", "originality",
    "replies", "authors#", "wc_review", "wc_summary", "wc_strengths", "wc_weaknesses",
    "wc_questions", "wc_limitations", "wc_reply_reviewers", "wc_reply_authors", "reply_reviewers",
    "reply_authors", "wc_summary_paper", "wc_strength_weakness", "summary", "review",
)  # fmt: skip
_IGNORED = (
    *_SCORES,
    *(f"{score}_avg" for score in _SCORES),
    *(f"corr_rating_{score}" for score in _SCORES),
    "TL;DR", "tldr", "keywords", "author_site", "author_num", "N_author_aff_email", "aff_domain",
    "aff_unique_index", "aff_unique_norm", "aff_unique_dep", "aff_unique_url", "aff_unique_abbr",
    "aff_campus_unique_index", "aff_campus_unique", "aff_country_unique_index",
    "aff_country_unique", "email", "position", "gender", "homepage", "dblp", "google_scholar",
    "linkedin", "bibtex", "reviewers", "supplementary_material", "supp", "pdf_size",
    "gs_cited_by_link", "gs_version_total", "award", "video", "youtube", "poster", "slides",
    "slideslive", "proceeding", "ex_pdf", "ex_supp", "metadata", "metareview", "psid", "sess",
    "ssid",
)  # fmt: skip
_FIELDS = Fields(
    pa.schema([(name, pa.string()) for name in _TEXTS] + [("gs_citation", pa.float64())]),
    queried={"key": "raw_text->>'$.id'", "year": "raw_text->>'$.year'"},
    known=("id", "year"),
    ignored=_IGNORED,
)

_TELLING = {
    "aff", "aff_domain", "authorids", "status", "track", "primary_area", "rating", "gs_citation",
    "openreview",
}  # fmt: skip
_ADDRESSES = {"site", "pdf", "oa", "project", "github"}
_REFUSED = r"(?i)reject|withdr[ae]w"
_ACCEPTED = (
    r"(?i)accept|poster|oral|spotlight|highlight|notable|\b(?:main|findings|long|short)\b"
    r"|\b(?:technical|tog|journal|conference) paper\b"
)
_NOBODY = r"(?i)^anonymous(?: authors?)?(?:\(s\))?$"
_NO_ABSTRACT = r"(?i)^\s*abstract (?:unavailable|missing)\.?\s*$"
_SUFFIX = r"^(?:[JS]r\.?|II|III|IV)$"
_KEY = r"^[^@\s]+$"
_CODE = r"(?i)\w\.\w+/\w|\.github\.io\b"
_FORUM = r"(?i)^https?://(?:www\.)?openreview\.net/\w+\?id=([\w-]+)"
_ANTHOLOGY = r"(?i)^https?://(?:www\.)?aclanthology\.org/([A-Z0-9][\w.-]*\d)(?:/|\.pdf)?$"


def sniff(head: str) -> float:
    """Return 0.8 where the first object has a title, authors in one string, and two fields that
    tell such a list; one does where ';' sets the authors apart or two addresses stand beside it."""
    first = first_value(head)
    line = first.get("author", first.get("authors"))
    if not isinstance(line, str) or not isinstance(first.get("title"), str):
        return 0.0
    telling, addresses = (len(first.keys() & names) for names in (_TELLING, _ADDRESSES))
    return 0.8 if telling >= 2 or (telling and (";" in line or addresses >= 2)) else 0.0


def read(dump: Dump) -> Reading:
    """Return the entries: papers, and submissions that were refused or withdrawn."""
    return Reading(read_json(dump, _FIELDS, _batch), has_lines=False)


def _batch(values: pl.DataFrame) -> Batch:
    status = fold(pl.col("status"))
    year = fold(pl.col("year")).str.extract(r"^((?:1[4-9]|20)\d{2})(?:\.0)?$")
    area = fold(pl.col("primary_area"))
    key = fold(pl.col("key"))
    github = fold(pl.col("github"))
    addresses = [fold(pl.col(name)) for name in ("site", "openreview", "pdf", "oa", "project")]
    entries = (
        values.drop("authors")
        .hstack(_authors(values))
        .with_columns(
            source_key=pl.when(~key.str.contains(r"^\d+$")).then(key),
            entry_type=status,
            version=pl.when(status.str.contains(_REFUSED))
            .then(pl.lit("preprint"))
            .when(status.str.contains(_ACCEPTED))
            .then(pl.lit("published")),
            category=area,
            categories=pl.when(area.is_not_null()).then(pl.concat_list(area)),
            venue=fold(pl.col("venue")).fill_null(fold(pl.col("conf"))),
            publication_date=pl.date(year.cast(pl.Int32), 1, 1),
            date_precision=pl.when(year.is_not_null()).then(pl.lit("year")),
            date_basis=pl.when(year.is_not_null()).then(pl.lit("printed")),
            date_printed=year,
            abstract=pl.when(~pl.col("abstract").str.contains(_NO_ABSTRACT)).then("abstract"),
            has_code=pl.when(github.str.contains(_CODE)).then(pl.lit(value=True)),
            arxiv_id="arxiv",
            note="track",
            identifiers=_identifiers(values),
            links=links(
                pl.concat_str(
                    *addresses,
                    github.str.replace_all(";", " ", literal=True),
                    fold(pl.col("abstract")),
                    separator=" ",
                    ignore_nulls=True,
                )
            ),
        )
    )
    return Batch(entries=as_entries(_with_doubts(entries)), stated=_stated(values))


def _with_doubts(entries: pl.DataFrame) -> pl.DataFrame:
    unread_year = pl.col("date_printed").is_null()
    return with_warnings(
        entries,
        Doubt(
            "publication_date",
            "possible_date",
            "The year is none.",
            pl.when(unread_year).then(fold(pl.col("year"))),
        ),
        Doubt(
            "affiliations",
            "parallel_lists",
            "There are not as many affiliations as authors: they are kept for the entry as a"
            " whole.",
            pl.when(pl.col("aff_misfits")).then(fold(pl.col("aff"))),
        ),
        Doubt(
            "authors",
            "parallel_lists",
            "There are not as many profile ids as authors: they are not read.",
            pl.when(pl.col("profiles_misfits")).then(pl.col("profiles")),
        ),
        Doubt(
            "authors",
            "parallel_lists",
            "There are not as many ORCIDs as authors: they are not read.",
            pl.when(pl.col("orcid_misfits")).then(fold(pl.col("orcid"))),
        ),
    )


def _identifiers(values: pl.DataFrame) -> pl.Series:
    """Return the identifiers that stand in addresses of OpenReview and the ACL Anthology."""
    site, forum = fold(pl.col("site")), fold(pl.col("openreview"))
    rows = (
        values.select(
            openreview=pl.coalesce(forum.str.extract(_FORUM), site.str.extract(_FORUM)),
            acl=site.str.extract(_ANTHOLOGY),
        )
        .with_row_index("row")
        .unpivot(index="row", variable_name="scheme")
        .drop_nulls("value")
        .sort("row", maintain_order=True)
    )
    return in_lists(rows, values.height, pl.Struct({"scheme": pl.String, "value": pl.String}))


_PARALLEL = ("aff", "profiles", "orcid")


def _authors(values: pl.DataFrame) -> pl.DataFrame:
    """Return authors, authors_complete and affiliations (of the entry as a whole); profiles, the
    profile ids as printed; and aff_, profiles_ and orcid_misfits."""
    line = pl.coalesce(fold(pl.col("author")), fold(pl.col("authors")))
    profiles = pl.coalesce(_printed("authorids"), _printed("or_profile"))
    lines = values.select(
        line=line, aff=_printed("aff"), profiles=profiles, orcid=_printed("orcid")
    ).with_row_index("row")
    parted = lines.with_columns(_names(pl.col("line"))).with_columns(
        pl.col(name).str.split(";").alias(f"{name}_parts") for name in _PARALLEL
    )
    count = pl.col("names").list.len()
    # Without ';' between the authors, affiliations are those of all, each once.
    is_parallel = pl.col("line").str.contains(";", literal=True) | (count == 1)
    named = parted.with_columns(
        pl.when(is_parallel if name == "aff" else pl.lit(value=True))
        .then(pl.col(f"{name}_parts").list.len() == count)
        .alias(f"{name}_fits")
        for name in _PARALLEL
    )
    place = pl.col("place")
    joined = pl.col("aff").str.replace_all(r"\s*\+[\s+]*", "+").str.strip_chars("+")
    listed = (
        named.filter(pl.col("names").list.len() > 0)
        .with_columns(place=pl.int_ranges(pl.col("names").list.len()))
        .explode("names", "place")
        .select(
            "row",
            name=fold(pl.col("names")),
            **{
                name: pl.when(f"{name}_fits").then(
                    fold(pl.col(f"{name}_parts").list.get(place, null_on_oob=True))
                )
                for name in _PARALLEL
            },
        )
        .with_columns(
            follower=pl.when(pl.col("row") == pl.col("row").shift(-1)).then(
                pl.col("name").shift(-1)
            )
        )
        .filter(
            pl.col("name").str.contains(r"\p{L}"),
            ~pl.col("name").str.contains(_NOBODY),
            ~pl.col("name").str.contains(_SUFFIX),
        )
        .select(
            "row",
            pl.concat_str(
                "name",
                pl.when(pl.col("follower").str.contains(_SUFFIX)).then("follower"),
                separator=" ",
                ignore_nulls=True,
            ),
            "orcid",
            source_author_key=pl.when(pl.col("profiles").str.contains(_KEY)).then("profiles"),
            affiliations=pl.when(joined != "").then(joined.str.split("+")),
        )
    )
    authors = in_lists(listed, values.height, AUTHOR_STRUCT)
    has_none = authors.is_null()
    whole = split_text(pl.col("aff").str.replace_all("+", ";", literal=True), ";")
    is_whole = has_none | ~pl.col("aff_fits").fill_null(value=False)
    return named.select(
        authors=authors,
        authors_complete=pl.when(~has_none).then("is_complete"),
        affiliations=pl.when(is_whole).then(whole.list.unique(maintain_order=True)),
        profiles="profiles",
        **{f"{name}_misfits": ~has_none & ~pl.col(f"{name}_fits") for name in _PARALLEL},
    )


def _printed(name: str) -> pl.Expr:
    """Return a string of parts as printed; null where all parts are blank."""
    return pl.when(pl.col(name).str.contains(r"[^;\s]")).then(pl.col(name))


def _names(line: pl.Expr) -> list[pl.Expr]:
    """Return names, a list in which nothing is left out, and is_complete.

    Where no ';' stands in the line, commas set names apart that are printed given name first; two
    single words with a comma are one name, family name first.
    """
    whole = line.str.strip_chars_end("; ")
    is_set_apart = whole.str.contains(";", literal=True)
    cut = whole.str.contains(ET_AL)
    parted = whole.str.replace(ET_AL, "").str.split(";")
    is_one = whole.str.contains(r"^[^\s,]+,\s*[^\s,]+$") | ~whole.str.contains(",", literal=True)
    by_comma = parse_author_line(whole)
    return [
        pl.when(is_set_apart | is_one)
        .then(parted)
        .otherwise(by_comma.struct.field("names"))
        .alias("names"),
        (~cut).alias("is_complete"),
    ]


def _stated(values: pl.DataFrame) -> pl.DataFrame:
    """Return the citation counts; -1 stands for unknown."""
    return values.filter(pl.col("gs_citation") >= 0).select(
        pl.col("ordinal"),
        subject_type=pl.lit("paper"),
        subject_name=pl.lit(None, STATED_SCHEMA["subject_name"]),
        metric=pl.lit("citation_count"),
        value="gs_citation",
    )
