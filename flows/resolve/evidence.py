"""How like two records are: one column per piece of evidence, for a frame of pairs.

Here: columns of pairs, put together from what the kernels measure and from what the rows say. Null
means that one side says nothing, which is not a difference. Not here: what a piece of evidence is
worth (`scoring`), which pairs are looked at (`blocking`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from flows.resolve.features import Features
from flows.resolve.kernels.blocks import FAMILY_RARITY
from flows.resolve.kernels.compare import (
    IS_LETTER,
    IS_PLUS,
    IS_SPELLED,
    IS_YEAR,
    MARK_KINDS,
    Marked,
    Measures,
    measures,
)
from flows.resolve.kernels.compiled import in_parts
from flows.resolve.kernels.digests import letter_hashes, word_sets
from flows.resolve.kernels.likeness import Sides
from flows.resolve.kernels.words import Array, Lists, Texts, folded, texts, words
from flows.resolve.marks import (
    MAY_HAVE_MARK,
    MAY_HAVE_SUFFIX,
    NOTE_WORDS,
    numberless,
    title_counts,
    title_marks,
    title_note,
    title_suffixes,
    unlabelled,
)
from flows.resolve.stated import identifier_key

# Identifiers of which a paper has one: two different values are two papers. A source's own keys are
# not among them, since a preprint and its publication are two entries of one source.
ONE_PER_PAPER = ("pmid",)
# DOIs that name a preprint: they do not contradict the DOI of the publication.
PREPRINT_DOI = (
    r"^10\.(48550|1101|21203|2139|31219|31234|20944|26434|36227|32942|31223|22541|64898)/"
)
# The part of a DOI by which some registrants number the versions of one publication.
DOI_VERSION = r"(\.pub\d+|[./]v\d+)$"
ARXIV_DOI = r"^10\.48550/arxiv\.(.+)$"
# Two papers do not have so many words of abstract in common, one by one.
LONG_ABSTRACT = 50
_LEAST_PAIRS = 2_000

_YEAR = r"^(19|20)\d\d$"
_SPELLED = "~"


class Comparison:
    """The records that are compared with one another, and how."""

    def __init__(self, features: Features, sides: Sides, pairs: pl.DataFrame) -> None:
        """Read the marks of the rows that stand in `pairs` (left, right)."""
        rows = pl.concat([pairs["left"], pairs["right"]]).unique().sort()
        self.rows = features.rows
        self.sides = sides
        marks, suffixes, told = _told(features.rows.select("row", "title", "title_hash"), rows)
        self.marked = Marked(*marks, *suffixes, *features.figures, *features.named_versions)
        self.sided = (
            features.rows.select(
                *SIDE_COLUMNS,
                surname=pl.when(pl.col("surname") > 0).then("surname"),
            )
            .with_columns(
                note=told["note"], core=told["core"],
                arxiv=pl.coalesce("arxiv_id", pl.col("doi").str.extract(ARXIV_DOI)),
            )
            .with_columns(*_spread(features.rows, rows))
        )  # fmt: skip

    def compare(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Return evidence for pairs (left, right, and what else is known of them)."""
        left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
        found = in_parts(
            len(left),
            _LEAST_PAIRS,
            lambda start, end: measures(left[start:end], right[start:end], self.sides, self.marked),
        )
        measured = {
            name: np.concatenate([getattr(part, name) for part in found])
            for name in Measures._fields
        }
        ends = [
            self.sided[pairs[side]].select(pl.all().name.suffix(f"_{side}"))
            for side in ("left", "right")
        ]
        compared = pl.concat(
            [pairs, pl.DataFrame(measured).fill_nan(None), *ends], how="horizontal"
        )
        return _evidence(compared).select(*pairs.columns, *EVIDENCE_COLUMNS)


SIDE_COLUMNS = (
    "version", "doi", "arxiv_id", "identifiers", "preprint_ties", "date_basis", "year",
    "title_year", "day", "title_hash", "head_hash", "has_label", "opening", "venue", "kind",
    "first_page", "volume", "issue", "abstract_hash", "abstract_length", "authors_cut",
    "author_count",
)  # fmt: skip
EVIDENCE_COLUMNS = (
    "title_similarity", "title_rarity", "title_least", "title_containment", "head_similarity",
    "over_left", "over_right", "title_is_equal", "title_is_cut", "title_heads_are_equal",
    "titles_begin_alike", "replaced_similarity", "numbers_conflict", "number_is_left_over",
    "notes_conflict", "one_is_review", "one_is_correction", "one_is_retraction", "note_is_left",
    "author_rarity", "author_similarity", "first_author_is_equal", "authors_are_cut",
    "abstract_similarity", "abstract_is_equal", "abstract_words", "figures_differ",
    "versions_differ", "people_of_title", "years_of_title", "titles_of_abstract", "same_identifier",
    "preprint_is_stated",
    "same_day", "same_author_count", "year_gap", "year_is_inferred", "labels_differ",
    "has_preprint", "venue_left", "venue_right", "are_proceedings", "kinds_differ", "same_page",
    "same_volume", "same_issue",
)  # fmt: skip


