"""What of a record is compared: keys, words with their rarity, digests of abstracts.

Here: one row per record, computed once; of abstracts only digests are kept. Not here: which pairs
are compared (`blocking`), how like two records are (`evidence`), marks inside titles (`marks`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import polars as pl

from flows.normalize.identifiers import of_papers
from flows.normalize.names import given_first
from flows.parallel import in_order
from flows.resolve.kernels.digests import (
    edge_words,
    letter_hashes,
    numbers,
    shingles,
    word_sets,
)
from flows.resolve.kernels.likeness import Sides
from flows.resolve.kernels.rarity import Counts, count_of, counted, totals
from flows.resolve.kernels.words import Array, Lists, Texts, folded, joined, texts, words
from flows.resolve.marks import unlabelled
from flows.resolve.publication import publication
from flows.resolve.repair import Lost, repaired, what_is_lost
from flows.resolve.stated import preprint_ties
from flows.resolve.weighing import NAMES_COUNTED, TITLES_COUNTED, known_counts
from schemas import TABLES
from schemas.dictionary import empty_frame

# Words of titles that recur from issue to issue: they say nothing about which paper it is.
RECURRING_WORDS = (
    "abstract", "abstracts", "announcement", "announcements", "article", "articles", "book",
    "books", "calendar", "chair", "chairs", "column", "contents", "cover", "editor", "editorial",
    "editors", "errata", "erratum", "events", "foreword", "front", "guest", "index", "introduction",
    "invited", "issue", "keynote", "letter", "letters", "matter", "message", "minitrack", "news",
    "note", "notes", "obituary", "page", "panel", "poster", "preface", "president", "proceedings",
    "publication", "received", "report", "reports", "review", "reviewers", "reviews", "section",
    "session", "special", "summary", "table", "track", "tutorial", "volume", "welcome", "workshop",
)  # fmt: skip
# What stands where a title is not known.
PLACEHOLDERS = ("n a", "na", "no title", "none", "null", "title", "unknown", "untitled")
_HEAD_END = r"^(.*?[^\s:?!.–—-].*?)(?::\s*|\s*—\s*| [-–] |\? |! |\. | \()"

KEY_LETTERS = 40
OPENING_LETTERS = 12
HEAD_LETTERS = 4
LONGEST_NAME = 20
# Records of which digests are made at a time.
BATCH = 50_000


@dataclass(frozen=True)
class Words:
    """The distinct words of each row, in the order of their hashes."""

    lists: Lists
    rarity: Array
    """Of each word: minus the log of the share of texts with it."""
    is_shared: Array
    """Of each word: whether it stands in another text of this input, too."""
    total: Array
    """Of each row: the sum of its words' rarity."""


@dataclass(frozen=True)
class Features:
    """The compared side of the records; `row` numbers the records in the order of their ids."""

    rows: pl.DataFrame
    """One row per record: see `describe`."""
    venues: pl.Series
    """The distinct venues, by number."""
    titles: Texts
    """Titles as `match_key` gives them."""
    title_words: Words
    name_words: Words
    """Words of author names, of two letters or more."""
    shingles: Lists
    """Of abstracts: what is kept of their runs of words, see `kernels.digests`."""
    figures: Lists
    """Of abstracts: numbers that stand alone, hashed."""
    named_versions: Lists
    """Of abstracts: names with a number in them, hashed."""