def _evidence(compared: pl.DataFrame) -> pl.DataFrame:
    is_equal = _equal("title_hash")
    heads = [
        (pl.col(f"head_hash_{mine}") == pl.col(f"title_hash_{other}"))
        & (pl.col(f"head_hash_{mine}") > 0)
        for mine, other in (("left", "right"), ("right", "left"))
    ]
    told = compared.with_columns(
        title_is_equal=is_equal.fill_null(value=False),
        title_is_cut=pl.any_horizontal(heads),
        title_heads_are_equal=_equal("head_hash").fill_null(value=False),
        titles_begin_alike=(
            _equal("opening") & (pl.col("title_rarity") >= FAMILY_RARITY)
        ).fill_null(value=False),
    )
    # Of equal titles only a `+`, which is no letter, tells two marks apart.
    over = [
        pl.when("title_is_equal").then(f"plusses_over_{side}").otherwise(f"marks_over_{side}")
        for side in ("left", "right")
    ]
    numbers = (
        pl.when("title_is_equal")
        .then(pl.col("plusses_over_left") + pl.col("plusses_over_right"))
        .otherwise("numbers_over")
    )
    is_like = (
        (pl.col("title_similarity") >= 0.6)
        | (pl.col("title_containment") >= 0.5)
        | pl.col("titles_begin_alike")
    )
    shorter = pl.min_horizontal("abstract_length_left", "abstract_length_right")
    is_left_over = (numbers > 0) & ~pl.col("title_is_cut")
    are_siblings = ((pl.col("core_left") == pl.col("core_right")) & is_left_over) | pl.col(
        "is_another_version"
    )
    is_stated = pl.lit(_preprint_is_stated(compared))
    # Years that titles ended in tell two papers apart as other numbers do.
    years_differ = pl.col("title_year_left") != pl.col("title_year_right")
    return told.with_columns(
        numbers_conflict=(
            (years_differ.fill_null(value=False) & is_like)
            | ((over[0] > 0) & (over[1] > 0) & is_like)
            | (
                are_siblings
                & ~pl.col("title_is_equal")
                & ~pl.col("title_is_cut")
                & ~(_equal("abstract_hash") & (shorter >= LONG_ABSTRACT)).fill_null(value=False)
            )
        ).fill_null(value=False),
        number_is_left_over=is_left_over,
        notes_conflict=(pl.col("note_left") != pl.col("note_right"))
        & pl.col("title_similarity").is_not_null(),
        one_is_review=(pl.min_horizontal("note_left", "note_right") == "")
        & (pl.max_horizontal("note_left", "note_right") == "review"),
        one_is_correction=(pl.min_horizontal("note_left", "note_right") == "")
        & pl.max_horizontal("note_left", "note_right").is_in(["correction", "retraction"]),
        one_is_retraction=pl.max_horizontal("note_left", "note_right") == "retraction",
        note_is_left=pl.col("note_left") != "",
        first_author_is_equal=pl.col("surname_left") == pl.col("surname_right"),
        authors_are_cut=pl.col("authors_cut_left") | pl.col("authors_cut_right"),
        abstract_is_equal=_equal("abstract_hash"),
        abstract_words=shorter,
        people_of_title=pl.col("people_of_title_left"),
        years_of_title=pl.col("years_of_title_left"),
        titles_of_abstract=pl.col("titles_of_abstract_left"),
        preprint_is_stated=is_stated,
        same_identifier=_same_identifier(compared, is_stated),
        same_day=pl.col("day_left") == pl.col("day_right"),
        same_author_count=pl.col("author_count_left") == pl.col("author_count_right"),
        year_gap=(pl.col("year_left") - pl.col("year_right")).abs().cast(pl.Int32),
        year_is_inferred=_either("date_basis", "inferred_year"),
        has_preprint=_either("version", "preprint") | _either("kind", "preprint") | is_stated,
        labels_differ=pl.col("has_label_left") != pl.col("has_label_right"),
        are_proceedings=(pl.col("kind_left") == "proceedings")
        & (pl.col("kind_right") == "proceedings"),
        kinds_differ=pl.col("kind_left") != pl.col("kind_right"),
        # Every issue has a first page, and a second.
        same_page=pl.when(
            (pl.col("first_page_left") != pl.col("first_page_right"))
            | (pl.col("first_page_left").str.len_chars() > 1)
        ).then(pl.col("first_page_left") == pl.col("first_page_right")),
        same_issue=pl.col("issue_left") == pl.col("issue_right"),
        same_volume=pl.col("volume_left") == pl.col("volume_right"),
    )