def describe(records: pl.DataFrame | Iterable[pl.DataFrame]) -> Features:
    """Return what is compared of `records` (readable text), whatever their order; or of batches of
    them in the order of their record_id.

    rows: row, record_id, source, version, title, dates and identifiers as they are; preprint_ties
    (identifiers that a source ties to it, see `stated`); title_hash,
    head_hash and head_bytes (before the colon), title_start and title_opening (its first letters),
    title_year (where the year stood in the title alone), opening (its first word without a
    number), surname (of the first author), people_hash (all
    author names), abstract_hash, abstract_opening, abstract_ending: hashes, 0 where absent;
    is_name (a short title before the colon), has_label, abstract_length in words; venue (its
    number), kind, first_page, volume.
    """
    if isinstance(records, pl.DataFrame):
        ordered = records.sort("record_id")
        records = ordered.iter_slices(BATCH) if ordered.height else [ordered]
        lost = what_is_lost(ordered)
    else:
        # Record ids are hashes: the first batch is a fair sample.
        batches = iter(records)
        first = next(batches, empty_frame(TABLES["records"]))
        lost = what_is_lost(first)
        records = chain([first], batches)
    parts = _transposed(in_order(partial(_described, lost=lost), records))
    rows = pl.concat(parts.pop("rows")).with_row_index("row")
    venues = rows["venue"].drop_nulls().unique().sort()
    rows = rows.with_columns(pl.col("venue").cast(pl.Enum(venues)).to_physical())
    recurring = words(folded(texts(pl.Series(RECURRING_WORDS)))).values
    # Each is taken out of the parts as it is put together, so that no two stand in memory twice.
    return Features(
        rows=rows,
        venues=venues,
        titles=joined(parts.pop("titles")),
        title_words=weighed(
            joined(parts.pop("title_words")),
            rows["title_hash"].to_numpy(),
            known_counts("titles"),
            TITLES_COUNTED,
            without=recurring,
        ),
        name_words=weighed(
            joined(parts.pop("name_words")),
            rows["people_hash"].to_numpy(),
            known_counts("names"),
            NAMES_COUNTED,
        ),
        shingles=joined(parts.pop("shingles")),
        figures=joined(parts.pop("figures")),
        named_versions=joined(parts.pop("named_versions")),
    )


def weighed(
    lists: Lists,
    texts_of_rows: Array,
    known: Counts,
    known_texts: int,
    without: Array | None = None,
) -> Words:
    """Return the words of each row with their rarity: minus the log of the share of texts with it.

    The share is over the shipped texts (`known`) and those of this input together. Equal texts
    (`texts_of_rows`: their hashes, 0 for none) count once, so that many copies of one paper do not
    make its words common. The words `without` rarity weigh nothing.
    """
    _, first = np.unique(texts_of_rows, return_index=True)
    is_counted = np.zeros(len(texts_of_rows), np.bool_)
    is_counted[first] = texts_of_rows[first] != 0
    here = count_of(lists.values, counted(lists, is_counted))
    total = known_texts + int(is_counted.sum()) + 1.0
    rarity = np.log(total / (here + count_of(lists.values, known) + 1.0)).astype(np.float32)
    if without is not None:
        rarity[np.isin(lists.values, without)] = 0.0
    return Words(lists, rarity, here > 1, totals(rarity, lists))


def _described(records: pl.DataFrame, lost: Lost) -> dict[str, Any]:
    """Return what is kept of a batch of records, by the names of `Features`."""
    undated = records["publication_date"].is_null()
    records = repaired(records, lost)
    titled = records.with_columns(title=_without_placeholder(pl.col("title")))
    bare = _spelled_out(titled["title"].to_frame().select(unlabelled(pl.col("title"))).to_series())
    titles = folded(texts(bare))
    title_words = word_sets(words(titles))
    names = records["authors"].list.eval(pl.element().struct.field("name"))
    people = folded(texts(names.list.join(" ", ignore_nulls=True)))
    name_words = word_sets(words(people, fewest_bytes=2))
    abstracts = texts(records["abstract"])
    keys = folded(abstracts)
    running = words(keys)
    sampled = shingles(running)
    figures, named_versions = numbers(abstracts)
    title_start = letter_hashes(titles, HEAD_LETTERS)[1]
    title_hash, title_opening, _ = letter_hashes(titles, OPENING_LETTERS)
    heads = folded(texts(bare.str.extract(_HEAD_END)))
    head_hash, is_long, _ = letter_hashes(heads, LONGEST_NAME + 1)
    abstract_hash, abstract_opening, abstract_ending = letter_hashes(keys, KEY_LETTERS)
    rows = titled.select(
        "record_id", "title", pl.col("doi", "arxiv_id").replace("", None),
        pl.col("source", "version", "date_basis").cast(pl.Categorical),
        identifiers=of_papers(pl.col("identifiers")),
        preprint_ties=preprint_ties(pl.col("related")),
        year=pl.col("publication_date").dt.year(),
        title_year=pl.when(undated).then(pl.col("publication_date").dt.year()),
        day=pl.when(pl.col("date_precision") == "day").then("publication_date"),
        authors_cut=~pl.col("authors_complete").fill_null(value=True),
        author_count=pl.coalesce(
            "author_count", pl.when("authors_complete").then(pl.col("authors").list.len())
        ),
        title_hash=title_hash,
        title_start=title_start,
        title_opening=title_opening,
        has_label=titled["title"].ne_missing(bare),
        head_hash=head_hash,
        head_bytes=np.diff(heads.starts),
        opening=edge_words(titles, HEAD_LETTERS)[0],
        is_name=(head_hash > 0) & (is_long == 0),
        surname=edge_words(folded(texts(_first_names(names))), 1)[1],
        people_hash=letter_hashes(people, 1)[0],
        abstract_hash=abstract_hash,
        abstract_opening=abstract_opening,
        abstract_ending=abstract_ending,
        abstract_length=np.diff(running.starts),
    ).hstack(publication(records))  # fmt: skip
    return {
        "rows": rows, "titles": titles, "title_words": title_words, "name_words": name_words,
        "shingles": sampled, "figures": figures, "named_versions": named_versions,
    }  # fmt: skip


def _transposed(batches: Iterable[dict[str, Any]]) -> dict[str, list[Any]]:
    parts: dict[str, list[Any]] = {}
    for batch in batches:
        for name, part in batch.items():
            parts.setdefault(name, []).append(part)
    return parts


def sides(features: Features) -> Sides:
    """Return the columns that are compared row with row."""
    titles, names = features.title_words, features.name_words
    return Sides(
        titles=features.titles.data,
        title_starts=features.titles.starts,
        title_hash=features.rows["title_hash"].to_numpy(),
        opening=features.rows["opening"].to_numpy(),
        head_bytes=features.rows["head_bytes"].to_numpy(),
        title_words=titles.lists.values,
        title_word_starts=titles.lists.starts,
        title_rarity=titles.rarity,
        title_total=titles.total,
        name_words=names.lists.values,
        name_word_starts=names.lists.starts,
        name_rarity=names.rarity,
        name_total=names.total,
        shingles=features.shingles.values,
        shingle_starts=features.shingles.starts,
        abstract_length=features.rows["abstract_length"].to_numpy(),
    )


def _without_placeholder(title: pl.Expr) -> pl.Expr:
    letters = title.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()
    return pl.when(~letters.is_in(PLACEHOLDERS)).then(title)


def _first_names(names: pl.Series) -> pl.Series:
    """Return the first author's name, given names first."""
    first = names.list.first().to_frame("name")
    has_comma = pl.col("name").str.contains(",", literal=True).fill_null(value=False)
    turned = (
        first.with_row_index("row")
        .filter(has_comma)
        .select("row", name=given_first(pl.col("name")))
    )
    return first["name"].scatter(turned["row"], turned["name"])


_GREEK = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi",
    "psi", "omega",
), strict=True))  # fmt: skip


def _spelled_out(titles: pl.Series) -> pl.Series:
    """Return titles with a Greek letter that stands alone in words."""
    title = pl.col("title")
    numbered = titles.alias("title").to_frame().with_row_index("row")
    asked = numbered.filter(title.str.contains(r"\p{Greek}").fill_null(value=False))
    for letter, name in _GREEK.items():
        alone = rf"(^|[^\p{{Greek}}])(?i:{letter})($|[^\p{{Greek}}])"
        asked = asked.with_columns(title.str.replace_all(alone, f"${{1}}{name}${{2}}"))
    return numbered["title"].scatter(asked["row"], asked["title"])