def degree(pairs: pl.DataFrame) -> pl.Series:
    """Return for each pair in how many of the pairs that of its two records is that is in more."""
    ends = pl.concat([pairs["left"], pairs["right"]]).value_counts(name="degree")
    sides = [
        pairs.select(left=side).join(ends, on="left", how="left", maintain_order="left")["degree"]
        for side in ("left", "right")
    ]
    return pl.select(pl.max_horizontal(*sides).alias("degree")).to_series()


def with_venues(compared: pl.DataFrame, relation: pl.Series) -> pl.DataFrame:
    """Add `venue_relation` (see `venues`), and what follows from it.

    A review that a list prints under the title of the book alone has its reviewer as author, the
    same venue and the same year.
    """
    known = compared.with_columns(venue_relation=relation)
    is_one_review = (
        pl.col("one_is_review")
        & pl.col("first_author_is_equal")
        & (pl.col("venue_relation") == 1)
        & (pl.col("year_gap") == 0)
    ).fill_null(value=False)
    return known.with_columns(notes_conflict=pl.col("notes_conflict") & ~is_one_review)


def _equal(name: str) -> pl.Expr:
    """Whether two hashes are equal; null where one is 0, for what is absent."""
    left, right = pl.col(f"{name}_left"), pl.col(f"{name}_right")
    return pl.when((left > 0) & (right > 0)).then(left == right)


def _told(titles: pl.DataFrame, rows: pl.Series) -> tuple[Lists, Lists, pl.DataFrame]:
    """Return marks and suffixes of the titles of some rows, and note and core (the hash of the
    title without its numbers) of every row; nothing is said of the titles of other rows."""
    title = pl.col("title")
    asked = titles[rows].select(
        "row", title=unlabelled(title), printed=title,
        has_mark=title.str.contains(MAY_HAVE_MARK),
        is_tied=title.str.contains(MAY_HAVE_SUFFIX),
        is_note=title.str.contains_any(NOTE_WORDS, ascii_case_insensitive=True),
    )  # fmt: skip
    spelled = title_counts(title).list.eval(_SPELLED + pl.element())
    marked = asked.filter("has_mark").select(
        "row", marks=pl.concat_list(title_marks(title), spelled), key=numberless(title)
    )
    tied = asked.filter("is_tied").select("row", suffixes=title_suffixes(title))
    noted = asked.filter("is_note").select("row", note=title_note(pl.col("printed")))
    cores = marked.select("row", core=letter_hashes(folded(texts(marked["key"])), 1)[0])
    every = titles.select("row", "title_hash")
    said = (
        every.join(cores, on="row", how="left", maintain_order="left")
        .join(noted, on="row", how="left", maintain_order="left")
        .select(core=pl.coalesce("core", "title_hash"), note=pl.col("note").fill_null(""))
    )
    marks = marked.select("row", value="marks").explode("value").drop_nulls("value")
    suffixes = tied.select("row", value="suffixes").explode("value").drop_nulls("value")
    return (
        _sets(marks["row"], _hashed_marks(marks["value"]), titles.height),
        _sets(*_single_words(suffixes["row"], folded(texts(suffixes["value"]))), titles.height),
        said,
    )


def _single_words(rows: pl.Series, column: Texts) -> tuple[pl.Series, Array]:
    """Return rows and hashes of the texts that are one word."""
    found = words(column)
    is_one = np.diff(found.starts) == 1
    return rows.filter(pl.Series(is_one)), found.values[found.starts[:-1][is_one]]


def _hashed_marks(marks: pl.Series) -> Array:
    """Return marks as hashes, with their kind in the lowest bits."""
    kind = marks.to_frame("mark").select(
        pl.when(pl.col("mark").str.contains(_YEAR))
        .then(IS_YEAR)
        .when(pl.col("mark").str.starts_with("-"))
        .then(IS_LETTER)
        .when(pl.col("mark").str.starts_with("+"))
        .then(IS_PLUS)
        .when(pl.col("mark").str.starts_with(_SPELLED))
        .then(IS_SPELLED)
        .otherwise(0)
        .cast(pl.UInt32)
    )
    plain = marks.str.strip_prefix(_SPELLED)
    hashes = words(texts(plain)).values & ~np.uint32(MARK_KINDS)
    told: Array = np.bitwise_or(hashes, kind.to_series().to_numpy())
    return told


def _sets(rows: pl.Series, hashes: Array, count: int) -> Lists:
    """Return the hashes that rows (in order) have, as a set for each of `count` rows."""
    sizes = np.bincount(rows.to_numpy(), minlength=count)
    return word_sets(Lists(hashes, np.concatenate([[0], np.cumsum(sizes)])))


def _spread(rows: pl.DataFrame, asked: pl.Series) -> pl.DataFrame:
    """How widely a row's title and abstract are used: by how many first authors, in how many years
    by the same first author, and under how many titles. Rows that are in no pair have 1."""
    surname = pl.when(pl.col("surname") > 0).then("surname")
    titled, abstracted = pl.col("title_hash") > 0, pl.col("abstract_hash") > 0
    told = rows[asked].select(
        "row",
        people_of_title=pl.when(titled).then(surname.drop_nulls().n_unique().over("title_hash")),
        years_of_title=pl.when(titled & surname.is_not_null()).then(
            pl.col("year").drop_nulls().n_unique().over("title_hash", "surname")
        ),
        titles_of_abstract=pl.when(abstracted).then(
            pl.when(titled).then("title_hash").drop_nulls().n_unique().over("abstract_hash")
        ),
    )
    return (
        rows.select("row")
        .join(told, on="row", how="left", maintain_order="left")
        .select(pl.exclude("row").fill_null(1).clip(1))
    )


def _same_identifier(pairs: pl.DataFrame, is_stated: pl.Expr) -> pl.Series:
    """Return true where an identifier is shared, or one names the other's preprint or publication,
    false where two contradict, else null."""
    return pairs.select(
        pl.when(_identifier_is_shared(pairs) | is_stated)
        .then(pl.lit(value=True))
        .when(_identifiers_conflict(pairs))
        .then(pl.lit(value=False))
        .alias("same_identifier")
    ).to_series()


def _preprint_is_stated(pairs: pl.DataFrame) -> pl.Series:
    """Return for which pairs a source states that one is the preprint of the other."""
    is_stated = np.zeros(pairs.height, np.bool_)
    for mine, other in (("left", "right"), ("right", "left")):
        asked = (
            pairs.select(ties=f"preprint_ties_{mine}", named=f"identifiers_{other}")
            .with_row_index("pair")
            .drop_nulls()
        )
        keys = pl.col("named").list.eval(identifier_key(pl.element()))
        found = asked.filter(pl.col("ties").list.set_intersection(keys).list.len() > 0)
        is_stated[found["pair"].to_numpy()] = True
    return pl.Series("preprint_is_stated", is_stated)


def _identifier_is_shared(pairs: pl.DataFrame) -> pl.Expr:
    one, other = _dois()
    shared = _of_lists(pairs, lambda left, right: left.list.set_intersection(right))
    return (
        (one == other).fill_null(value=False)
        | (pl.col("arxiv_left") == pl.col("arxiv_right")).fill_null(value=False)
        | pl.lit(shared)
    )


def _identifiers_conflict(pairs: pl.DataFrame) -> pl.Expr:
    one, other = _dois()
    dois_differ = (one != other) & pl.all_horizontal(
        ~pl.col(f"doi_{side}").str.contains(PREPRINT_DOI)
        & (pl.col(f"version_{side}") != "preprint")
        for side in ("left", "right")
    )
    singles = rf"^(?:{'|'.join(ONE_PER_PAPER)}):"

    def both(left: pl.Expr, right: pl.Expr) -> pl.Expr:
        has = [
            side.list.eval(pl.element().filter(pl.element().str.contains(singles))).list.len() > 0
            for side in (left, right)
        ]
        return pl.when(pl.all_horizontal(has)).then(left)

    return (
        dois_differ.fill_null(value=False)
        | (pl.col("arxiv_left") != pl.col("arxiv_right")).fill_null(value=False)
        | pl.lit(_of_lists(pairs, both))
    )


def _dois() -> tuple[pl.Expr, pl.Expr]:
    one, other = (pl.col(f"doi_{side}").str.replace(DOI_VERSION, "") for side in ("left", "right"))
    return one, other


def _of_lists(pairs: pl.DataFrame, common: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> pl.Series:
    """Return for which pairs `common` of their identifiers, where both have some, is not empty."""
    sides = ("identifiers_left", "identifiers_right")
    numbered = pairs.select(*sides).with_row_index("pair").drop_nulls()
    texts_of = [
        pl.col(side).list.eval(
            pl.element().struct.field("scheme") + ":" + pl.element().struct.field("value")
        )
        for side in sides
    ]
    found = numbered.filter((common(*texts_of).list.len() > 0).fill_null(value=False))["pair"]
    is_found = np.zeros(pairs.height, np.bool_)
    is_found[found.to_numpy()] = True
    return pl.Series("is_found", is_found)


def _either(column: str, value: str) -> pl.Expr:
    sides = (pl.col(f"{column}_{side}") == value for side in ("left", "right"))
    return pl.any_horizontal(sides).fill_null(value=False)
